"""The REST API as a program sees it, over HTTP messages, with a real token."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from diwan.testing.world import Business, World

CONTACTS = "/api/v1/contacts/contact"
Api = Any


def test_a_record_is_created_read_changed_archived_and_deleted(api: Api) -> None:
    made = api("POST", CONTACTS, {"name": "Oryx", "roles": ["customer"], "address": [{"street": "One"}]})
    assert made.status_code == 201, made.text
    path = made.headers["Location"]
    assert made.json["address"][0]["street"] == "One"
    read = api("GET", path)
    assert (read.json["name"], read.headers["ETag"]) == ("Oryx", '"1"')
    changed = api("PATCH", path, {"name": "Oryx Medical"}, **{"If-Match": '"1"'})
    assert (changed.json["name"], changed.json["version"]) == ("Oryx Medical", 2)
    assert api("PATCH", path, {"name": "Late"}, **{"If-Match": '"1"'}).status_code == 412
    late = api("PATCH", path, {"name": "Late", "version": 1})
    assert (late.status_code, late.json["current"]["name"]) == (409, "Oryx Medical")
    assert api("POST", f"{path}/archive").json["archived_at"]
    assert api("GET", CONTACTS).json["data"] == []
    assert [r["name"] for r in api("GET", f"{CONTACTS}?archived=true").json["data"]] == ["Oryx Medical"]
    assert api("POST", f"{path}/restore").json["archived_at"] is None
    assert api("DELETE", path).status_code == 204
    assert api("GET", path).status_code == 404


def test_many_records_are_created_together_or_not_at_all(api: Api) -> None:
    made = api("POST", CONTACTS, [{"name": "A"}, {"name": "B"}])
    assert [r["name"] for r in made.json["data"]] == ["A", "B"]
    refused = api("POST", CONTACTS, [{"name": "C"}, {"name": ""}])
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == ["1.name"]
    assert refused.json["detail"].startswith("1.name: ")
    several = api("POST", CONTACTS, [{"name": "C"}, {"name": "D"}, {"name": "E", "email": "no", "country": "Atlantis"}])
    assert [error["field"] for error in several.json["errors"]] == ["2.email", "2.country"]
    alone = api("POST", CONTACTS, {"name": ""})
    assert [error["field"] for error in alone.json["errors"]] == ["name"]
    assert [r["name"] for r in api("GET", CONTACTS).json["data"]] == ["A", "B"]


def test_lists_filter_search_sort_and_page(api: Api) -> None:
    api(
        "POST",
        CONTACTS,
        [{"name": f"N{n:02}", "country": "KW" if n % 2 else "FR", "roles": ["supplier"]} for n in range(9)],
    )
    first = api("GET", f"{CONTACTS}?fields=name&limit=4&count=true").json
    assert first["data"][0].keys() == {"id", "name"}
    assert first["count"] == {"number": 9, "capped": False}
    second = api("GET", f"{CONTACTS}?fields=name&limit=4&cursor={first['next']}").json
    assert [r["name"] for r in second["data"]] == ["N04", "N05", "N06", "N07"]
    back = api("GET", f"{CONTACTS}?fields=name&limit=4&cursor={second['previous']}").json
    assert back["data"] == first["data"]
    assert len(api("GET", f"{CONTACTS}?country=FR&roles=supplier").json["data"]) == 5
    where = '[["name","in",["N01","N02"]]]'
    assert [r["name"] for r in api("GET", f"{CONTACTS}?where={where}&sort=-name").json["data"]] == ["N02", "N01"]
    assert [r["name"] for r in api("GET", f"{CONTACTS}?search=n03").json["data"]] == ["N03"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", f"{CONTACTS}?where=x", None, 400, "bad_request"),
        ("GET", f"{CONTACTS}?no_such=1", None, 400, "bad_request"),
        ("GET", f"{CONTACTS}?sort=tenant_id", None, 400, "bad_request"),
        ("GET", f"{CONTACTS}?cursor=forged", None, 400, "bad_request"),
        ("GET", f"{CONTACTS}?limit=501", None, 400, "bad_request"),
        ("GET", f"{CONTACTS}?limit=-1", None, 400, "bad_request"),
        ("GET", f"{CONTACTS}/not-a-uuid", None, 404, "not_found"),
        ("GET", "/api/v1/contacts/nothing", None, 404, "not_found"),
        ("GET", "/api/v1/contacts/address", None, 404, "not_found"),
        ("GET", "/api/v2/x", None, 404, "not_found"),
        ("POST", CONTACTS, "text", 400, "bad_request"),
        ("POST", CONTACTS, [], 400, "bad_request"),
        ("POST", CONTACTS, {"name": "A", "email": "x"}, 422, "invalid"),
        ("POST", CONTACTS, {"name": "A\u0000B"}, 400, "bad_request"),
    ],
)
def test_what_is_wrong_is_said_in_problem_details(
    api: Api, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answer = api(method, path, body)
    assert answer.status_code == status, answer.text
    if code:
        assert answer.content_type == "application/problem+json"
        assert (answer.json["code"], answer.json["status"]) == (code, status)
        assert answer.json["detail"]


def test_a_body_that_is_not_json_is_refused(api: Api) -> None:
    answer = api.client.post(CONTACTS, data=b"\xff{", headers=api.headers)
    assert answer.status_code == 400


def test_a_token_reaches_only_what_it_and_its_owner_may(app: Flask, business: Business, program: Any) -> None:
    client = app.test_client()
    assert program(client, "dwn_wrong")("GET", CONTACTS).status_code == 401
    assert client.get(CONTACTS).headers["WWW-Authenticate"].startswith("Bearer")
    reader = business.member("contacts.contact.read")
    narrow = program(client, business.token(reader))
    assert narrow("GET", CONTACTS).status_code == 200
    assert narrow("POST", CONTACTS, {"name": "A"}).status_code == 403
    scoped = program(client, business.token(grants=["contacts.contact.read"]))
    assert scoped("POST", CONTACTS, {"name": "A"}).status_code == 403


def test_a_plugin_that_is_off_is_not_there(app: Flask, world: Any, program: Any) -> None:
    small = world.business("hello")
    assert program(app.test_client(), small.token())("GET", CONTACTS).status_code == 404


def test_the_specification_is_this_tenants_own(app: Flask, api: Api, world: Any, program: Any) -> None:
    paths = api("GET", "/api/v1/openapi.json").json["paths"]
    assert {CONTACTS, "/api/v1/hello/greeting"} <= paths.keys()
    small = program(app.test_client(), world.business("hello").token())
    assert CONTACTS not in small("GET", "/api/v1/openapi.json").json["paths"]
    assert small("GET", "/api/v1/").json["resources"] == ["/api/v1/hello/greeting", "/api/v1/core/person"]


def test_what_a_create_answers_is_what_a_read_answers(world: World) -> None:
    business = world.business("contacts")
    client, headers = world.app.test_client(), {"Authorization": f"Bearer {business.token()}"}
    for sent in (
        {"name": "Plain", "roles": ["customer"], "phone": "+96522223333", "country": "kuwait"},
        {"name": "With lines", "address": [{"street": "Street 7", "kind": "billing"}], "channel": []},
    ):
        made = client.post("/api/v1/contacts/contact", json=sent, headers=headers)
        read = client.get(made.headers["Location"], headers=headers)
        assert made.json == read.json
        assert made.headers["ETag"] == read.headers["ETag"]
