"""`GET /api/v1/access/explain`: why somebody may, or may not, do something with records, or with one record.

It must tell nobody about others who does not see to roles, nor anything of records that the asker does not read.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request

from diwan.access.service import label
from diwan.db import current, unit_of_work
from diwan.errors import BadRequest
from diwan.kit.i18n import _
from diwan.resources.explaining import Because, Explanation, ask
from diwan.rest import schemas
from diwan.rest.reading import check_parameters
from diwan.rest.records import reply, routes
from diwan.rest.schemas import Schema

ADDRESS = "/api/v1/access/explain"
TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
BECAUSE: Schema = {
    "type": "object",
    "required": ["role", "grant", "scope", "counts", "holds"],
    "additionalProperties": False,
    "properties": {
        "role": {
            "type": "object", "required": ["id", "key", "name"], "additionalProperties": False,
            "properties": {"id": schemas.UUID_TEXT, "key": TEXT, "name": TEXT},
        },
        "grant": TEXT,
        "scope": TEXT,
        "counts": {"type": "boolean", "description": "Whether the person has the role today"},
        "holds": {"type": ["boolean", "null"], "description": "Whether it reaches the record; null: none is named"},
    },
}  # fmt: skip
EXPLANATION: Schema = {
    "type": "object",
    "required": [
        "user", "resource", "action", "permission", "record_id", "allowed", "because", "missing", "hidden", "readonly",
    ],
    "additionalProperties": False,
    "properties": {
        "user": {
            "type": "object", "required": ["id", "name"], "additionalProperties": False,
            "properties": {"id": schemas.UUID_TEXT, "name": TEXT},
        },
        "resource": TEXT, "action": TEXT, "permission": TEXT,
        "record_id": {**schemas.UUID_TEXT, "type": ["string", "null"]},
        "allowed": {"type": "boolean"},
        "because": {"type": "array", "items": BECAUSE},
        "missing": {
            "type": "array", "items": TEXTS,
            "description": "Of each of these lists of grants one is needed; in each the narrowest comes first",
        },
        "hidden": {**TEXTS, "description": "Fields that the person does not see"},
        "readonly": {**TEXTS, "description": "Fields that the person sees and cannot change"},
    },
}  # fmt: skip
PARAMETERS: list[Schema] = [
    {"name": "resource", "in": "query", "required": True, "schema": TEXT, "description": "As in `contacts.contact`"},
    {"name": "action", "in": "query", "schema": TEXT, "description": "read (if missing), create, update, ..."},
    {"name": "id", "in": "query", "schema": schemas.UUID_TEXT, "description": "A record"},
    {"name": "user", "in": "query", "schema": schemas.UUID_TEXT, "description": "Whose rights; yours if missing"},
]


@routes.get("/access/explain")
def explain() -> Response:
    """Explain. Raises BadRequest, Denied, NotFound."""
    check_parameters("resource", "action", "id", "user")
    arguments = request.args
    with unit_of_work():
        user, record = _id("user") or current.user.id, _id("id")
        return reply(_shown(ask(user, arguments.get("resource", ""), arguments.get("action", "read"), record)))


def _id(name: str) -> UUID | None:
    text = request.args.get(name, "")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise BadRequest(_("%(name)s is not an id.", name=name)) from None


def _shown(told: Explanation) -> dict[str, Any]:
    return {
        "user": {"id": told.person.id, "name": told.person.name},
        "resource": told.resource.key,
        "action": told.action,
        "permission": told.permission,
        "record_id": told.record_id,
        "allowed": told.allowed,
        "because": [_because(because) for because in told.because],
        "missing": told.missing,
        "hidden": told.hidden,
        "readonly": told.readonly,
    }


def _because(because: Because) -> dict[str, Any]:
    role = because.role
    return {
        "role": {"id": role.id, "key": role.key, "name": label(role)},
        "grant": because.grant,
        "scope": because.scope,
        "counts": because.counts,
        "holds": because.holds,
    }
