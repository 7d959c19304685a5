"""What the pages of the import wizard show of a run.

It must not change a run nor read a request.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from sqlalchemy import select

from diwan.db import current
from diwan.db.base import now
from diwan.imports import service
from diwan.imports.csv_file import DELIMITERS
from diwan.imports.encodings import ENCODINGS
from diwan.imports.failed import write_failed
from diwan.imports.models import ImportRun
from diwan.imports.table import Table
from diwan.imports.targets import guess_mapping, importable, labels_of, match_fields
from diwan.kit import formats
from diwan.kit.i18n import _, ngettext
from diwan.resources import Resource
from diwan.users.models import User
from diwan.web.cells import control, record_base

SHOWN_PROBLEMS = 50
SAMPLES = 3
IN_MEMORY = 4 * 1024 * 1024
STATES = {
    "uploaded": (_("Not started"), "mute"),
    "mapped": (_("Not started"), "mute"),
    "checking": (_("Being checked"), "info"),
    "checked": (_("Checked"), "info"),
    "queued": (_("Waiting"), "info"),
    "running": (_("Running"), "info"),
    "done": (_("Done"), "ok"),
    "failed": (_("Failed"), "bad"),
    "stopped": (_("Stopped"), "warn"),
    "undoing": (_("Being undone"), "info"),
    "undone": (_("Undone"), "mute"),
}


def settable(resource: Resource) -> list[str]:
    """Return the fields for which one value may be set for all rows: those with a fixed set of values."""
    kinds = ("choice", "choices", "country")
    return [name for name, f in importable(resource).items() if f.kind.name in kinds]


def recent(run: ImportRun, href: str) -> dict[str, Any]:
    """Return a run as a line of the list of earlier imports."""
    state, tone = STATES[run.state]
    when = formats.ago(run.created_at, now())
    return {"name": run.file_name, "when": when, "state": state, "tone": tone, "href": href}


def mapping(
    resource: Resource, run: ImportRun, address: str, *, errors: Mapping[str, object], columns: Mapping[str, str],
    defaults: Mapping[str, Any], match: str, back_href: str,
) -> dict[str, Any]:  # fmt: skip
    """Return the context of the mapping page."""
    table = service.read(run)
    samples = [row.cells for row in table.sample(SAMPLES)]
    guessed = {guess.column: guess.target for guess in guess_mapping(resource, table)}
    fields = importable(resource)
    fed = {*columns.values(), *(name for name, value in defaults.items() if value)}
    known = {*table.columns, "match_field", "mode", *(f"all-{name}" for name in fields)}
    return {
        "action": address,
        "back_href": back_href,
        "error": "; ".join(str(text) for place, text in errors.items() if place not in known) or run.error,
        "file": {"name": run.file_name, "rows": table.expected, "encoding": _how_read(table),
                 "rows_text": "" if table.counted else _("about %(rows)s rows", rows=f"{table.expected:,}")},
        "format": _format(run, table, f"{address}/format"),
        "columns": [
            {
                "index": index,
                "header": column,
                "samples": [cells[index][:80] for cells in samples if index < len(cells)],
                "field": columns.get(column, ""),
                "guessed": bool(columns.get(column)) and columns.get(column) == guessed.get(column),
                "error": errors.get(column),
            }
            for index, column in enumerate(table.columns)
        ],
        "fields": _field_groups(resource),
        "match": {"name": "match", "value": match, "choices": _matches(resource, set(columns.values())),
                  "help": errors.get("match_field") or errors.get("mode")},
        "defaults": [_for_all(resource, n, defaults.get(n), errors.get(f"all-{n}")) for n in settable(resource)],
        "missing": [str(f.label) for name, f in fields.items() if f.required and name not in fed],
    }  # fmt: skip


def _how_read(table: Table) -> str:
    if table.kind == "xlsx":
        return table.sheet
    return str(ENCODINGS.get(table.encoding, table.encoding))


def _format(run: ImportRun, table: Table, action: str) -> dict[str, Any] | None:
    """The choices of how the file is read; a blank one means that Diwan finds out."""
    if table.kind == "xlsx":
        sheets = [{"value": name, "label": name} for name in table.sheets]
        fields = [{"name": "sheet", "kind": "choice", "label": _("Sheet"), "value": table.sheet, "choices": sheets,
                   "required": True}]  # fmt: skip
        return {"action": action, "fields": fields} if len(sheets) > 1 else None
    encoding = _found("encoding", _("Encoding"), run.encoding, ENCODINGS, table.encoding)
    delimiter = _found("delimiter", _("Delimiter"), run.delimiter, DELIMITERS, table.delimiter)
    return {"action": action, "fields": [encoding, delimiter]}


def _found(name: str, label: object, value: str, known: Mapping[str, Any], found: str) -> dict[str, Any]:
    choices = [{"value": key, "label": text} for key, text in known.items()]
    blank = _("Found out: %(what)s", what=known.get(found, found)) if not value else _("Find out")
    return {"name": name, "kind": "choice", "label": label, "value": value, "choices": choices, "empty_label": blank}


def _field_groups(resource: Resource) -> list[dict[str, Any]]:
    fields = importable(resource)
    groups, placed = [], set[str]()
    for section in resource.sections:
        names = [name for name in section.fields if name in fields and name not in placed]
        placed.update(names)
        groups.append((section.label or resource.label, names))
    groups.append((_("More"), [name for name in fields if name not in placed]))
    return [
        {
            "label": label,
            "options": [{"value": n, "label": fields[n].label, "required": fields[n].required} for n in names],
        }
        for label, names in groups
        if names
    ]


def _matches(resource: Resource, mapped: set[str]) -> list[dict[str, Any]]:
    """The ways to find the record of a row: update or skip by each field that can tell records apart."""
    fields = importable(resource)
    # Also some that no column feeds yet: the person may change the columns on the same page.
    sure = [n for n in match_fields(resource) if fields[n].unique or n == resource.title]
    sure += [n for n in match_fields(resource) if fields[n].kind.name in ("email", "phone") and n in mapped]
    choices: list[dict[str, Any]] = []
    ways = (
        ("update", _("Update records with the same “%(label)s”"), _("Blank cells leave what is there.")),
        ("skip", _("Skip records with the same “%(label)s”"), _("Only rows without a match are imported.")),
    )
    for name in sure[:5]:
        for mode, text, help in ways:
            choices.append({"value": f"{name}:{mode}", "label": text % {"label": fields[name].label}, "help": help})
    every = {"value": ":create", "label": _("Every row is a new record"), "help": _("Nothing is compared.")}
    return [*choices, every]


def _for_all(resource: Resource, name: str, value: Any, error: object) -> dict[str, Any]:
    field, as_is = control(resource.fields[name], value, error), _("As in the file")
    return {**field, "name": f"all-{name}", "required": False, "help": "", "empty_label": as_is, "placeholder": as_is}


def check(run: ImportRun, address: str) -> dict[str, Any]:
    """Return the context of the check page."""
    shown: dict[str, Any] = {"action": f"{address}/check", "back_href": address}
    if run.state == "checking":
        return {**shown, "running": {"percent": _percent(run), "src": f"{address}/check"}}
    table = service.read(run)
    failed = list(service.rows_of(run, "failed", limit=SHOWN_PROBLEMS))
    return {
        **shown,
        "total": run.total,
        "created": run.created,
        "updated": run.updated,
        "skipped": run.skipped,
        "failed": run.failed,
        "errors": [line for row in failed for line in _explain(run, table, row)],
        "more_errors": max(run.failed - len(failed), 0),
        "errors_href": f"{address}/failed.csv",
        "remarks": [
            {"row": row.number, "message": row.problem}
            for row in service.rows_of(run, "created", "updated", limit=SHOWN_PROBLEMS)
        ],
        "preview": _preview(run, table),
        "skip_failed": True,
    }


def _explain(run: ImportRun, table: Table, row: Any) -> list[dict[str, Any]]:
    """The problems of a failed row, each with the column and the cell that it means."""
    fields = importable(service.resource_of(run))
    named = {name: column for column, name in run.columns.items()}
    # Whoever looks may speak another language than whoever checked.
    places = {label: named.get(name, label) for name, f in fields.items() for label in labels_of(f)}
    lines = []
    for line in row.problem.split("\n"):
        label, colon, message = line.partition(": ")
        column = places.get(label, "") if colon else ""
        index = table.columns.index(column) if column in table.columns else -1
        value = row.cells[index][:80] if 0 <= index < len(row.cells or []) else ""
        lines.append({"row": row.number, "column": column, "value": value, "message": message if column else line})
    return lines


def _preview(run: ImportRun, table: Table) -> dict[str, Any]:
    fields = importable(service.resource_of(run))
    chosen = [(index, run.columns[column]) for index, column in enumerate(table.columns) if column in run.columns]
    return {
        "columns": [fields[name].label for _index, name in chosen if name in fields],
        "rows": [
            [row.cells[index][:80] if index < len(row.cells) else "" for index, name in chosen if name in fields]
            for row in table.sample(5)
        ],
    }


def progress(run: ImportRun, address: str) -> dict[str, Any]:
    """Return the context of the progress page, of an import and of its undoing."""
    undoing = run.state == "undoing"
    total = run.created + run.updated if undoing else run.total
    return {
        "percent": _percent(run, total),
        "done": run.done,
        "total": max(total, run.done),
        "created": run.created,
        "updated": run.updated,
        "skipped": run.skipped,
        "failed": run.failed,
        "state": run.state,
        "label": _("Undoing…") if undoing else "",
        "src": f"{address}/run",
        "leave_href": record_base(run.resource),
        "cancel_action": None if undoing else f"{address}/stop",
    }


def result(run: ImportRun, address: str) -> dict[str, Any]:
    """Return the context of the result page."""
    base = record_base(run.resource)
    kept = list(service.rows_of(run, "kept", limit=SHOWN_PROBLEMS))
    failed = list(service.rows_of(run, "failed", limit=SHOWN_PROBLEMS))
    may_undo = current.user.can(service.resource_of(run).permission("delete"))
    undoable = run.state in service.UNDOABLE and run.created + run.updated > 0 and may_undo
    return {
        "state": run.state,
        "message": run.error or (_kept_text(len(kept)) if kept else service.GONE if run.file_id is None else ""),
        "created": run.created,
        "updated": run.updated,
        "skipped": run.skipped,
        "failed": run.failed,
        "took": _took(run),
        "when": formats.moment(run.finished_at or run.created_at, current.tenant.timezone),
        "who": current.session.scalar(select(User.name).where(User.id == run.created_by)) or "",
        "list_href": base,
        "again_href": f"{base}/import",
        "failed_href": f"{address}/failed.csv" if run.file_id else None,
        "resume_action": f"{address}/resume" if run.file_id and run.state in ("failed", "stopped") else None,
        "undo_action": f"{address}/undo" if undoable else None,
        "errors": [{"row": row.number, "message": row.problem} for row in [*failed, *kept]],
    }


def _kept_text(count: int) -> str:
    return ngettext("%(n)s row could not be undone.", "%(n)s rows could not be undone.", count)


def failed_file(run: ImportRun) -> IO[bytes]:
    """Return the rows that failed as a CSV file, at its beginning."""
    table = service.read(run)
    # Kept in memory while small; the response closes it.
    spool = cast(IO[bytes], SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115
    text = io.TextIOWrapper(spool, encoding="utf-8", newline="", write_through=True)
    write_failed(text, table.columns, service.failed_rows(run))
    text.flush()
    text.detach()
    spool.seek(0)
    return spool


def _percent(run: ImportRun, total: int | None = None) -> float:
    total = run.total if total is None else total
    return min(100.0, 100.0 * run.done / total) if total else 0.0


def _took(run: ImportRun) -> str:
    if not run.started_at or not run.finished_at:
        return ""
    seconds = max((run.finished_at - run.started_at).total_seconds(), 0.0)
    if seconds < 60:
        return str(_("%(seconds)s seconds", seconds=f"{seconds:.1f}"))
    return str(_("%(minutes)s min %(seconds)s s", minutes=int(seconds // 60), seconds=int(seconds % 60)))
