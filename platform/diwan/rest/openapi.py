"""OpenAPI 3.1 of the API as this tenant has it: only its plugins' resources, with their fields.

It must describe what the routes really take and answer; the tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Response

from diwan import __version__
from diwan.db import current
from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.rest import bodies, explaining, log, schemas, teams
from diwan.rest.exporting import TYPES
from diwan.rest.reading import LIST_PARAMETERS, MOST_RECORDS, check_parameters
from diwan.rest.records import reply, routes
from diwan.rest.schemas import Schema, ref
from diwan.rest.working import JOB

Paths = dict[str, dict[str, Any]]
Described = tuple[Paths, dict[str, Schema]]

READ = (400, 401, 403, 404, 429, 503)
WRITE = (*READ, 409, 413, 415, 422)
HEADERS = {
    "X-Request-Id": "Names this request in logs",
    "RateLimit-Policy": "How many requests (q) a token has in so many seconds (w)",
    "RateLimit": "How many of them are left (r), and for how many seconds (t)",
    "ETag": "The version of the record",
    "Location": "The address of the new record",
    "Retry-After": "Seconds to wait",
    "Idempotent-Replayed": "true: the answer of the first request with this Idempotency-Key",
}
ALWAYS = ("X-Request-Id", "RateLimit-Policy", "RateLimit")

_more: list[Callable[[Resource], Described]] = []


def extend(describe: Callable[[Resource], Described]) -> Callable[[Resource], Described]:
    """Add what else the API has for a resource: `describe` returns its paths and schemas (see `operation`)."""
    _more.append(describe)
    return describe


@routes.get("/")
def me() -> Response:
    """Tell whose token this is and what it reaches."""
    check_parameters()
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
    """Return the specification of what this token may do something with in its tenant."""
    check_parameters()
    found = current.lineup.resources.values()
    return reply(document(r for r in found if any(map(current.user.can, r.permissions))))


def document(resources: Iterable[Resource]) -> dict[str, Any]:
    """Return the specification of some resources of the open tenant."""
    found: dict[str, Schema] = {"Problem": schemas.problem()}
    paths: Paths = {
        "/api/v1/": {"get": operation("me", _("Whose token this is"), READ, _me(), parameters=[])},
        "/api/v1/openapi.json": {"get": operation("openapi", _("This specification"), READ, {"type": "object"})},
        "/api/v1/audit": {
            "get": _with_files(operation("audit", _("What happened"), READ, log.PAGE, parameters=log.parameters()))
        },
        "/api/v1/jobs/{id}": {"parameters": named("id"), "get": operation("job", _("How a job stands"), READ, JOB)},
        teams.ADDRESS: {"get": operation("teams", _("Who works together"), READ, teams.TEAMS, parameters=[])},
        explaining.ADDRESS: {
            "get": operation(
                "explain",
                _("Why somebody may, or may not, do something"),
                READ,
                explaining.EXPLANATION,
                parameters=explaining.PARAMETERS,
            )
        },
    }
    for resource in resources:
        found |= _schemas(resource)
        paths |= _paths(resource)
        for describe in () if resource.read_only else _more:
            more_paths, more_schemas = describe(resource)
            found |= more_schemas
            for path, item in more_paths.items():
                paths[path] = {**paths.get(path, {}), **item}
    # What an expanded reference leads to, also where its own resource is not part of the document.
    for resource in current.lineup.resources.values():
        told = current.user.can(resource.permission("read"))  # else not even the names of its fields
        found.setdefault(resource.key, schemas.record(resource) if told else {"type": "object"})
    return {
        "openapi": "3.1.0",
        "info": {"title": str(_("Diwan API: %(business)s", business=current.tenant.name)), "version": __version__},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": found,
            "parameters": _shared_parameters(),
            "headers": {name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "Problem": {
                    "description": "What went wrong (RFC 9457)",
                    "headers": _headers(("X-Request-Id",)),
                    "content": {"application/problem+json": {"schema": ref("Problem")}},
                }
            },
        },
    }


def operation(
    name: str,
    summary: object,
    errors: Iterable[int],
    answer: Schema | None,
    *,
    status: int = 200,
    tag: str = "",
    body: Schema | None = None,
    parameters: list[Schema] | None = None,
    headers: tuple[str, ...] = (),
    also: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return one operation. `answer` is the schema of its JSON, None for nothing; `also` holds further responses."""
    done: dict[str, Any] = {"description": str(summary), "headers": _headers((*ALWAYS, *headers))}
    if answer is not None:
        done["content"] = {"application/json": {"schema": answer}}
    refused = {str(code): {"$ref": "#/components/responses/Problem"} for code in sorted(errors)}
    found: dict[str, Any] = {
        "operationId": name,
        "summary": str(summary),
        "parameters": parameters or [],
        "responses": {str(status): done, **(also or {}), **refused},
    }
    if tag:
        found["tags"] = [tag]
    if body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return found


