"""Actions over the API: `POST /api/v1/<plugin>/<resource>/<id>/<action>`, or `/bulk/<action>` with several ids.

They must be the same actions as the screens': one permission, one guard, one audit entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from flask import Response, request

from diwan.bulk import acting
from diwan.bulk.service import Selection
from diwan.db import unit_of_work
from diwan.errors import BadRequest, NotFound, Stale
from diwan.kit.i18n import _
from diwan.resources import Field, Resource, actions, store
from diwan.resources.acts import Action
from diwan.resources.describing import parse_fields
from diwan.resources.values import as_id
from diwan.rest import bulk, openapi, schemas
from diwan.rest.bodies import as_body
from diwan.rest.idempotency import once
from diwan.rest.reading import check_parameters, flag, ids_in, read_json, read_object, read_version
from diwan.rest.records import find, reply, routes
from diwan.rest.schemas import Schema

JOB: Schema = {
    "type": "object", "required": ["job"], "properties": {"job": schemas.UUID_TEXT}, "additionalProperties": False,
}  # fmt: skip


@routes.post("/<plugin>/<name>/<id>/<verb>")
def act(plugin: str, name: str, id: str, verb: str) -> Response:
    """Do an action with one record."""
    resource = find(plugin, name)
    action = actions.find(resource, verb)
    with unit_of_work():
        return once(lambda: _act(resource, action, id))


def _act(resource: Resource, action: Action, id: str) -> Response:
    check_parameters()
    values = dict(read_object(read_json())) if request.get_data(cache=True) else {}
    header, named = request.headers.get("If-Match", "").strip(), values.pop("version", None)
    version = read_version(named, header)
    if action.long:
        job = acting.begin_one(resource, action, store.get(resource, id).id, values)
        return reply({"job": job}, 202)
    try:
        record = actions.perform(resource, action, id, values, version)
    except Stale as stale:
        if header and named is None:  # a condition of the header that fails is 412 (RFC 9110)
            stale.status = 412
        raise
    return reply(as_body(resource, record), ETag=f'"{record.version}"')


@routes.post("/<plugin>/<name>/bulk/<verb>")
def act_on_many(plugin: str, name: str, verb: str) -> Response:
    """Do an action with several records: all of them or none, or with `?partial=true` each by itself."""
    resource = find(plugin, name)
    action = actions.find(resource, verb)
    if not action.bulk:
        raise NotFound(_("This action is for one record at a time."))
    with unit_of_work():
        return once(lambda: _act_on_many(resource, action))


def _act_on_many(resource: Resource, action: Action) -> Response:
    check_parameters("partial")
    body = read_object(read_json())
    if set(body) - {"ids", "values"}:
        raise BadRequest(_('Send {"ids": [...], "values": {...}}: the records, and what the action asks for.'))
    ids, values = ids_in(body), read_object(body.get("values", {}))
    if action.long:
        keys = tuple(key for id in ids if (key := as_id(id)))
        parse_fields(action.form, values)
        return reply({"job": acting.begin_many(resource, action, Selection(keys), values)}, 202)

    def act_on_one(subject: Resource, id: UUID) -> None:
        actions.perform(subject, action, id, values)

    return reply(bulk.answer_for(resource, bulk.act_on(resource, ids, act_on_one)), 207 if flag("partial") else 200)


@openapi.extend
def describe(resource: Resource) -> openapi.Described:
    """Return the paths of a resource's actions."""
    base, tag = f"/api/v1/{resource.plugin}/{resource.name}", str(resource.labels)
    paths = {f"{base}/{{id}}/{action.name}": _path(resource, action, tag) for action in resource.actions.values()}
    several = {f"{base}/bulk/{a.name}": _path_of_many(resource, a, tag) for a in resource.actions.values() if a.bulk}
    return {**paths, **several}, {}


def _path_of_many(resource: Resource, action: Action, tag: str) -> dict[str, Any]:
    label = _("%(action)s: several", action=str(action.label))
    asked = schemas.write(_holder(action.form), partial=False)
    found = openapi.of_many(resource, action.name, label, tag, {"values": asked})
    if any(described.required for described in action.form.values()):
        found["requestBody"]["content"]["application/json"]["schema"]["required"] = ["ids", "values"]
    if action.long:
        done = found["responses"].pop("200")
        found["responses"]["202"] = {**done, "content": {"application/json": {"schema": JOB}}}
    return {"post": found}


def _path(resource: Resource, action: Action, tag: str) -> dict[str, Any]:
    found = openapi.operation(
        action.key, action.label, (*openapi.WRITE, 412), JOB if action.long else schemas.ref(resource.key), tag=tag,
        status=202 if action.long else 200, body=_asked(action.form), headers=("ETag", "Idempotent-Replayed"),
        parameters=openapi.named("if_match", "idempotency_key"),
    )  # fmt: skip
    found["requestBody"]["required"] = any(described.required for described in action.form.values())
    found["description"] = str(action.help or _("The permission %(key)s is needed.", key=action.permission))
    return {"parameters": openapi.named("id"), "post": found}


def _asked(form: Mapping[str, Field]) -> Schema:
    schema = schemas.write(_holder(form), partial=False)
    schema["properties"] = {**schema["properties"], "version": schemas.VERSION}
    return schema


def _holder(form: Mapping[str, Field]) -> Resource:
    """The fields of an action's form as `schemas.write` takes them."""
    return cast(Resource, SimpleNamespace(fields=dict(form), editable=tuple(form), parts={}, secrets={}))
