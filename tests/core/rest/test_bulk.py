"""Many records in one request: all or none with what is wrong at each, or each by itself."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

Api = Any
CONTACTS = "/api/v1/contacts/contact"


@pytest.fixture
def three(api: Api) -> list[Any]:
    made = api("POST", CONTACTS, [{"name": name, "address": [{"street": name}]} for name in "ABC"])
    assert made.status_code == 201, made.text
    return list(made.json["data"])


def names(api: Api) -> list[str]:
    return [row["name"] for row in api("GET", f"{CONTACTS}?fields=name").json["data"]]


def test_many_are_changed_together(api: Api, three: list[Any]) -> None:
    assert [record["address"][0]["street"] for record in three] == ["A", "B", "C"]
    sent = [{"id": record["id"], "version": 1, "name": record["name"] * 2} for record in reversed(three)]
    changed = api("PATCH", CONTACTS, sent)
    assert changed.status_code == 200, changed.text
    assert [(r["name"], r["version"]) for r in changed.json["data"]] == [("CC", 2), ("BB", 2), ("AA", 2)]
    assert changed.json["data"][0] == api("GET", f"{CONTACTS}/{three[2]['id']}").json


def test_nothing_is_changed_if_one_is_wrong_and_all_that_is_wrong_is_told(api: Api, three: list[Any]) -> None:
    a, b, c = (record["id"] for record in three)
    api("PATCH", f"{CONTACTS}/{b}", {"city": "Kuwait"})
    sent = [
        {"id": a, "name": "new", "email": "no", "country": "Atlantis"},
        {"id": b, "version": 1, "name": "new"},
        {"id": str(uuid4()), "name": "new"},
        {"id": c, "name": "new"},
        {"id": c, "name": "newer"},
        {"name": "new"},
        {"id": a, "no_such": 1},
    ]
    refused = api("PATCH", CONTACTS, sent)
    assert refused.status_code == 422
    told = [error["field"] for error in refused.json["errors"]]
    assert told == ["0.email", "0.country", "1.version", "2.id", "4.id", "5.id", "6.id"]
    assert names(api) == ["A", "B", "C"]


def test_with_partial_each_record_stands_for_itself(api: Api, three: list[Any]) -> None:
    a, b, _c = (record["id"] for record in three)
    done = api("PATCH", f"{CONTACTS}?partial=true", [{"id": a, "name": "AA"}, {"id": b, "email": "no"}])
    assert done.status_code == 207
    first, second = done.json["outcomes"]
    assert (first["index"], first["status"], first["record"]["name"]) == (0, 200, "AA")
    assert (second["status"], second["problem"]["errors"][0]["field"]) == (422, "email")
    assert (done.json["succeeded"], done.json["failed"]) == (1, 1)
    assert names(api) == ["AA", "B", "C"]
    made = api("POST", f"{CONTACTS}?partial=true", [{"name": "D"}, {"name": ""}, 7, {"name": "E"}])
    assert [row["status"] for row in made.json["outcomes"]] == [200, 422, 400, 200]
    assert names(api) == ["AA", "B", "C", "D", "E"]


def test_several_are_archived_restored_and_deleted(api: Api, three: list[Any]) -> None:
    ids = [record["id"] for record in three[:2]]
    archived = api("POST", f"{CONTACTS}/archive", {"ids": ids})
    assert all(record["archived_at"] for record in archived.json["data"])
    assert names(api) == ["C"]
    assert api("POST", f"{CONTACTS}/restore", {"ids": ids}).status_code == 200
    assert names(api) == ["A", "B", "C"]
    refused = api("POST", f"{CONTACTS}/delete", {"ids": [*ids, str(uuid4())]})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "2.id")
    assert names(api) == ["A", "B", "C"]
    some = api("POST", f"{CONTACTS}/delete?partial=true", {"ids": [ids[0], str(uuid4())]})
    assert [row["status"] for row in some.json["outcomes"]] == [200, 404]
    assert api("POST", f"{CONTACTS}/delete", {"ids": ids[1:]}).json == {"deleted": 1}
    assert names(api) == ["C"]


def test_what_the_database_refuses_is_told_at_its_record(kitchen: Api) -> None:
    clients = kitchen("POST", "/api/v1/kitchen/client", [{"name": "A"}, {"name": "B"}]).json["data"]
    kitchen("POST", "/api/v1/kitchen/order", {"subject": "Lunch", "client": clients[0]["id"]})
    ids = [clients[1]["id"], clients[0]["id"]]
    refused = kitchen("POST", "/api/v1/kitchen/client/delete", {"ids": ids})
    assert (refused.status_code, [e["field"] for e in refused.json["errors"]]) == (422, ["1"])
    assert len(kitchen("GET", "/api/v1/kitchen/client").json["data"]) == 2
    some = kitchen("POST", "/api/v1/kitchen/client/delete?partial=true", {"ids": ids})
    assert [row["status"] for row in some.json["outcomes"]] == [200, 422]
    wrong = kitchen("POST", "/api/v1/kitchen/order", [{"subject": "A", "client": str(uuid4())}])
    assert [error["field"] for error in wrong.json["errors"]] == ["0.client"]


@pytest.mark.parametrize(
    "body", [{}, {"ids": []}, {"ids": "x"}, {"ids": [1]}, {"ids": ["x"] * 1001}, {"ids": ["x"], "more": 1}, ["x"], "x"]
)
def test_ids_that_make_no_sense_are_refused(api: Api, body: Any) -> None:
    for what in ("archive", "restore", "delete"):
        assert api("POST", f"{CONTACTS}/{what}", body).status_code == 400


def test_each_needs_its_right(app: Flask, business: Any, program: Any) -> None:
    reader = program(app.test_client(), business.token(business.member("contacts.contact.read")))
    assert reader("PATCH", CONTACTS, [{"id": str(uuid4())}]).status_code == 403
    for what in ("archive", "restore", "delete"):
        assert reader("POST", f"{CONTACTS}/{what}", {"ids": [str(uuid4())]}).status_code == 403


def test_another_businesss_records_are_not_there(
    app: Flask, api: Api, three: list[Any], world: Any, program: Any
) -> None:
    other = program(app.test_client(), world.business("contacts").token())
    assert other("PATCH", CONTACTS, [{"id": three[0]["id"], "name": "X"}]).status_code == 422
    assert other("POST", f"{CONTACTS}/delete", {"ids": [three[0]["id"]]}).status_code == 422
    assert names(api) == ["A", "B", "C"]
