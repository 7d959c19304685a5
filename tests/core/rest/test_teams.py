"""`GET /api/v1/teams`: for who sees colleagues, as the specification says."""

from __future__ import annotations

from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator

from diwan.access import teams
from diwan.db import unit_of_work
from diwan.rest.teams import TEAMS
from diwan.testing.world import Business, World


def test_teams_with_their_people(app: Flask, business: Business, world: World, program: Any) -> None:
    ann = business.member("core.member.read", "core.token.manage")
    with business.acting(), unit_of_work():
        top = teams.create_team("Sales", manager=business.owner.id).id
        below = teams.create_team("North", [ann.id], parent=top).id
    found = program(app.test_client(), business.token(ann))("GET", "/api/v1/teams").json
    Draft202012Validator(TEAMS).validate(found)
    assert found["items"] == [
        {"id": str(top), "name": "Sales", "parent": None, "manager": str(business.owner.id), "people": []},
        {"id": str(below), "name": "North", "parent": str(top), "manager": None, "people": [str(ann.id)]},
    ]
    other = world.business("contacts")
    assert program(app.test_client(), other.token())("GET", "/api/v1/teams").json == {"items": []}


def test_not_for_who_does_not_see_colleagues(app: Flask, business: Business, program: Any) -> None:
    api = program(app.test_client(), business.token(business.member("core.token.manage")))
    assert api("GET", "/api/v1/teams").status_code == 403
    assert program(app.test_client(), business.token())("GET", "/api/v1/teams?x=1").status_code == 400
