"""What a program may ask for: some fields, the records behind references, only what is new; and what it may send."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from diwan.rest.reading import MOST_BYTES

Api = Any
ORDERS, CLIENTS = "/api/v1/kitchen/order", "/api/v1/kitchen/client"


@pytest.fixture
def order(kitchen: Api) -> Any:
    client = kitchen("POST", CLIENTS, {"name": "Oryx", "email": "a@example.com"}).json
    sent = {"subject": "Lunch", "client": client["id"], "line": [{"item": "Rice", "quantity": "2.5"}, {"item": "Tea"}]}
    made = kitchen("POST", ORDERS, sent)
    assert made.status_code == 201, made.text
    return made.json


def test_a_read_returns_the_fields_that_were_asked_for(kitchen: Api, order: Any) -> None:
    path = f"{ORDERS}/{order['id']}"
    whole = kitchen("GET", path).json
    assert whole == order
    assert kitchen("GET", f"{path}?fields=subject").json == {"id": order["id"], "subject": "Lunch"}
    lines = kitchen("GET", f"{path}?fields=line,version").json
    assert [line["item"] for line in lines["line"]] == ["Rice", "Tea"]
    assert lines.keys() == {"id", "line", "version"}
    wrong = kitchen("GET", f"{path}?fields=tenant_id")
    assert (wrong.status_code, wrong.json["code"]) == (400, "bad_request")
    assert kitchen("GET", f"{path}?colour=red").status_code == 400


def test_references_and_child_rows_are_expanded(kitchen: Api, order: Any) -> None:
    read = kitchen("GET", f"{ORDERS}/{order['id']}?fields=subject&expand=client,line").json
    assert read["client"]["email"] == "a@example.com"
    assert read["client"]["version"] == 1
    assert len(read["line"]) == 2
    kitchen("POST", ORDERS, {"subject": "Nobody's"})
    listed = kitchen("GET", f"{ORDERS}?fields=subject&expand=client,line&sort=subject").json["data"]
    assert [row["client"] and row["client"]["name"] for row in listed] == ["Oryx", None]
    assert [len(row["line"]) for row in listed] == [2, 0]
    wrong = kitchen("GET", f"{ORDERS}?expand=subject")
    assert wrong.status_code == 400
    assert "known: client, " in wrong.json["detail"]


def test_expanding_needs_the_right_to_read_what_is_behind(app: Flask, world: Any, program: Any) -> None:
    business = world.business("kitchen")
    reader = program(app.test_client(), business.token(business.member("kitchen.order.read")))
    assert reader("GET", ORDERS).status_code == 200
    assert reader("GET", f"{ORDERS}?expand=line").status_code == 200
    assert reader("GET", f"{ORDERS}?expand=client").status_code == 403
    assert reader("GET", f"{ORDERS}/{uuid4()}?expand=client").status_code == 403


def test_expanding_takes_one_statement_for_each_field(kitchen: Api, order: Any, statements: Any) -> None:
    kitchen("POST", ORDERS, [{"subject": f"N{n}", "client": order["client"]} for n in range(20)])
    kitchen("GET", f"{ORDERS}?expand=client,line")
    with statements() as few:
        assert len(kitchen("GET", f"{ORDERS}?expand=client,line&limit=2").json["data"]) == 2
    with statements() as many:
        assert len(kitchen("GET", f"{ORDERS}?expand=client,line&limit=20").json["data"]) == 20
    assert len(few) == len(many) > 0


def test_a_record_that_is_known_already_is_not_sent_again(kitchen: Api, order: Any) -> None:
    path = f"{ORDERS}/{order['id']}"
    tag = kitchen("GET", path).headers["ETag"]
    for sent in (tag, f"W/{tag}", f'"7", {tag}', "*"):
        same = kitchen("GET", path, **{"If-None-Match": sent})
        assert (same.status_code, same.headers["ETag"], same.data) == (304, tag, b"")
    kitchen("PATCH", path, {"subject": "Dinner"})
    assert kitchen("GET", path, **{"If-None-Match": tag}).json["subject"] == "Dinner"
    assert "ETag" not in kitchen("GET", f"{path}?expand=client").headers


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (b"", 400, "not JSON"),
        (b"\xff\xfe{}", 400, "UTF-8"),
        (b'{"subject": "\\ud800"}', 400, "surrogate"),
        (b'{"subject": "a\\u0000b"}', 400, "NUL"),
        (b'{"a\\u0000b": 1}', 400, "NUL"),
        (b'{"subject": "A", "subject": "B"}', 400, "subject stands twice"),
        (b'{"subject": "A", "line": [{"item": "A", "item": "B"}]}', 400, "item stands twice"),
        (b'{"subject": ' + b"[" * 900 + b"]" * 900 + b"}", 400, "nested too deeply"),
        (b"[" * 5000 + b"]" * 5000, 400, "depth"),
        (b'{"guests": 123456789012345678901234567890}', 400, "too large"),
        (b'{"guests": ' + b"9" * 5000 + b"}", 400, "number"),
        (b'{"guests": 1e400}', 400, "infinity"),
        (b'{"guests": NaN}', 400, "not JSON"),
        (b'{"guests": 0.12345678901234567890123}', 400, "too many digits"),
        (b'{"guests": 9223372036854775807, "subject": "A"}', 201, ""),
        (b'{"subject": "a\\\\u0000b"}', 201, ""),
        (b'{"guests": 9223372036854775808, "subject": "A"}', 400, "too large"),
        (b'{"guests": {"a": 1}, "subject": "A"}', 422, "guests"),
        (b'{"subject": ["A"]}', 422, "subject"),
        (b'{"client": 7, "subject": "A"}', 422, "client"),
        (b'{"due_on": "0000-00-00", "subject": "A"}', 422, "due_on"),
        (b'{"starts_at": "9999-12-31T23:59:59-23:59", "subject": "A"}', 422, "starts_at"),
        (b'{"line": {"item": "A"}, "subject": "A"}', 422, "line"),
        (b'{"line": [{"item": "A", "id": "no"}], "subject": "A"}', 422, "line"),
        (b'{"version": 1, "subject": "A", "tenant_id": 1}', 422, "tenant_id"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_with_a_reason(kitchen: Api, data: bytes, status: int, says: str) -> None:
    answer = kitchen.send("POST", ORDERS, data)
    assert answer.status_code == status, answer.text
    assert says in answer.text
    if status >= 400:
        assert answer.content_type == "application/problem+json"
        assert answer.json["detail"]


def test_a_body_may_have_ten_megabytes_and_no_more(kitchen: Api) -> None:
    most = b'{"subject": "' + b"x" * (MOST_BYTES - 15) + b'"}'
    assert len(most) == MOST_BYTES
    assert kitchen.send("POST", ORDERS, most).status_code == 422
    assert kitchen.send("POST", ORDERS, most + b" ").status_code == 413
    assert kitchen.send("POST", ORDERS, b"x" * (40 * 1024 * 1024)).status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_a_body_of_another_kind_is_refused(kitchen: Api, kind: str) -> None:
    answer = kitchen.send("POST", ORDERS, b'{"subject": "A"}', kind)
    assert (answer.status_code, answer.json["code"]) == (415, "wrong_media_type")
    assert kitchen.send("POST", ORDERS, b'{"subject": "A"}', None).status_code == 201
    assert kitchen.send("POST", ORDERS, b'{"subject": "A"}', "application/json; charset=utf-8").status_code == 201


@pytest.mark.parametrize(
    "query",
    [
        "search=%00", "where=%00", "subject=a%00b", "subject=a&subject=b", "count=maybe", "archived=1", "limit=²",
        "format=xml", 'where=[["subject","eq","\\u0000"]]', 'where={"or":[]}', "where=" + "[" * 2000 + "]" * 2000,
        "cursor=" + "A" * 50, "cursor=WzEsMl0", "fields=subject,no", "sort=line", "expand=", "guests=1e400",
        'where=[["guests","eq",1e300]]', 'where=[["guests","in",[]]]', 'where=[["due_on","lt","yesterday"]]',
        'where=[["client","eq",{"a":1}]]', 'where=[["subject","contains",{"a":1}]]', 'where=[["guests","eq",true]]',
    ],
)  # fmt: skip
def test_parameters_that_make_no_sense_are_refused(kitchen: Api, query: str) -> None:
    answer = kitchen("GET", f"{ORDERS}?{query}")
    expected = 200 if query == "expand=" else 400
    assert answer.status_code == expected, answer.text
