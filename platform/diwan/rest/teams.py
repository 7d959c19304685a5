"""`GET /api/v1/teams`: the teams of the business, each with its manager and its people, for who sees colleagues.

It must not change them; people do that on the screen.
"""

from __future__ import annotations

from flask import Response

from diwan.access import teams
from diwan.db import current, unit_of_work
from diwan.rest import schemas
from diwan.rest.reading import check_parameters
from diwan.rest.records import reply, routes
from diwan.rest.schemas import Schema

ADDRESS = "/api/v1/teams"
MAYBE: Schema = {**schemas.UUID_TEXT, "type": ["string", "null"]}
TEAM: Schema = {
    "type": "object",
    "required": ["id", "name", "parent", "manager", "people"],
    "additionalProperties": False,
    "properties": {
        "id": schemas.UUID_TEXT,
        "name": {"type": "string"},
        "parent": {**MAYBE, "description": "The team above it"},
        "manager": {**MAYBE, "description": "Who leads it"},
        "people": {"type": "array", "items": schemas.UUID_TEXT},
    },
}
TEAMS: Schema = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {"items": {"type": "array", "items": TEAM}},
}


@routes.get("/teams")
def all_teams() -> Response:
    """Return all teams, each behind the one above it. Raises Denied."""
    check_parameters()
    with unit_of_work():
        current.require("core.member.read")
        people = teams.people_by_team()
        items = [
            {
                "id": line.team.id, "name": line.team.name, "parent": line.team.parent_id,
                "manager": line.team.manager_id, "people": people.get(line.team.id, []),
            }
            for line in teams.lines()
        ]  # fmt: skip
        return reply({"items": items})
