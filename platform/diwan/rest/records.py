"""The routes of every resource: list, read, create, change, archive, restore, delete; of one record or of many.

Each route checks one permission and is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from flask import Blueprint, Response, request

from diwan import collaboration, resources
from diwan.db import current, unit_of_work
from diwan.errors import NotFound, Stale
from diwan.kit.i18n import _
from diwan.resources import Resource, store
from diwan.rest import bodies, bulk, exporting
from diwan.rest.bodies import as_body, as_created, wire
from diwan.rest.idempotency import once
from diwan.rest.reading import (
    check_parameters,
    flag,
    names_of,
    read_ids,
    read_json,
    read_limit,
    read_object,
    read_version,
    read_where,
)

JSON = "application/json"

routes = Blueprint("rest", __name__, url_prefix="/api/v1")


def reply(body: Any, status: int = 200, **headers: str) -> Response:
    """Return a JSON response; decimals are written as text, so that no digit is lost."""
    response = Response(orjson.dumps(body, default=wire), status=status, content_type=JSON)
    response.headers.extend({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def find(plugin: str, name: str) -> Resource:
    """Return a resource of the tenant's lineup. Raises NotFound also for what is off."""
    resource = current.lineup.resources.get(f"{plugin}.{name}")
    if resource is None or resource.part_of:
        raise NotFound(_("There is no resource %(key)s here.", key=f"{plugin}.{name}"[:120]))
    return resource


def route(rule: str, action: str, methods: str = "GET") -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Register a view over a resource: found in the lineup, permitted, in one transaction, once for each key."""

    def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def handle(plugin: str, name: str, **arguments: Any) -> Response:
            resource = find(plugin, name)
            resource.require(action)
            with unit_of_work():
                return once(lambda: view(resource, **arguments))

        routes.add_url_rule(f"/<plugin>/<name>{rule}", view_func=handle, methods=methods.split())
        return handle

    return decorate


@route("", "read")
def index(resource: Resource) -> Response:
    arguments = request.args
    where = read_where(resource, arguments)
    names = [name for name in names_of(arguments.get("fields")) if name != "id"] or list(resource.fields)
    form = exporting.wanted()
    if form != "json":
        return exporting.export(resource, names, where, form)
    expanded = names_of(arguments.get("expand"))
    bodies.check_expand(resource, expanded)
    page = resources.list_page(
        resource,
        list(dict.fromkeys([*names, *(name for name in expanded if name in resource.fields)])),
        where,
        arguments.get("search", ""),
        arguments.get("sort"),
        arguments.get("cursor"),
        read_limit(arguments.get("limit"), 80),
        flag("archived"),
    )
    columns = page.columns
    data = [dict(zip(columns, row, strict=True)) for row in page.rows]
    bodies.expand(resource, data, expanded)
    body: dict[str, Any] = {"data": data, "next": page.next, "previous": page.previous}
    if flag("count"):
        counted = resources.count(resource, where, arguments.get("search", ""), archived=flag("archived"))
        body["count"] = {"number": counted.number, "capped": counted.capped}
    return reply(body)


@route("", "create", "POST")
def create(resource: Resource) -> Response:
    check_parameters("partial")
    body = read_json()
    if isinstance(body, list):
        outcomes = bulk.create_many(resource, body)
        return reply(bulk.answer_for(resource, outcomes), 207 if flag("partial") else 201)
    sent = read_object(body)
    record = store.create(resource, sent)
    if not resource.part_of:
        collaboration.follow(resource, record.id, [current.user.id])
    body = as_created(resource, record, sent)
    return reply(body, 201, Location=f"{request.path}/{record.id}", ETag=_etag(record.version))


@route("", "update", "PATCH")
def update_many(resource: Resource) -> Response:
    check_parameters("partial")
    body = read_json()
    outcomes = bulk.update_many(resource, body if isinstance(body, list) else [body])
    return reply(bulk.answer_for(resource, outcomes), 207 if flag("partial") else 200)


def _act_on_many(resource: Resource, act: Callable[..., object], *, gone: bool = False) -> Response:
    check_parameters("partial")
    outcomes = bulk.act_on(resource, read_ids(), act)
    return reply(bulk.answer_for(resource, outcomes, gone=gone), 207 if flag("partial") else 200)


@route("/archive", "update", "POST")
def archive_many(resource: Resource) -> Response:
    return _act_on_many(resource, store.archive)


@route("/restore", "update", "POST")
def restore_many(resource: Resource) -> Response:
    return _act_on_many(resource, store.restore)


@route("/delete", "delete", "POST")
def delete_many(resource: Resource) -> Response:
    return _act_on_many(resource, store.delete, gone=True)


@route("/<id>", "read")
def read(resource: Resource, id: str) -> Response:
    check_parameters("fields", "expand")
    names, expanded = names_of(request.args.get("fields")), names_of(request.args.get("expand"))
    bodies.check_names(resource, [name for name in names if name != "id"])
    bodies.check_expand(resource, expanded)
    if names:
        names = [name for name in dict.fromkeys([*names, *expanded]) if name != "id"]
    body = bodies.read_body(resource, id, [*names, "version"] if names and "version" not in names else names)
    version = body["version"]
    if names and "version" not in names:
        del body["version"]
    if expanded:  # no ETag: others' values have versions of their own
        bodies.expand(resource, [body], expanded)
        return reply(body)
    if _known(version):
        return Response(status=304, headers={"ETag": _etag(version)})
    return reply(body, ETag=_etag(version))


@route("/<id>", "update", "PATCH")
def update(resource: Resource, id: str) -> Response:
    check_parameters()
    values = dict(read_object(read_json()))
    header, named = request.headers.get("If-Match", "").strip(), values.pop("version", None)
    try:
        record = store.update(resource, id, values, read_version(named, header))
    except Stale as stale:
        # RFC 9110: a condition in the header that fails is 412; one in the body is a conflict, 409.
        if header and named is None:
            stale.status = 412
        raise
    return reply(as_body(resource, record), ETag=_etag(record.version))


@route("/<id>/archive", "update", "POST")
def archive(resource: Resource, id: str) -> Response:
    check_parameters()
    record = store.archive(resource, id)
    return reply(as_body(resource, record), ETag=_etag(record.version))


@route("/<id>/restore", "update", "POST")
def restore(resource: Resource, id: str) -> Response:
    check_parameters()
    record = store.restore(resource, id)
    return reply(as_body(resource, record), ETag=_etag(record.version))


@route("/<id>", "delete", "DELETE")
def delete(resource: Resource, id: str) -> Response:
    check_parameters()
    store.delete(resource, id)
    return Response(status=204)


def _etag(version: int) -> str:
    return f'"{version}"'


def _known(version: int) -> bool:
    """Whether the program says that it has this version already (If-None-Match)."""
    tags = request.if_none_match
    return bool(tags) and tags.contains_weak(str(version))
