"""What a handler may say and ask while it runs: progress() and cancelled().

Both work inside the transaction of a batch, where the fencing check makes them part of its commit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from diwan.db.context import current
from diwan.jobs import lease
from diwan.jobs.lease import Claim
from diwan.kernel import faces

QUIET = 0.2
"""Seconds between two notes of progress that need a transaction of their own."""


@dataclass(slots=True)
class Run:
    """The job that this thread runs."""

    claim: Claim
    engine: Engine
    batches: bool
    noted: float = 0.0


_run: ContextVar[Run | None] = ContextVar("job", default=None)


def progress(done: int, total: int, message: object = "") -> None:
    """Say how far the job is; this also prolongs its lease. Does nothing outside a job.

    In a batch's transaction the note is committed or undone with the batch. Raises LostLease when another worker has
    the job, Cancelled when a person stopped it: the batch is then rolled back.
    """
    run = _run.get()
    if run is None:
        return
    note = json.dumps({"done": done, "total": total, "message": str(message)})
    if run.batches and current.session.in_transaction():
        lease.extend(current.session.connection(), run.claim, note)
        return
    moment = time.monotonic()
    if moment - run.noted < QUIET and done < total:
        return
    run.noted = moment
    with run.engine.begin() as connection:
        lease.extend(connection, run.claim, note)


faces.give("progress", progress)


def cancelled() -> bool:
    """Return whether a person has cancelled the job, for handlers that want to end in good order."""
    run = _run.get()
    if run is None:
        return False
    with _reading(run) as connection:
        row = connection.execute(lease.STATE, {"tenant": run.claim.tenant.id, "id": run.claim.id}).first()
    return row is None or row.state == "cancelled"


@contextmanager
def running(run: Run) -> Iterator[Run]:
    """Make `run` what progress() and cancelled() mean."""
    token = _run.set(run)
    try:
        yield run
    finally:
        _run.reset(token)


@contextmanager
def _reading(run: Run) -> Iterator[Connection]:
    if current.session.in_transaction():
        yield current.session.connection()
    else:
        with run.engine.begin() as connection:
            yield connection
