"""The audit log over the API: `GET /api/v1/audit`, newest first, with the filters of the screen; or it all as a file.

It must show what the screen shows to the same person, and write down who took a file of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, request

from diwan import audit
from diwan.audit import service as log
from diwan.audit.service import Filter
from diwan.db import current, unit_of_work
from diwan.errors import BadRequest
from diwan.exports import log as files
from diwan.kit.i18n import _
from diwan.rest import exporting, schemas
from diwan.rest.reading import check_parameters, read_limit
from diwan.rest.records import reply, routes
from diwan.rest.schemas import Schema

PERMISSION = "core.audit.read"
MOST = 500
PLACE = "core.audit"

TEXT: Schema = {"type": "string"}
ID_OR_NULL: Schema = {**schemas.UUID_TEXT, "type": ["string", "null"]}
VALUES: Schema = {"type": ["object", "null"]}
ENTRY: Schema = {
    "type": "object",
    "required": ["id", "at", "actor", "action", "resource", "title", "before", "after"],
    "properties": {
        "id": schemas.UUID_TEXT, "at": schemas.MOMENT, "actor": TEXT, "actor_id": ID_OR_NULL, "actor_kind": TEXT,
        "action": TEXT, "resource": TEXT, "record_id": ID_OR_NULL, "title": TEXT, "before": VALUES, "after": VALUES,
        "request_id": TEXT,
    },
}  # fmt: skip
PAGE: Schema = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {"items": {"type": "array", "items": ENTRY}, "next": ID_OR_NULL},
}
QUERY: dict[str, tuple[Any, Schema]] = {
    "search": (_("Words in title, action, resource or the person's name"), TEXT),
    "actor": (_("Only what this person did"), schemas.UUID_TEXT),
    "action": (_("Only this action, such as create or signed_in"), TEXT),
    "resource": (_("Only this resource, such as contacts.contact or core.role"), TEXT),
    "record": (_("Only what happened to this record"), schemas.UUID_TEXT),
    "since": (_("From this moment on"), schemas.MOMENT),
    "until": (_("Before this moment"), schemas.MOMENT),
    "before": (_("From `next` of the page before"), schemas.UUID_TEXT),
    "limit": (_("Rows of a page"), {"type": "integer", "minimum": 1, "maximum": MOST, "default": log.PAGE}),
    "format": (_("The whole list as a stream"), {"type": "string", "enum": ["json", *exporting.TYPES]}),
}


def parameters() -> list[Schema]:
    """Return the parameters for the specification."""
    return [
        {"name": name, "in": "query", "description": str(text), "schema": schema}
        for name, (text, schema) in QUERY.items()
    ]


@routes.get("/audit")
def entries() -> Response:
    """Return entries of the log."""
    check_parameters(*QUERY)
    current.require(PERMISSION)
    wanted, form = _filter(), exporting.wanted()
    if form != "json":
        return _file(wanted, form)
    limit = read_limit(request.args.get("limit"), log.PAGE)
    if not 1 <= limit <= MOST:
        raise BadRequest(_("limit is from 1 to %(most)s.", most=MOST))
    with unit_of_work():
        found = log.entries(wanted=wanted, before=_id("before"), limit=limit)
    shown = [files.as_row(entry) for entry in found[:limit]]
    return reply({"items": shown, "next": shown[-1]["id"] if len(found) > limit else None})


def _file(wanted: Filter, form: str) -> Response:
    for name in ("limit", "before"):
        if name in request.args:
            raise BadRequest(_("%(name)s is not for exports: they hold the whole list.", name=name))
    with unit_of_work():
        counted = exporting.Counted(files.pages(wanted))
    parts: Any = files.csv_lines(counted, bom=False) if form == "csv" else files.jsonl_lines(counted)
    asked = {name: value for name, value in request.args.items() if value and name != "format"}

    def note() -> None:
        told = {"format": form, "records": counted.count, **({"filter": asked} if asked else {})}
        audit.record("export", PLACE, title=str(_("Audit log")), after=told)

    return exporting.send(parts, form, "audit", note)


def _filter() -> Filter:
    asked = request.args
    return Filter(
        resource=asked.get("resource", ""), record_id=_id("record"), actor_id=_id("actor"),
        action=asked.get("action", ""), text=asked.get("search", ""), since=_moment("since"), until=_moment("until"),
    )  # fmt: skip


def _id(name: str) -> UUID | None:
    text = request.args.get(name)
    try:
        return UUID(text) if text else None
    except ValueError:
        raise BadRequest(_("%(name)s is an id.", name=name)) from None


def _moment(name: str) -> datetime | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadRequest(_("%(name)s is a moment such as 2026-01-31T12:00:00Z.", name=name))
    return moment
