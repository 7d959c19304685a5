"""The audit log as a file: CSV or lines of JSON, read page by page from the newest entry on.

It must give out what the reader may see, and let no cell become a formula.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

import orjson

from diwan.audit import service as log
from diwan.audit.models import AuditEntry
from diwan.audit.service import Filter
from diwan.exports.values import line
from diwan.exports.writing import BOM, _Echo, _guarded
from diwan.kit.i18n import _
from diwan.resources.logged import seen

PAGE = 500
COLUMNS = {
    "at": _("Time"),
    "actor": _("Who"),
    "actor_kind": _("As"),
    "action": _("Action"),
    "resource": _("What"),
    "title": _("Title"),
    "record_id": _("Record"),
    "before": _("Before"),
    "after": _("After"),
    "request_id": _("Request"),
    "id": _("Entry"),
}

Pages = Iterable[Sequence[AuditEntry]]


def pages(wanted: Filter) -> Iterator[Sequence[AuditEntry]]:
    """Yield the entries that are wanted, newest first. The first page is read at once."""
    first, last = _page(wanted, None)
    return chain([first], _following(wanted, last))


def _following(wanted: Filter, last: UUID | None) -> Iterator[Sequence[AuditEntry]]:
    while last is not None:
        page, last = _page(wanted, last)
        yield page


def _page(wanted: Filter, before: UUID | None) -> tuple[Sequence[AuditEntry], UUID | None]:
    found = log.entries(wanted=wanted, before=before, limit=PAGE)
    page = found[:PAGE]
    return page, page[-1].id if len(found) > PAGE else None


def as_row(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry as programs get it."""
    before, after = seen(entry)
    return {
        "id": entry.id,
        "at": entry.at,
        "actor": entry.actor_name,
        "actor_id": entry.actor_id,
        "actor_kind": entry.actor_kind,
        "action": entry.action,
        "resource": entry.resource,
        "record_id": entry.record_id,
        "title": entry.title,
        "before": before,
        "after": after,
        "request_id": entry.request_id,
    }


def jsonl_lines(found: Pages) -> Iterator[bytes]:
    """Yield a JSON object for each entry; one piece a page."""
    for page in found:
        yield b"".join(line(as_row(entry)) for entry in page)


def csv_lines(found: Pages, *, bom: bool = True) -> Iterator[str]:
    """Yield a CSV file, one piece a page; what an entry says before and after is JSON in one cell."""
    buffer = _Echo()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([str(label) for label in COLUMNS.values()])
    yield (BOM if bom else "") + buffer.take()
    for page in found:
        for entry in page:
            row = as_row(entry)
            writer.writerow([_guarded(_text(row[name]), numeric=False) for name in COLUMNS])
        yield buffer.take()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return value.isoformat(timespec="seconds") if hasattr(value, "isoformat") else str(value)
