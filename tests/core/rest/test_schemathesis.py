"""The API does what its specification says, for whatever schemathesis thinks of, and never fails by itself.

It must stay bounded: the same few examples each time.
"""

from __future__ import annotations

import logging
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from diwan.db import current, unit_of_work
from diwan.resources import custom
from diwan.rest import limits

CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = {GenerationMode.POSITIVE: 5, GenerationMode.NEGATIVE: 3}


CUSTOM: tuple[dict[str, Any], ...] = (
    {"kind": "text", "label": {"en": "Shoe size"}, "search": True},
    {"kind": "integer", "label": {"en": "Age"}},
    {"kind": "money", "label": {"en": "Credit"}},
    {"kind": "date", "label": {"en": "Birthday"}},
    {"kind": "boolean", "label": {"en": "Vip"}},
    {"kind": "choice", "label": {"en": "Team"}, "choices": [{"label": {"en": "Red"}}, {"label": {"en": "Blue"}}]},
    {"kind": "tags", "label": {"en": "Words"}},
    {"kind": "reference", "label": {"en": "Boss"}, "ref": "kitchen.client"},
    {"kind": "datetime", "label": {"en": "Seen"}},
)


@pytest.fixture
def tailored(app: Flask, world: Any, program: Any) -> Any:
    """A program of a business with every kind of field, fields of its own, and actions."""
    business = world.business("contacts", "kitchen", "loans")
    with business.acting(), unit_of_work():
        for values in CUSTOM:
            custom.create_field(current.lineup.resources["kitchen.client"], values)
    return program(app.test_client(), business.token())


def prepare(api: Any) -> dict[str, list[str]]:
    """Make some records; return their ids by the beginning of their addresses."""
    more = {"x_age": 36, "x_credit": "12.5", "x_birthday": "1815-12-10", "x_vip": True, "x_team": "red",
            "x_words": ["a"], "x_seen": "2026-11-24T08:00:00Z", "x_shoe_size": "44"}  # fmt: skip
    made = api("POST", "/api/v1/kitchen/client", [{"name": n, **more} for n in "ABC"])
    assert made.status_code == 201, made.text
    clients = [record["id"] for record in made.json["data"]]
    orders = [
        {"subject": f"N{n}", "client": clients[n % 3], "guests": n + 1, "length": "1:30", "tags": ["a"],
         "due_on": "2026-01-01", "deposit": "1.25", "others": clients, "starts_at": "2026-01-01T10:00:00Z",
         "name": {"ar": "غداء", "en": "Lunch"}, "discount": 10, "weight": "0.5", "about": "<p>Rice</p>",
         "line": [{"item": "Rice", "quantity": 2, "price": "3.5"}]}
        for n in range(4)
    ]  # fmt: skip
    made = api("POST", "/api/v1/kitchen/order", orders)
    assert made.status_code == 201, made.text
    people = [{"name": n, "roles": ["customer"], "address": [{"street": n}]} for n in "ABC"]
    contacts = api("POST", "/api/v1/contacts/contact", people).json["data"]
    items = [item["id"] for item in api("POST", "/api/v1/loans/item", [{"name": n} for n in "ABC"]).json["data"]]
    loans = [{"item": item, "borrower": contacts[0]["id"]} for item in items]
    return {
        "/api/v1/loans/item": items,
        "/api/v1/loans/loan": [loan["id"] for loan in api("POST", "/api/v1/loans/loan", loans).json["data"]],
        "/api/v1/kitchen/client": clients,
        "/api/v1/kitchen/order": [record["id"] for record in made.json["data"]],
        "/api/v1/contacts/contact": [record["id"] for record in contacts],
    }


def test_the_api_is_as_its_specification_says(app: Flask, tailored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counters = app.extensions[limits.EXTENSION].counters
    monkeypatch.setitem(app.extensions, limits.EXTENSION, limits.Limits({}, counters, {}))
    logging.getLogger("diwan.rest.edge").setLevel(logging.CRITICAL)
    ids = prepare(tailored)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, headers=tailored.headers)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 60
    wrong: list[str] = []
    statuses = set[int]()
    for operation in operations:
        for mode, most in EXAMPLES.items():
            try:
                strategy = operation.as_strategy(generation_mode=mode)
                _call(operation, strategy, most, tailored, ids, statuses)
            except (Exception, BaseExceptionGroup) as error:
                wrong.append(f"{operation.label} {mode.value}: {type(error).__name__}: {_told(error)}")
    assert not wrong, "\n\n".join(wrong)
    assert {200, 201, 204, 207, 400, 404, 422} <= statuses


def _call(operation: Any, strategy: Any, most: int, api: Any, ids: dict[str, list[str]], statuses: set[int]) -> None:
    mine = next((found for base, found in ids.items() if operation.path.startswith(base)), [])

    @given(case=strategy, place=st.integers(0, 3))
    @settings(
        max_examples=most, derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    def run(case: Any, place: int) -> None:
        if mine and place < 3 and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = mine[place % len(mine)]
        response = case.call(headers={"Authorization": api.headers["Authorization"]})
        statuses.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    run()


def _told(error: BaseException) -> str:
    inner = getattr(error, "exceptions", None)
    return "; ".join(_told(one) for one in inner) if inner else str(error)[:1500]
