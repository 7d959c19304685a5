"""`GET /api/v1/access/explain`: for oneself, for others by who sees to roles, and as the specification says."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from jsonschema import Draft202012Validator

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.world import Business, World

ADDRESS = "/api/v1/access/explain"


@pytest.fixture
def shop(world: World) -> Business:
    return world.business("shop")


def lead(shop: Business) -> str:
    with shop.acting(), unit_of_work():
        return str(resources.create(current.lineup.resources["shop.lead"], {"name": "Cedar House"}).id)


def test_why_somebody_may_not(app: Flask, shop: Business, program: Any) -> None:
    seller, id = shop.member("shop.lead.read", "shop.lead.update:own-budget"), lead(shop)
    api = program(app.test_client(), shop.token())
    told = api("GET", f"{ADDRESS}?user={seller.id}&resource=shop.lead&action=update&id={id}").json
    assert told["allowed"] is False
    assert told["permission"] == "shop.lead.update"
    (because,) = told["because"]
    assert (because["grant"], because["scope"], because["holds"]) == ("shop.lead.update:own-budget", "own", False)
    assert told["missing"] == [["shop.lead.update"]]
    told = api("GET", f"{ADDRESS}?user={seller.id}&resource=shop.lead&action=update").json
    assert told["allowed"] is True
    assert told["readonly"] == ["budget"]
    assert api("GET", f"{ADDRESS}?user={shop.owner.id}&resource=shop.lead&id={id}").json["allowed"] is True


def test_about_oneself_and_no_more(app: Flask, shop: Business, program: Any) -> None:
    seller, id = shop.member("core.token.manage", "shop.lead.read:own"), lead(shop)
    api = program(app.test_client(), shop.token(seller))
    told = api("GET", f"{ADDRESS}?resource=shop.customer").json
    assert (told["user"]["id"], told["allowed"], told["missing"][0][0]) == (
        str(seller.id), False, "shop.customer.read:own",
    )  # fmt: skip
    for record in (id, uuid4()):
        assert api("GET", f"{ADDRESS}?resource=shop.lead&id={record}").status_code == 404
    assert api("GET", f"{ADDRESS}?resource=shop.customer&id={id}").status_code == 403
    assert api("GET", f"{ADDRESS}?resource=shop.lead&user={shop.owner.id}").status_code == 403


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("", 404),
        ("resource=no.thing", 404),
        ("resource=shop.lead&action=fly", 400),
        ("resource=shop.lead&id=1", 400),
        ("resource=shop.lead&user=1", 400),
        ("resource=shop.lead&user=01a20dbe-8385-73ca-9c4d-58e995a31ae6", 404),
        ("resource=shop.lead&colour=red", 400),
    ],
)
def test_what_is_wrong_is_a_problem(app: Flask, shop: Business, program: Any, asked: str, status: int) -> None:
    answer = program(app.test_client(), shop.token())("GET", f"{ADDRESS}?{asked}")
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"


def test_the_answer_is_as_specified(app: Flask, shop: Business, program: Any) -> None:
    api = program(app.test_client(), shop.token())
    operation = api("GET", "/api/v1/openapi.json").json["paths"][ADDRESS]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    for asked in ("resource=shop.lead", f"resource=shop.lead&action=win&id={lead(shop)}"):
        Draft202012Validator(schema).validate(api("GET", f"{ADDRESS}?{asked}").json)
