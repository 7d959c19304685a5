"""Actions over the API: `POST /api/v1/<plugin>/<resource>/<id>/<action>` with what the action asks for.

They must be the same actions as the screens': one permission, one guard, one audit entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from flask import Response, request

from diwan.bulk import acting
from diwan.db import unit_of_work
from diwan.errors import Stale
from diwan.kit.i18n import _
from diwan.resources import Field, Resource, actions, store
from diwan.resources.acts import Action
from diwan.rest import openapi, schemas
from diwan.rest.bodies import as_body
from diwan.rest.idempotency import once
from diwan.rest.reading import check_parameters, read_json, read_object, read_version
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


@openapi.extend
def describe(resource: Resource) -> openapi.Described:
    """Return the paths of a resource's actions."""
    base, tag = f"/api/v1/{resource.plugin}/{resource.name}/{{id}}", str(resource.labels)
    return {f"{base}/{action.name}": _path(resource, action, tag) for action in resource.actions.values()}, {}


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
    holder = SimpleNamespace(fields=dict(form), editable=tuple(form), parts={})
    schema = schemas.write(cast(Resource, holder), partial=False)
    schema["properties"] = {**schema["properties"], "version": schemas.VERSION}
    return schema
