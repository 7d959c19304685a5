"""Takes an import back: new records go, changed ones get their former values, unless somebody changed them since.

It works batch by batch like the import, so that a killed worker repeats nothing. It must not touch what others did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import any_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from diwan import audit, jobs
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.errors import DiwanError
from diwan.imports.models import ROWS, ImportRun
from diwan.imports.run import TIMEOUT, _parked
from diwan.imports.service import UNDO, get_run, resource_of
from diwan.kit.i18n import _
from diwan.resources import Resource, store
from diwan.resources.bulk import Change, Outcome, delete_many, update_many
from diwan.resources.lookup import Existing, find_by_id

BATCH = 500


@dataclass(slots=True)
class Trace:
    """What a run did to one record, over all its rows: the former values, the version it left, whether it made it."""

    id: UUID
    made: bool = False
    version: int = 0
    before: dict[str, Any] = field(default_factory=dict)


@jobs.job(UNDO, batches=True, timeout=TIMEOUT, on_parked=_parked)
def undo_import(run: UUID) -> None:
    """Undo the rows of a run that are not undone yet."""
    after = 0
    while True:
        with unit_of_work():
            record = get_run(run, lock=True)
            if record.state != "undoing":
                return
            traces, after = _next_traces(record, after)
            if not traces:
                record.state, record.finished_at = "undone", now()
                kept = _count(record, "kept")
                audit.record("import_undo", record.resource, record.id, record.file_name, after={"kept": kept})
                return
            _undo(resource_of(record), record, traces)
            jobs.progress(record.done, record.created + record.updated)


def _next_traces(run: ImportRun, after: int) -> tuple[list[Trace], int]:
    """The next records of the run, each with everything that the run did to it, and the last row looked at."""
    mine = (ROWS.c.tenant_id == current.tenant.id, ROWS.c.run_id == run.id)
    connection = current.session.connection()
    rows = select(ROWS.c.record_id, ROWS.c.number).where(
        *mine, ROWS.c.number > after, ROWS.c.outcome.in_(("created", "updated"))
    )
    found = connection.execute(rows.order_by(ROWS.c.number).limit(BATCH)).all()
    if not found:
        return [], after
    ids = list(dict.fromkeys(row.record_id for row in found))
    done = select(ROWS.c.record_id, ROWS.c.outcome, ROWS.c.version, ROWS.c.before).where(
        *mine, ROWS.c.record_id == any_(bindparam("ids", ids, type_=ARRAY(Uuid())))
    )
    traces = {id_: Trace(id_) for id_ in ids}
    for row in connection.execute(done.order_by(ROWS.c.number)):
        trace = traces[row.record_id]
        trace.made |= row.outcome == "created"
        trace.version = max(trace.version, row.version)
        trace.before = {**(row.before or {}), **trace.before}  # the earliest values are the ones to come back
    return list(traces.values()), found[-1].number


def _undo(resource: Resource, run: ImportRun, traces: Sequence[Trace]) -> None:
    there = find_by_id(resource, [trace.id for trace in traces], lock=True)
    kept: dict[UUID, object] = {}
    deletions: list[Existing] = []
    changes: list[Change] = []
    for trace in traces:
        record = there.get(trace.id)
        if record is None:
            continue  # somebody has deleted it: nothing is left to undo
        if record.version != trace.version:
            kept[trace.id] = _("Somebody has changed this record since; it stays as it is.")
        elif trace.made:
            deletions.append(record)
        elif trace.before:
            changes.append(Change(record, _former(resource, trace.before)))
    gone = zip(deletions, delete_many(resource, deletions), strict=True)
    back = zip([change.record for change in changes], update_many(resource, changes), strict=True)
    outcomes: list[tuple[Existing, Outcome]] = [*gone, *back]
    kept |= {record.id: str(outcome) for record, outcome in outcomes if isinstance(outcome, DiwanError)}
    restored = {c.record.id for c in changes} - kept.keys()
    _rearchive(resource, [trace for trace in traces if trace.id in restored])
    _note(run, traces, kept)


def _former(resource: Resource, before: dict[str, Any]) -> dict[str, Any]:
    """The former values, typed again from their JSON."""
    return {name: resource.fields[name].parse(value) for name, value in before.items() if name in resource.fields}


def _rearchive(resource: Resource, traces: Sequence[Trace]) -> None:
    """Records that the run fetched from the archive go back there."""
    for trace in traces:
        if trace.before.get("archived_at"):
            store.archive(resource, trace.id)


def _note(run: ImportRun, traces: Sequence[Trace], kept: dict[UUID, object]) -> None:
    """Write down what became of the rows of these records, and how far the undoing is."""
    mine = (ROWS.c.tenant_id == current.tenant.id, ROWS.c.run_id == run.id)
    connection = current.session.connection()
    undone = [trace.id for trace in traces if trace.id not in kept]
    by_id = ROWS.c.record_id == any_(bindparam("ids", type_=ARRAY(Uuid())))
    rows = update(ROWS).where(*mine, by_id)
    count = connection.execute(rows.values(outcome="undone"), {"ids": undone}).rowcount
    for problem in set(map(str, kept.values())):
        ids = [id_ for id_, text in kept.items() if str(text) == problem]
        count += connection.execute(rows.values(outcome="kept", problem=problem), {"ids": ids}).rowcount
    run.done += count


def _count(run: ImportRun, outcome: str) -> int:
    mine = (ROWS.c.tenant_id == current.tenant.id, ROWS.c.run_id == run.id, ROWS.c.outcome == outcome)
    return current.session.connection().execute(select(func.count()).select_from(ROWS).where(*mine)).scalar_one()
