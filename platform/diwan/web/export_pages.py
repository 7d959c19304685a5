"""The download of a list as it is seen: its columns, order, search and filters, as CSV, XLSX or JSON Lines.

It must read page by page while it sends, and write into the audit log how much has left the house.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sized
from contextvars import copy_context
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, request, send_file
from flask.typing import ResponseReturnValue

from diwan import audit, exports
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.db.session import rollback
from diwan.errors import BadRequest
from diwan.exports.reading import Rows
from diwan.extensions import db
from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.web.cells import beside
from diwan.web.finding import find
from diwan.web.list_columns import chosen
from diwan.web.state import ListState

pages = Blueprint("exports", __name__, url_prefix="/t/<slug>/<plugin>/<name>")
T = TypeVar("T")
P = TypeVar("P", bound=Sized)
MIME = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
IN_MEMORY = 4 * 2**20


def register(app: Flask) -> None:
    """Add the download; its address lies below that of the resource."""
    app.register_blueprint(pages)


@pages.get("/export")
def export(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "export")
    resource.require("read")
    state = ListState.read(resource, request.args)
    form = request.args.get("format", "csv")
    if form not in MIME:
        raise BadRequest(_("There is no such format; known: %(known)s.", known=", ".join(MIME)))
    names, counter = chosen(state), Counter()
    columns = (*names, *beside(resource, names))  # an amount without its currency says nothing
    found = counter.over(
        exports.rows(resource, columns, state.tests, state.search, state.sort or None, archived=state.archived)
    )
    # The first page is read at once, so that a wrong query is still an error page.
    found = chain([next(found, [])], found)
    stem = re.sub(r"[^\w-]+", "-", str(resource.labels)).strip("-") or resource.name
    title = f"{stem}-{now():%Y-%m-%d}.{form}"
    if form == "xlsx":
        return _workbook(resource, columns, found, title)
    bom = request.args.get("bom", "1") != "0"
    lines: Iterator[Any] = (
        exports.csv_lines(resource, columns, found, bom=bom)
        if form == "csv"
        else exports.jsonl_lines(resource, columns, found)
    )
    sent = streamed(lines, lambda: note(resource, form, counter.count))
    response = Response(sent, content_type=MIME[form])
    response.headers.set("Content-Disposition", "attachment", filename=title)
    response.headers["Cache-Control"] = "no-store"
    return response


class Counter:
    """Counts the records that pass by."""

    def __init__(self) -> None:
        self.count = 0

    def over(self, found: Iterable[P]) -> Iterator[P]:
        for page in found:
            self.count += len(page)
            yield page


def _workbook(resource: Resource, columns: tuple[str, ...], found: Iterator[Rows], title: str) -> Response:
    out = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (the answer reads it and closes it)
    count = exports.xlsx_file(resource, columns, found, out)
    note(resource, "xlsx", count)
    out.seek(0)
    response = send_file(out, MIME["xlsx"], as_attachment=True, download_name=title)
    response.headers["Cache-Control"] = "no-store"
    return response


def streamed(lines: Iterator[T], noted: Callable[[], None]) -> Iterator[T]:
    """Yield what is sent. It comes after the request is over: in a copy of its context, leaving no transaction open.

    `noted` writes into the log how much it was.
    """
    context = copy_context()
    ended = object()

    def following() -> Any:
        try:
            return next(lines, ended)
        finally:
            rollback(current.session)

    def finish() -> None:
        try:
            with unit_of_work():
                noted()
        finally:
            db.session.remove()  # the request that would do it is over

    def send() -> Iterator[Any]:
        try:
            while (piece := context.run(following)) is not ended:
                yield piece
        finally:
            context.run(finish)

    return send()


def note(resource: Resource, form: str, count: int) -> None:
    """Write down that records have left: which ones the address tells."""
    asked = {name: value for name, value in request.args.items() if value and name not in ("format", "bom")}
    told = {"format": form, "records": count, **({"filter": asked} if asked else {})}
    audit.record("export", resource.key, title=str(resource.labels), after=told)
