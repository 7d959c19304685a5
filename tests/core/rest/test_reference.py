"""The reference page: what this person may read of this business, in their language, with examples that work."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask

from diwan.rest import reference


def test_the_page_shows_one_resource_with_its_operations(world: Any) -> None:
    business = world.business("contacts", "hello")
    page = business.client().get(f"{business.url}/api").text
    for word in ("/api/v1/contacts/contact/{id}", "Idempotency-Key", "If-None-Match", "name_ar", "curl"):
        assert word in page
    assert "/api/v1/hello/greeting" not in page
    other = business.client().get(f"{business.url}/api?resource=hello.greeting").text
    assert "/api/v1/hello/greeting" in other
    assert 'aria-current="page"' in other
    assert "<script>" not in page
    assert " style=" not in page


def test_in_arabic(world: Any) -> None:
    business = world.business("contacts", language="ar")
    page = business.client().get(f"{business.url}/api").text
    assert 'dir="rtl"' in page
    assert "/api/v1/contacts/contact" in page


def test_only_what_the_person_may_read_is_shown(world: Any) -> None:
    business = world.business("contacts", "hello")
    reader = business.client(business.member("hello.greeting.read"))
    assert "/api/v1/contacts" not in reader.get(f"{business.url}/api").text
    assert reader.get(f"{business.url}/api?resource=contacts.contact").status_code == 404
    assert reader.get(f"{business.url}/api?resource=contacts.address").status_code == 404
    document = reader.get(f"{business.url}/api/openapi.json")
    assert document.headers["Content-Disposition"].startswith("attachment")
    places = {path.split("/")[3] for path in document.json["paths"]}
    assert places == {"", "openapi.json", "jobs", "access", "audit", "teams", "hello"}
    nobody = business.client(business.member("core.token.manage"))
    assert "Nothing to read" in nobody.get(f"{business.url}/api").text
    stranger = world.business("contacts").client()
    assert stranger.get(f"{business.url}/api").status_code == 404


@pytest.mark.parametrize("key", ["contacts.contact", "kitchen.order", "kitchen.client"])
def test_the_examples_are_accepted(app: Flask, world: Any, program: Any, key: str) -> None:
    from diwan.db import current

    business = world.business("contacts", "kitchen")
    api = program(app.test_client(), business.token())
    with business.acting():
        found = {op.id: op for op in reference.operations_of(current.lineup.resources[key], "https://diwan.test")}
    create = found[f"{key.replace('.', '-')}-create"]
    body = json.loads(re.search(r"-d '(.*)'$", create.curl, re.DOTALL)[1].replace("'\\''", "'"))
    made = api("POST", create.path, body)
    assert made.status_code == 201, made.text
    compile(create.python, "example", "exec")
    update = found[f"{key.replace('.', '-')}-update"]
    changed = json.loads(re.search(r"-d '(.*)'$", update.curl, re.DOTALL)[1].replace("'\\''", "'"))
    assert api("PATCH", update.path.replace("{id}", made.json["id"]), changed).status_code == 200
    assert {op.method for op in found.values() if op.tried} == {"GET"}
