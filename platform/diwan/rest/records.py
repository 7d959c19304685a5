"""The routes of every resource: list, read, create, change, archive, restore, delete.

Each route checks one permission and is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any

import orjson
from flask import Blueprint, Response, request

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.errors import BadRequest, Invalid, NotFound, Refuse, Stale, TooLarge
from diwan.kit.i18n import _
from diwan.resources import Resource, store
from diwan.rest.problems import problem

MOST_BYTES = 10 * 1024 * 1024
MOST_RECORDS = 1_000
JSON = "application/json"
LIST_PARAMETERS = ("fields", "where", "search", "sort", "cursor", "limit", "archived", "count")

routes = Blueprint("rest", __name__, url_prefix="/api/v1")


def reply(body: Any, status: int = 200, **headers: str) -> Response:
    """Return a JSON response; decimals are written as text, so that no digit is lost."""
    response = Response(orjson.dumps(body, default=str), status=status, content_type=JSON)
    response.headers.extend({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def find(plugin: str, name: str) -> Resource:
    """Return a resource of the tenant's lineup. Raises NotFound also for what is off."""
    resource = current.lineup.resources.get(f"{plugin}.{name}")
    if resource is None or resource.part_of:
        raise NotFound(_("There is no resource %(key)s here.", key=f"{plugin}.{name}"))
    return resource


def route(rule: str, action: str, methods: str = "GET") -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Register a view over a resource: found in the lineup, permitted, in one transaction."""

    def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def handle(plugin: str, name: str, **arguments: Any) -> Response:
            resource = find(plugin, name)
            current.require(resource.permission(action))
            with unit_of_work():
                return view(resource, **arguments)

        routes.add_url_rule(f"/<plugin>/<name>{rule}", view_func=handle, methods=methods.split())
        return handle

    return decorate


@route("", "read")
def index(resource: Resource) -> Response:
    arguments = request.args
    where = _where(resource, arguments)
    names = _names(arguments.get("fields"), resource)
    page = resources.list_page(
        resource,
        names,
        where,
        arguments.get("search", ""),
        arguments.get("sort"),
        arguments.get("cursor"),
        _number(arguments.get("limit"), 80),
        arguments.get("archived") == "true",
    )
    columns = page.columns
    body: dict[str, Any] = {
        "data": [dict(zip(columns, row, strict=True)) for row in page.rows],
        "next": page.next,
        "previous": page.previous,
    }
    if arguments.get("count") == "true":
        counted = resources.count(resource, where, arguments.get("search", ""))
        body["count"] = {"number": counted.number, "capped": counted.capped}
    return reply(body)


@route("", "create", "POST")
def create(resource: Resource) -> Response:
    body = _json()
    if isinstance(body, list):
        if not 1 <= len(body) <= MOST_RECORDS:
            raise BadRequest(_("Send 1 to %(most)s records at once.", most=MOST_RECORDS))
        return reply({"data": [_created(resource, _create_nth(resource, n, b), b) for n, b in enumerate(body)]}, 201)
    record = store.create(resource, _mapping(body))
    return reply(_created(resource, record, body), 201, Location=f"{request.path}/{record.id}", ETag=_etag(record))


@route("/<id>", "read")
def read(resource: Resource, id: str) -> Response:
    record = store.get(resource, id)
    return reply(as_body(resource, record), ETag=_etag(record))


@route("/<id>", "update", "PATCH")
def update(resource: Resource, id: str) -> Response:
    body = dict(_mapping(_json()))
    wanted = request.headers.get("If-Match", "").strip().strip('"')
    version = body.pop("version", None)
    if version is None and wanted:
        if not wanted.isdigit():
            raise BadRequest(_("If-Match takes the ETag of the record, a number in quotes."))
        version = int(wanted)
    if version is not None and not isinstance(version, int):
        raise BadRequest(_("version is a number."))
    try:
        record = store.update(resource, id, body, version)
    except Stale as stale:
        # RFC 9110: a condition in the header that fails is 412; one in the body is a conflict, 409.
        return problem(stale, 412 if wanted else 409)
    return reply(as_body(resource, record), ETag=_etag(record))


@route("/<id>/archive", "update", "POST")
def archive(resource: Resource, id: str) -> Response:
    return reply(as_body(resource, store.archive(resource, id)))


@route("/<id>/restore", "update", "POST")
def restore(resource: Resource, id: str) -> Response:
    return reply(as_body(resource, store.restore(resource, id)))


@route("/<id>", "delete", "DELETE")
def delete(resource: Resource, id: str) -> Response:
    store.delete(resource, id)
    return Response(status=204)


def _create_nth(resource: Resource, number: int, body: Any) -> Any:
    """Create one record of a list; what is wrong with it is told with its number: "3.email"."""
    try:
        return store.create(resource, _mapping(body))
    except Invalid as error:
        raise Invalid({f"{number}.{name}": text for name, text in error.errors.items()}) from None
    except Refuse as error:
        error.field = f"{number}.{error.field}" if error.field else str(number)
        raise


def _created(resource: Resource, record: Any, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record just made; child rows that were not sent need no statement to be none."""
    return as_body(resource, record, childless={name for name in resource.parts if not sent.get(name)})


def as_body(resource: Resource, record: Any, childless: Collection[str] = ()) -> dict[str, Any]:
    """Return a record as a program reads it, with its child rows."""
    body = {"id": record.id, **_open_values(resource, record)}
    for name, part in resource.parts.items():
        rows = [] if name in childless else store.parts_of(part, record)
        body[name] = [{"id": row.id, **_open_values(part, row)} for row in rows]
    archived = record.archived_at
    return {
        **body, "version": record.version, "created_at": record.created_at, "updated_at": record.updated_at,
        "archived_at": archived,
    }  # fmt: skip


def _open_values(resource: Resource, record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in resource.fields if name != resource.part_of}


def _etag(record: Any) -> str:
    return f'"{record.version}"'


def _json() -> Any:
    if request.content_length is not None and request.content_length > MOST_BYTES:
        raise TooLarge(_("The request is larger than %(most)s MB.", most=MOST_BYTES // 1024**2))
    data = request.get_data(cache=False)
    if len(data) > MOST_BYTES:
        raise TooLarge(_("The request is larger than %(most)s MB.", most=MOST_BYTES // 1024**2))
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadRequest(_("The body is not JSON: %(error)s.", error=str(error))) from None


def _mapping(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise BadRequest(_("A record is a JSON object."))
    return body


def _names(text: str | None, resource: Resource) -> list[str]:
    if text:
        return [name.strip() for name in text.split(",") if name.strip() not in ("", "id")]
    return list(resource.fields)


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isdigit() or len(text) > 6:
        raise BadRequest(_("limit is a whole number."))
    return int(text)


def _where(resource: Resource, arguments: Mapping[str, str]) -> list[Any]:
    """Return the filter of `where=` (JSON) and of `field=value` pairs, all of which must hold."""
    tests: list[Any] = []
    if arguments.get("where"):
        try:
            tests.append(orjson.loads(arguments["where"]))
        except orjson.JSONDecodeError:
            raise BadRequest(_('where is JSON, such as [["country","eq","KW"]].')) from None
    for name, value in arguments.items():
        if name in LIST_PARAMETERS:
            continue
        described = resources.filters.described(resource, name)
        tests.append([name, "has" if described.kind.name == "choices" else "eq", value])
    return tests
