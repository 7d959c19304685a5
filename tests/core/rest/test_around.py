"""Comments and files of a record over the API: with the right to read it, once for each key, in the specification."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

from diwan import collaboration
from diwan.db import current, unit_of_work
from diwan.testing.world import Business

BASE = "/api/v1/contacts/contact"


def test_comments_are_written_and_read(api: Any) -> None:
    id = api("POST", BASE, {"name": "Acme"}).json["id"]
    made = api("POST", f"{BASE}/{id}/comments", {"body": "Hello"}, **{"Idempotency-Key": "a-key-of-mine-1"})
    assert made.status_code == 201
    again = api("POST", f"{BASE}/{id}/comments", {"body": "Hello"}, **{"Idempotency-Key": "a-key-of-mine-1"})
    assert again.json["id"] == made.json["id"]
    found = api("GET", f"{BASE}/{id}/comments").json
    assert [each["body"] for each in found["items"]] == ["Hello"]
    assert found["next"] is None
    assert api("GET", f"{BASE}/{id}/comments?before={made.json['id']}").json["items"] == []


def test_what_is_wrong_is_refused(api: Any) -> None:
    id = api("POST", BASE, {"name": "Acme"}).json["id"]
    for body, status in (({}, 422), ({"body": " "}, 422), ({"body": 1}, 422), ({"body": "x", "author": "y"}, 422)):
        assert api("POST", f"{BASE}/{id}/comments", body).status_code == status, body
    assert api("GET", f"{BASE}/{id}/comments?before=x").status_code == 400
    assert api("GET", f"{BASE}/{uuid4()}/comments").status_code == 404
    assert api("GET", f"{BASE}/{uuid4()}/attachments").status_code == 404


def test_files_are_listed_for_readers_only(api: Any, app: Any, program: Any, business: Business) -> None:
    id = api("POST", BASE, {"name": "Acme"}).json["id"]
    with business.acting(), unit_of_work():
        contact = current.lineup.resources["contacts.contact"]
        collaboration.attach(contact, id, "Acme", io.BytesIO(b"abc"), "a.txt", limit=100)
    [found] = api("GET", f"{BASE}/{id}/attachments").json["items"]
    assert (found["name"], found["type"], found["size"]) == ("a.txt", "text/plain", 3)
    stranger = program(app.test_client(), business.token(grants=["core.member.read"]))
    for path in ("comments", "attachments"):
        assert stranger("GET", f"{BASE}/{id}/{path}").status_code == 403
    assert stranger("POST", f"{BASE}/{id}/comments", {"body": "x"}).status_code == 403


def test_the_specification_has_them(api: Any) -> None:
    paths = api("GET", "/api/v1/openapi.json").json["paths"]
    assert set(paths[f"{BASE}/{{id}}/comments"]) >= {"get", "post"}
    assert "get" in paths[f"{BASE}/{{id}}/attachments"]
