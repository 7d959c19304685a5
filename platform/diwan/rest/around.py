"""Comments and files of a record over the API: `/api/v1/<plugin>/<resource>/<id>/comments` and `/attachments`.

They must be the same as on the screens: who may read the record reads and writes comments.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request

from diwan import collaboration
from diwan.collaboration.comments import LONGEST
from diwan.collaboration.models import Comment
from diwan.db import unit_of_work
from diwan.errors import BadRequest, Invalid
from diwan.kit.i18n import _
from diwan.resources import Resource, store
from diwan.resources.values import title_text
from diwan.rest import openapi, schemas
from diwan.rest.idempotency import once
from diwan.rest.reading import check_parameters, read_json, read_object
from diwan.rest.records import find, reply, routes
from diwan.rest.schemas import Schema

PAGE = 50
COMMENT: Schema = {
    "type": "object",
    "required": ["id", "author", "body", "mentions", "created_at"],
    "properties": {
        "id": schemas.UUID_TEXT,
        "author": {"type": "string"},
        "author_id": {**schemas.UUID_TEXT, "type": ["string", "null"]},
        "body": {"type": "string"},
        "mentions": {"type": "array", "items": schemas.UUID_TEXT},
        "created_at": schemas.MOMENT,
        "edited_at": {**schemas.MOMENT, "type": ["string", "null"]},
        "deleted_at": {**schemas.MOMENT, "type": ["string", "null"]},
    },
}
FILE: Schema = {
    "type": "object",
    "required": ["id", "name", "type", "size", "created_at"],
    "properties": {
        "id": schemas.UUID_TEXT,
        "name": {"type": "string"},
        "type": {"type": "string"},
        "size": {"type": "integer"},
        "created_at": schemas.MOMENT,
    },
}
NEW: Schema = {
    "type": "object",
    "required": ["body"],
    "additionalProperties": False,
    "properties": {"body": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": r"\S"}},
}


@routes.get("/<plugin>/<name>/<id>/comments")
def comments(plugin: str, name: str, id: str) -> Response:
    """Return the comments on a record, newest first; `before` is the id of the last one of the page before."""
    check_parameters("before")
    with unit_of_work():
        resource, record = _open(plugin, name, id)
        found = collaboration.comments(resource, record.id, _before(), PAGE)
        shown = [_body(comment) for comment in found[:PAGE]]
    return reply({"items": shown, "next": shown[-1]["id"] if len(found) > PAGE else None})


@routes.post("/<plugin>/<name>/<id>/comments")
def comment(plugin: str, name: str, id: str) -> Response:
    """Write a comment. `@name` or `@e-mail` mentions a member who may read the record."""
    with unit_of_work():
        return once(lambda: _comment(plugin, name, id))


@routes.get("/<plugin>/<name>/<id>/attachments")
def attachments(plugin: str, name: str, id: str) -> Response:
    """Return the files of a record, newest first."""
    check_parameters()
    with unit_of_work():
        resource, record = _open(plugin, name, id)
        found = collaboration.attachments(resource, record.id)
    items = [
        {"id": each.id, "name": each.name, "type": each.mime, "size": each.size, "created_at": each.created_at}
        for each in found
    ]
    return reply({"items": items})


@openapi.extend
def describe(resource: Resource) -> openapi.Described:
    """Return the paths of a resource's comments and files."""
    base, tag = f"/api/v1/{resource.plugin}/{resource.name}/{{id}}", str(resource.labels)
    paths: dict[str, Any] = {}
    if resource.comments:
        page = {
            "type": "object", "required": ["items", "next"],
            "properties": {"items": {"type": "array", "items": COMMENT},
                           "next": {**schemas.UUID_TEXT, "type": ["string", "null"]}},
        }  # fmt: skip
        before = {"name": "before", "in": "query", "schema": schemas.UUID_TEXT}
        paths[f"{base}/comments"] = {
            "parameters": openapi.named("id"),
            "get": openapi.operation(
                f"{resource.key}.comments", _("Comments"), openapi.READ, page, tag=tag, parameters=[before]
            ),
            "post": openapi.operation(
                f"{resource.key}.comment", _("Write a comment"), openapi.WRITE, COMMENT, tag=tag, status=201, body=NEW,
                parameters=openapi.named("idempotency_key"), headers=("Idempotent-Replayed",),
            ),
        }  # fmt: skip
    if resource.attachments:
        listed = {
            "type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": FILE}}
        }  # fmt: skip
        paths[f"{base}/attachments"] = {
            "parameters": openapi.named("id"),
            "get": openapi.operation(f"{resource.key}.attachments", _("Files"), openapi.READ, listed, tag=tag),
        }
    return paths, {}


def _comment(plugin: str, name: str, id: str) -> Response:
    check_parameters()
    resource, record = _open(plugin, name, id)
    given = read_object(read_json())
    if unknown := sorted(set(given) - {"body"}):
        raise Invalid({key: _("There is no such field.") for key in unknown})
    body = given.get("body")
    if not isinstance(body, str):
        raise Invalid({"body": _("Write something first.")})
    title = title_text(resource, {resource.title: getattr(record, resource.title)})
    return reply(_body(collaboration.add_comment(resource, record.id, title, body).comment), 201)


def _open(plugin: str, name: str, id: str) -> tuple[Resource, Any]:
    resource = find(plugin, name)
    resource.require("read")
    return resource, store.get(resource, id)


def _before() -> UUID | None:
    text = request.args.get("before")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise BadRequest(_("before is the id of a comment.")) from None


def _body(comment: Comment) -> dict[str, Any]:
    return {
        "id": str(comment.id), "author": comment.author_name,
        "author_id": str(comment.author_id) if comment.author_id else None,
        "body": comment.body, "mentions": [str(id) for id in comment.mentions], "created_at": comment.created_at,
        "edited_at": comment.edited_at, "deleted_at": comment.deleted_at,
    }  # fmt: skip
