"""OpenAPI 3.1 of the API as this tenant has it: only its plugins' resources, with their fields.

It must describe what `records` really takes and answers; the tests hold the two together.
"""

from __future__ import annotations

from typing import Any

from flask import Response

from diwan import __version__
from diwan.db import current
from diwan.kit.i18n import _
from diwan.resources import Field, Resource
from diwan.rest.reading import MOST_RECORDS
from diwan.rest.records import reply, routes

PROBLEM = {"$ref": "#/components/responses/Problem"}
ERRORS = {str(code): PROBLEM for code in (400, 401, 403, 404, 413, 422, 503)}


@routes.get("/")
def me() -> Response:
    """Tell whose token this is and what it reaches."""
    tenant, user = current.tenant, current.user
    keys = [r.key for r in current.lineup.resources.values() if not r.part_of and user.can(r.permission("read"))]
    return reply(
        {
            "tenant": {"slug": tenant.slug, "name": tenant.name, "currency": tenant.currency},
            "user": {"id": user.id, "name": user.name, "email": user.email},
            "resources": [f"/api/v1/{key.replace('.', '/')}" for key in keys],
        }
    )


@routes.get("/openapi.json")
def specification() -> Response:
    """Return the specification for this tenant."""
    found = [r for r in current.lineup.resources.values() if not r.part_of]
    schemas: dict[str, Any] = {"Problem": _problem_schema()}
    paths: dict[str, Any] = {"/api/v1/": {"get": _operation("me", "Whose token this is", {"type": "object"})}}
    for resource in found:
        name = resource.key
        schemas[name] = _record_schema(resource)
        schemas[f"{name}.write"] = _write_schema(resource)
        paths |= _paths(resource)
    return reply(
        {
            "openapi": "3.1.0",
            "info": {"title": str(_("Diwan API: %(business)s", business=current.tenant.name)), "version": __version__},
            "servers": [{"url": "/"}],
            "security": [{"bearer": []}],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
                "responses": {
                    "Problem": {
                        "description": "What went wrong (RFC 9457)",
                        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                    }
                },
            },
        }
    )


def _paths(resource: Resource) -> dict[str, Any]:
    base, key = f"/api/v1/{resource.plugin}/{resource.name}", resource.key
    record, write = _ref(key), _ref(f"{key}.write")
    many = {"type": "array", "items": write, "minItems": 1, "maxItems": MOST_RECORDS}
    listed = {
        "type": "object",
        "required": ["data", "next", "previous"],
        "properties": {
            "data": {"type": "array", "items": {"type": "object"}},
            "next": {"type": ["string", "null"]},
            "previous": {"type": ["string", "null"]},
            "count": {"type": "object"},
        },
    }
    one_or_many = {"anyOf": [record, {"type": "object", "required": ["data"]}]}
    identity = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    match = {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}}
    stale = {"409": PROBLEM, "412": PROBLEM}
    tag = str(resource.labels)
    return {
        base: {
            "get": _operation(f"{key}.list", "List", listed, tag, parameters=_list_parameters(resource)),
            "post": _operation(
                f"{key}.create", "Create one or several", one_or_many, tag, {"anyOf": [write, many]}, status="201"
            ),
        },
        f"{base}/{{id}}": {
            "parameters": [identity],
            "get": _operation(f"{key}.read", "Read", record, tag),
            "patch": _operation(
                f"{key}.update", "Change", record, tag, _write(resource, partial=True), parameters=[match], extra=stale
            ),
            "delete": _operation(f"{key}.delete", "Delete", None, tag, status="204"),
        },
        f"{base}/{{id}}/archive": {
            "parameters": [identity],
            "post": _operation(f"{key}.archive", "Archive", record, tag),
        },
        f"{base}/{{id}}/restore": {
            "parameters": [identity],
            "post": _operation(f"{key}.restore", "Restore", record, tag),
        },
    }


def _operation(
    name: str,
    summary: str,
    answer: dict[str, Any] | None,
    tag: str = "",
    body: dict[str, Any] | None = None,
    *,
    parameters: list[Any] | None = None,
    status: str = "200",
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": answer}}} if answer else {}
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {status: {"description": summary, **content}, **ERRORS, **(extra or {})},
    }
    if tag:
        operation["tags"] = [tag]
    if body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if parameters:
        operation["parameters"] = parameters
    return operation


def _list_parameters(resource: Resource) -> list[dict[str, Any]]:
    texts = {
        "fields": "Names of the fields to return, separated by commas",
        "where": 'A filter as JSON, such as [["name","contains","ali"]]',
        "search": "Words to search for; the last one may be a beginning",
        "sort": "Fields to sort by, such as name,-created_at",
        "cursor": "From `next` or `previous` of another page",
    }
    listed: list[dict[str, Any]] = [
        {"name": name, "in": "query", "description": text, "schema": {"type": "string"}} for name, text in texts.items()
    ]
    listed.append(
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 80}}
    )
    listed += [
        {"name": n, "in": "query", "schema": {"type": "string", "enum": ["true", "false"]}}
        for n in ("archived", "count")
    ]
    return listed


def _record_schema(resource: Resource) -> dict[str, Any]:
    properties: dict[str, Any] = {"id": {"type": "string", "format": "uuid"}}
    for name, described in resource.fields.items():
        if name != resource.part_of:
            properties[name] = _schema(described, nullable=described.nullable)
    for name, part in resource.parts.items():
        properties[name] = {"type": "array", "items": _record_schema(part)}
    if not resource.part_of:
        properties["version"] = {"type": "integer"}
        for name in ("created_at", "updated_at", "archived_at"):
            properties[name] = {"type": ["string", "null"], "format": "date-time"}
    return {"type": "object", "required": ["id"], "properties": properties}


def _write_schema(resource: Resource) -> dict[str, Any]:
    return _write(resource, partial=False)


def _write(resource: Resource, *, partial: bool) -> dict[str, Any]:
    properties = {n: _schema(resource.fields[n], nullable=resource.fields[n].nullable) for n in resource.editable}
    for name, part in resource.parts.items():
        properties[name] = {"type": "array", "items": _write(part, partial=True), "maxItems": 200}
    if partial:
        properties["version"] = {"type": "integer"}
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [n for n in resource.editable if resource.fields[n].required]
    if required and not partial:
        schema["required"] = required
    return schema


def _schema(described: Field, *, nullable: bool) -> dict[str, Any]:
    schema = dict(described.kind.schema)
    if described.kind.name == "choice":
        schema["enum"] = [*described.choices, None] if nullable else list(described.choices)
    if described.kind.name == "choices":
        schema["items"] = {"type": "string", "enum": list(described.choices)}
    if described.longest:
        schema["maxLength"] = described.longest
    if nullable and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    if described.readonly:
        schema["readOnly"] = True
    return {**schema, "title": str(described.label)}


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {"type": text, "title": text, "status": {"type": "integer"}, "detail": text, "code": text,
                       "request_id": text, "errors": {"type": "array", "items": {"type": "object"}}},
    }  # fmt: skip


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
