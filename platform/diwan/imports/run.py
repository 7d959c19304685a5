"""The jobs of an import: the check and the run, batch by batch.

Each batch is one transaction with its rows' outcomes and the progress, so that a killed worker repeats nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from diwan import audit, jobs
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.db.bulk import insert_rows
from diwan.errors import DiwanError, Invalid
from diwan.imports.models import ROWS, ImportRun
from diwan.imports.planning import Planner, Step
from diwan.imports.service import CHECK, RUN, forget_rows, get_run, read, resource_of
from diwan.imports.table import Row
from diwan.imports.values import Reading
from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.resources.bulk import Change, Outcome, Written, create_many, update_many

BATCH = 1_000
TIMEOUT = 4 * 3600


def _parked(payload: Mapping[str, Any], error: str) -> None:
    """A job gave up: say so on its run. A failed check goes back to the mapping."""
    run = current.session.get(ImportRun, (current.tenant.id, UUID(str(payload["run"]))), with_for_update=True)
    if run is not None:
        run.state = {"checking": "mapped", "undoing": "done"}.get(run.state, "failed")
        run.error, run.finished_at = error, now()


@jobs.job(CHECK, batches=True, timeout=TIMEOUT, on_parked=_parked)
def check_import(run: UUID) -> None:
    """Plan every row and record those that would fail. After a crash it begins again."""
    with unit_of_work():
        record = get_run(run, lock=True)
        if record.state != "checking":
            return
        forget_rows(record)
        table = read(record)
        planner = Planner(resource_of(record), record, table, current.tenant.timezone, rehearse=True)
        record.total = table.expected
    for batch in read_ahead(planner, table.rows()):
        with unit_of_work():
            record = get_run(run, lock=True)
            if record.state != "checking":
                return
            steps = planner.plan(batch)
            _record(record, [_entry(step, None) for step in steps], rehearsal=True)
            jobs.progress(record.done, max(record.total, record.done))
    with unit_of_work():
        record = get_run(run, lock=True)
        if record.state == "checking":
            record.state, record.total = "checked", record.done
            if not record.done:
                record.state, record.error = "mapped", str(_("This file has no rows below its header."))


@jobs.job(RUN, batches=True, timeout=TIMEOUT, on_parked=_parked)
def run_import(run: UUID) -> None:
    """Import the rows that have no outcome yet. After a crash it goes on behind the last batch that was committed."""
    with unit_of_work():
        record = get_run(run, lock=True)
        if record.state not in ("queued", "running"):
            return
        record.state = "running"
        record.started_at = record.started_at or now()
        resource, table = resource_of(record), read(record)
        planner = Planner(resource, record, table, current.tenant.timezone, rehearse=False)
        after = _last_row(record)
    for batch in read_ahead(planner, table.rows(after)):
        with unit_of_work():
            record = get_run(run, lock=True)
            if record.state != "running":
                return
            _record(record, _write(resource, planner.plan(batch)))
            jobs.progress(record.done, max(record.total, record.done))
    with unit_of_work():
        record = get_run(run, lock=True)
        if record.state == "running":
            record.state, record.finished_at, record.total = "done", now(), record.done
            counts = {name: getattr(record, name) for name in ("created", "updated", "skipped", "failed")}
            audit.record("import", record.resource, record.id, record.file_name, after=counts)


def read_ahead(planner: Planner, rows: Iterable[Row]) -> Iterator[list[Reading]]:
    """Yield the rows in batches; the next one is read in a second thread while the database works on this one."""
    readings = map(planner.reader.read, rows)
    context = copy_context()  # problems are told in the language of the job

    def following() -> list[Reading]:
        return list(islice(readings, BATCH))

    with ThreadPoolExecutor(1, thread_name_prefix="import-reader") as second:
        coming = second.submit(context.run, following)
        while batch := coming.result():
            coming = second.submit(context.run, following)
            yield batch


def _last_row(run: ImportRun) -> int:
    last = select(func.max(ROWS.c.number)).where(ROWS.c.tenant_id == current.tenant.id, ROWS.c.run_id == run.id)
    return current.session.connection().execute(last).scalar() or 0


def _write(resource: Resource, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Write a batch and return what to record of each row."""
    new = [step for step in steps if step.action == "created"]
    changed = [step for step in steps if step.action == "updated" and step.same_as is None]
    outcomes: dict[int, Outcome] = {}
    created = create_many(resource, [step.values for step in new])
    changes = [Change(step.record, step.values, revive=True) for step in changed if step.record]
    updated = update_many(resource, changes)
    for step, outcome in [*zip(new, created, strict=True), *zip(changed, updated, strict=True)]:
        outcomes[id(step)] = outcome
    return [_entry(step, _settle(resource, step, outcomes)) for step in steps]


def _settle(resource: Resource, step: Step, outcomes: Mapping[int, Outcome]) -> Written | None:
    """Bring a step's action in line with what the database said, also for rows written with an earlier one."""
    if step.action not in ("created", "updated"):
        return None
    outcome = outcomes[id(step.same_as or step)]
    if isinstance(outcome, DiwanError):
        step.fail(_told(resource, outcome))
        return None
    if step.same_as is not None:
        return Written(outcome.id, outcome.version)  # the earlier row keeps what was there before both
    if step.action == "updated" and not outcome.before:
        step.action, step.problem = "skipped", step.problem or str(_("Nothing differs from the record."))
    return outcome


def _told(resource: Resource, error: DiwanError) -> str:
    """An error as one line that names the fields by their labels."""
    if isinstance(error, Invalid):
        labels = {name: str(described.label) for name, described in resource.fields.items()}
        return "\n".join(f"{labels.get(name, name)}: {text}" for name, text in error.errors.items())
    return str(error)


def _entry(step: Step, written: Written | None) -> dict[str, Any]:
    failed = step.action == "failed"
    return {
        "number": step.row.number,
        "outcome": step.action,
        "record_id": written.id if written else None,
        "before": written.before or None if written else None,
        "version": written.version if written else None,
        "problem": step.problem[:2_000],
        # PostgreSQL's JSON takes no null character; the row failed for it.
        "cells": [cell.replace("\x00", "\ufffd") for cell in step.row.cells] if failed else None,
    }


def _record(run: ImportRun, entries: Sequence[dict[str, Any]], *, rehearsal: bool = False) -> None:
    """Count the outcomes of a batch on its run and write them down; of a rehearsal only what people should look at."""
    for entry in entries:
        name = entry["outcome"]
        setattr(run, name, getattr(run, name) + 1)
    run.done += len(entries)
    kept = [e for e in entries if e["problem"] and e["outcome"] != "skipped"] if rehearsal else entries
    shared = {"tenant_id": run.tenant_id, "run_id": run.id}
    insert_rows(current.session.connection(), ROWS, kept, names=list(entries[0]), shared=shared)
