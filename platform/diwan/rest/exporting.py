"""A whole list as CSV or as lines of JSON, streamed page by page.

It must never hold more than a page of rows, and needs the right to export.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Response, request, stream_with_context

from diwan import audit, exports
from diwan.db import context, current, unit_of_work
from diwan.errors import BadRequest
from diwan.kit.i18n import _, language, set_language
from diwan.resources import Resource
from diwan.rest.reading import flag

TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
ACCEPTED = {"text/csv": "csv", "application/jsonl": "jsonl", "application/x-ndjson": "jsonl"}
ONE_PAGE = ("limit", "cursor", "count", "expand")


def wanted() -> str:
    """Return the form that is asked for, by `format=` or by the header Accept: json, csv or jsonl."""
    form = request.args.get("format")
    if form is None:
        return ACCEPTED.get(request.headers.get("Accept", "").partition(";")[0].strip().lower(), "json")
    if form not in ("json", *TYPES):
        raise BadRequest(_("format is json, csv or jsonl."))
    return form


def export(resource: Resource, names: list[str], where: list[Any], form: str) -> Response:
    """Return all records of a list as a stream. Raises Denied, and BadRequest before anything is sent."""
    resource.require("export")
    for name in ONE_PAGE:
        if name in request.args:
            raise BadRequest(_("%(name)s is not for exports: they hold the whole list.", name=name))
    pages = exports.rows(
        resource, names, where, request.args.get("search", ""), request.args.get("sort"), archived=flag("archived")
    )
    counted = Counted(pages)
    parts: Iterator[str | bytes] = (
        exports.csv_lines(resource, names, counted, bom=False)
        if form == "csv"
        else exports.jsonl_lines(resource, names, counted)
    )
    return send(parts, form, resource.name, lambda: _note(resource, form, counted.count))


class Counted:
    """Pages that count the records that pass by."""

    def __init__(self, pages: Iterable[Sequence[Any]]) -> None:
        self.pages, self.count = iter(pages), 0

    def __iter__(self) -> Iterator[Any]:
        for page in self.pages:
            self.count += len(page)
            yield page


def send(parts: Iterator[str | bytes], form: str, name: str, noted: Callable[[], None]) -> Response:
    """Return a file as a stream; `noted` writes into the log how much it was. Raises what its first page raises."""
    begun = [next(parts)]
    if form == "csv":  # the header alone: what is wrong with the list shows with its first rows
        begun += [part for part in [next(parts, None)] if part is not None]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"', "X-Accel-Buffering": "no"}
    stream = _stream(begun, parts, noted, current.scope, language())
    return Response(stream_with_context(stream), content_type=TYPES[form], headers=headers)


def _stream(
    begun: list[str | bytes],
    parts: Iterator[str | bytes],
    noted: Callable[[], None],
    opened: context.Scope,
    spoken: str,
) -> Iterator[bytes]:
    """Yield an export. Each page is read in a transaction of its own, in the scope of the request that asked."""
    try:
        for part in begun:
            yield _bytes(part)
        begun.clear()
        while True:
            with _scope(opened, spoken), unit_of_work():
                part_or_none = next(parts, None)
            if part_or_none is None:
                return
            yield _bytes(part_or_none)
    finally:
        with _scope(opened, spoken), unit_of_work():  # also what was broken off has left the house
            noted()


@contextmanager
def _scope(opened: context.Scope, spoken: str) -> Iterator[None]:
    token = context._scope.set(opened)
    set_language(spoken)
    try:
        yield
    finally:
        context._scope.reset(token)


def _note(resource: Resource, form: str, count: int) -> None:
    asked = {name: value for name, value in request.args.items() if value and name != "format"}
    told = {"format": form, "records": count, **({"filter": asked} if asked else {})}
    audit.record("export", resource.key, title=str(resource.labels), after=told)


def _bytes(part: str | bytes) -> bytes:
    return part.encode() if isinstance(part, str) else part
