"""Wrong types everywhere in what programs send: refused with a problem that says why, and never a failure.

It must stay bounded; schemathesis, which knows the types, is in tests/core/rest.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diwan.db import current
from diwan.testing.fuzzing import Walker, few, nasty

WRONG: st.SearchStrategy[Any] = st.one_of(
    nasty, st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(),
    st.sampled_from([[], {}, [[[]]], {"id": {"id": []}}, [None], {"en": 1, "ar": []}, ["x", 1, None], [{}], {"": ""}]),
)  # fmt: skip
BODIES = (
    b"[" * 100_000, b'{"a":' * 100_000, b"[" * 41 + b"]" * 41, b"{" * 9,
    b"", b"null", b"1", b'"x"', b"[1e999]", b"1e999", b"NaN", b"[-Infinity]", b'{"subject": 1e400}',
    b'{"subject": "a", "subject": "b"}', b'{"guests": %d}' % 10**400,
    b'"\\ud800"', b'{"subject": "\\ud800"}', b'{"subject": "\\u0000"}', b"\xff\xfe", b"\xef\xbb\xbf{}",
    "{}".encode("utf-16"), b'{"\\u0000": 1}', b'{"line": [[]]}', b'{"line": {"0": {}}}', b'{"__proto__": {}}',
)  # fmt: skip


def test_no_field_has_a_type_of_its_own(walker: Walker, order: str) -> None:
    token = {"Authorization": f"Bearer {walker.business.token()}"}
    with walker.business.acting():
        fields = sorted(current.lineup.resources["kitchen.order"].fields)
    names = st.sampled_from([*fields, "line", "id", "version", "tenant_id", "created_at", "nothing"])

    @given(st.booleans(), st.dictionaries(names, WRONG, max_size=4), st.sampled_from(["one", "many", "line"]))
    @few(200)
    def run(new: bool, values: dict[str, Any], shape: str) -> None:
        whole = {"subject": "Lunch", **values} if new else {"version": 1, **values}
        whole = {"subject": "Lunch", "line": [{"item": "Rice", **values}]} if shape == "line" else whole
        body = json.dumps([whole, whole] if shape == "many" else whole).encode()
        path = "/api/v1/kitchen/order" + (f"/{order}" if not new and shape != "many" else "")
        answer, _ = walker.send("POST" if new else "PATCH", path, body, headers=token, content_type="application/json")
        assert answer.mimetype in ("application/json", "application/problem+json")

    run()
    assert {201, 422} <= walker.statuses.keys(), walker.statuses


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_bodies_that_are_no_record(walker: Walker, body: bytes) -> None:
    token = {"Authorization": f"Bearer {walker.business.token()}"}
    for path in ("", "/archive", "/delete", "/bulk/reduce"):
        answer, _ = walker.send(
            "POST", f"/api/v1/kitchen/order{path}", body, headers=token, content_type="application/json"
        )
        assert answer.status_code in (201, 400, 404, 413, 422), answer.text


def test_parameters_and_keys_of_requests(walker: Walker, order: str) -> None:
    token = {"Authorization": f"Bearer {walker.business.token()}"}
    names = ["where", "sort", "cursor", "limit", "fields", "expand", "q", "archived", "format", "f.guests", "f.none"]
    line = nasty.filter(lambda text: len(text) < 3000 and not set(text) & set("\r\n") and text.isprintable())

    @given(st.dictionaries(st.sampled_from(names), line, max_size=3), line.filter(lambda text: text.isascii()))
    @few(80)
    def run(query: dict[str, str], key: str) -> None:
        walker.send("GET", "/api/v1/kitchen/order", query_string=query, headers={**token, "If-None-Match": key})
        sent = {**token, "Idempotency-Key": key, "Accept-Language": key, "If-Match": key}
        walker.send("POST", "/api/v1/kitchen/order", b'{"guests": 0}', headers=sent, content_type="application/json")
        walker.send("GET", "/api/v1/", headers={"Authorization": f"Bearer {key}"})
        walker.send("GET", "/api/v1/", headers={"Authorization": key, "X-Request-Id": key, "Range": key})

    run()