def named(*names: str) -> list[Schema]:
    """Return references to parameters of the document."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _headers(names: Iterable[str]) -> dict[str, Schema]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _schemas(resource: Resource) -> dict[str, Schema]:
    key = resource.key
    return {
        key: schemas.record(resource),
        f"{key}.create": schemas.write(resource, partial=False),
        f"{key}.update": schemas.change(resource, named=False),
        f"{key}.update_many": {
            "type": "array", "items": schemas.change(resource, named=True), "minItems": 1, "maxItems": MOST_RECORDS,
        },
    }  # fmt: skip


def _paths(resource: Resource) -> Paths:
    if not resource.read_only:
        return _all_paths(resource)
    kept = {path: {n: v for n, v in item.items() if n in ("get", "parameters")} for path, item in
            _all_paths(resource).items()}  # fmt: skip
    return {path: item for path, item in kept.items() if "get" in item}


def _all_paths(resource: Resource) -> Paths:
    base, key, tag = f"/api/v1/{resource.plugin}/{resource.name}", resource.key, str(resource.labels)
    whole, one = ref(key), {"parameters": named("id")}
    create = ref(f"{key}.create")
    many = {"type": "array", "items": create, "minItems": 1, "maxItems": MOST_RECORDS}
    written = {"anyOf": [whole, schemas.several(whole)]}
    partial = {"207": _answer(_("What became of each record"), schemas.outcomes(whole))}
    sent = named("partial", "idempotency_key")
    not_new = {"304": {"description": str(_("It has not changed since")), "headers": _headers(("ETag",))}}
    replayed = ("Idempotent-Replayed",)
    return {
        base: {
            "get": _list(resource, tag),
            "post": operation(
                f"{key}.create", _("Create one or several"), WRITE, written, tag=tag, status=201, parameters=sent,
                body={"anyOf": [create, many]}, headers=("ETag", "Location", *replayed), also=partial,
            ),
            "patch": operation(
                f"{key}.update_many", _("Change several"), WRITE, schemas.several(whole), tag=tag, parameters=sent,
                body=ref(f"{key}.update_many"), headers=replayed, also=partial,
            ),
        },
        f"{base}/archive": {"post": of_many(resource, "archive", _("Archive several"), tag)},
        f"{base}/restore": {"post": of_many(resource, "restore", _("Restore several"), tag)},
        f"{base}/delete": {"post": of_many(resource, "delete", _("Delete several"), tag)},
        f"{base}/{{id}}": {
            **one,
            "get": operation(
                f"{key}.read", _("Read"), READ, whole, tag=tag, headers=("ETag",), also=not_new,
                parameters=[*_chosen(resource), *named("if_none_match")],
            ),
            "patch": operation(
                f"{key}.update", _("Change"), (*WRITE, 412), whole, tag=tag, body=ref(f"{key}.update"),
                parameters=named("if_match", "idempotency_key"), headers=("ETag", *replayed),
            ),
            "delete": operation(f"{key}.delete", _("Delete"), (*READ, 409, 422), None, tag=tag, status=204),
        },
        **{
            f"{base}/{{id}}/{action}": {
                **one,
                "post": operation(
                    f"{key}.{action}", label, (*READ, 409, 422), whole, tag=tag,
                    parameters=named("idempotency_key"), headers=("ETag", *replayed),
                ),
            }
            for action, label in (("archive", _("Archive")), ("restore", _("Restore")))
        },
    }  # fmt: skip


def _list(resource: Resource, tag: str) -> dict[str, Any]:
    found = operation(
        f"{resource.key}.list", _("List"), READ, schemas.page(ref(resource.key)), tag=tag,
        parameters=_list_parameters(resource),
    )  # fmt: skip
    return _with_files(found)


def _with_files(found: dict[str, Any]) -> dict[str, Any]:
    """Add that a list also comes as a file."""
    content = found["responses"]["200"]["content"]
    for kind in TYPES.values():
        content[kind.partition(";")[0]] = {"schema": {"type": "string"}}
    return found


def of_many(
    resource: Resource, action: str, label: object, tag: str, more: dict[str, Schema] | None = None
) -> dict[str, Any]:
    """Return the operation on several records by their ids; `more` are further properties of the body."""
    whole = ref(resource.key)
    gone = action == "delete"
    deleted = {"type": "object", "required": ["deleted"], "properties": {"deleted": {"type": "integer"}},
               "additionalProperties": False}  # fmt: skip
    ids = {"type": "array", "items": schemas.UUID_TEXT, "minItems": 1, "maxItems": MOST_RECORDS}
    return operation(
        f"{resource.key}.{action}_many", label, WRITE, deleted if gone else schemas.several(whole), tag=tag,
        body={"type": "object", "required": ["ids"], "properties": {"ids": ids, **(more or {})},
              "additionalProperties": False},
        parameters=named("partial", "idempotency_key"), headers=("Idempotent-Replayed",),
        also={"207": _answer(_("What became of each record"), schemas.outcomes(None if gone else whole))},
    )  # fmt: skip


def _answer(text: object, schema: Schema) -> Schema:
    return {"description": str(text), "headers": _headers(ALWAYS), "content": {"application/json": {"schema": schema}}}


def _chosen(resource: Resource) -> list[Schema]:
    known = ", ".join(bodies.expandable(resource))
    found = [_query("fields", _("Names of the fields to return, separated by commas"))]
    if known:
        found.append(_query("expand", _("What to return whole instead of its id: %(known)s", known=known)))
    return found


def _list_parameters(resource: Resource) -> list[Schema]:
    yes_or_no = {"type": "string", "enum": ["true", "false"]}
    found = [
        *_chosen(resource),
        _query("where", _('A filter as JSON, such as [["name","contains","ali"]]')),
        _query("search", _("Words to search for; the last one may be a beginning")),
        _query("sort", _("Fields to sort by, such as name,-created_at")),
        _query("cursor", _("From `next` or `previous` of another page")),
        _query("limit", _("Rows of a page"), {"type": "integer", "minimum": 1, "maximum": 500, "default": 80}),
        _query("archived", _("The archived ones instead"), yes_or_no),
        _query("count", _("Also how many there are, at most 10,000"), yes_or_no),
        _query("format", _("The whole list as a stream"), {"type": "string", "enum": ["json", *TYPES]}),
    ]
    for name, field in resource.fields.items():
        if name not in LIST_PARAMETERS and name != resource.part_of and {"eq", "has"} & set(field.kind.operators):
            schema: Schema = {"type": "string", **({"enum": list(field.choices)} if field.choices else {})}
            found.append(_query(name, _("Only those with this value: %(field)s", field=str(field.label)), schema))
    return found


def _query(name: str, text: object, schema: Schema | None = None) -> Schema:
    return {"name": name, "in": "query", "description": str(text), "schema": schema or {"type": "string"}}


def _shared_parameters() -> dict[str, Schema]:
    def header(name: str, text: object) -> Schema:
        return {"name": name, "in": "header", "description": str(text), "schema": {"type": "string"}}

    return {
        "id": {"name": "id", "in": "path", "required": True, "schema": schemas.UUID_TEXT},
        "partial": _query("partial", _("true: each record by itself"), {"type": "string", "enum": ["true", "false"]}),
        "if_match": header("If-Match", _("The ETag that the record must still have")),
        "if_none_match": header("If-None-Match", _("The ETag that is known already")),
        "idempotency_key": {
            **header("Idempotency-Key", _("A text of your own: a request that is sent twice takes effect once")),
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        },
    }


def _me() -> Schema:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["tenant", "user", "resources"],
        "properties": {
            "tenant": {"type": "object", "properties": {"slug": text, "name": text, "currency": text}},
            "user": {"type": "object", "properties": {"id": schemas.UUID_TEXT, "name": text, "email": text}},
            "resources": {"type": "array", "items": text},
        },
    }
