"""What people and monitors may know of jobs, and the two things that a person may do: cancel one, try one again.

Whether the person may is for the caller to check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from rq.worker_registration import get_keys
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from diwan.db import current
from diwan.db.base import now
from diwan.db.session import rollback
from diwan.events import outbox
from diwan.jobs.faults import QUEUE_AWAY
from diwan.jobs.queue import connected
from diwan.jobs.runner import deliver

STATUS = text(
    """SELECT id, kind, name, state, attempts, error, progress, actor_id, token_id, created_at,
        finished_at FROM core.outbox
    WHERE tenant_id = :tenant AND id = :id"""
)
CANCEL = text(
    """UPDATE core.outbox SET state = 'cancelled', finished_at = :moment, lease_until = NULL
    WHERE tenant_id = :tenant AND id = :id AND state IN ('ready', 'leased')"""
)
RETRY = text(
    """UPDATE core.outbox SET state = 'ready', attempts = 0, available_at = :moment, finished_at = NULL,
        fence = fence + 1
    WHERE tenant_id = :tenant AND id = :id AND state IN ('parked', 'cancelled')"""
)
DUE_HERE = text(
    """SELECT id FROM core.outbox WHERE tenant_id = :tenant AND state = 'ready' AND available_at <= :moment
    ORDER BY available_at, id LIMIT :most"""
)
OLDEST = text("SELECT min(due_at) FROM core.outbox_due(:moment, 1)")


@dataclass(frozen=True, slots=True)
class Status:
    """How one job stands. `error` is the last attempt's; `total` 0 means that no progress was told."""

    id: UUID
    kind: str
    name: str
    state: str
    attempts: int
    error: str
    done: int
    total: int
    message: str
    actor_id: UUID | None
    token_id: UUID | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def principal(self) -> UUID | None:
        """Whose job it is: a person's, or a service token's."""
        return self.actor_id or self.token_id

    @property
    def finished(self) -> bool:
        """Nothing more will happen by itself."""
        return self.state in ("done", "parked", "cancelled")


def enqueue(name: str, payload: Mapping[str, Any] | None = None, *, at: datetime | None = None) -> UUID:
    """Ask for a job in the open transaction: it starts after the commit, or at `at`. Returns its id."""
    return outbox.put("job", name, payload, available_at=at)


def status(id: UUID) -> Status | None:
    """Return how a job of the current tenant stands; None for an unknown one, or one finished weeks ago."""
    row: Any = (
        current.session.connection().execute(STATUS, {"tenant": current.tenant.id, "id": id}).mappings().one_or_none()
    )
    if row is None:
        return None
    values = dict(row)
    note = values.pop("progress") or {}
    return Status(**values, done=note.get("done", 0), total=note.get("total", 0), message=note.get("message", ""))


def cancel(id: UUID) -> bool:
    """Cancel a job in the open transaction. One that runs is stopped at its next note of progress and undone so far
    as it is not committed. False where it has finished already."""
    return _change(CANCEL, id)


def retry(id: UUID) -> bool:
    """Give a parked or cancelled job all its attempts again, in the open transaction."""
    return _change(RETRY, id)


def health() -> dict[str, Any]:
    """Return for monitors: ok (the queue answers), workers (alive), oldest_seconds (how long a due row has waited).

    Needs no tenant; ends the transaction that is open. `oldest_seconds` is None while the database is away.
    """
    queues = connected()
    workers, reached = 0, False
    if queues is not None:
        try:
            keys = set().union(*(get_keys(queue) for queue in queues.all))
            workers = int(queues.redis.exists(*keys)) if keys else int(queues.redis.exists("-"))
            reached = True
        except QUEUE_AWAY:
            pass
    return {"ok": reached, "queue": reached, "workers": workers, "oldest_seconds": _oldest()}


def _oldest() -> float | None:
    moment, session = now(), current.session
    try:
        oldest: datetime | None = session.connection().execute(OLDEST, {"moment": moment}).scalar()
    except (SQLAlchemyError, psycopg.Error):  # the database has a check of its own
        return None
    finally:
        rollback(session)
    return round(max((moment - oldest).total_seconds(), 0.0), 1) if oldest else 0.0


def run_pending(most: int = 1000) -> int:
    """Run what is due for the current tenant, here and now, without queue and worker (tests and small tools).

    Also runs what these jobs ask for in turn. No transaction may be open. Returns how many were delivered.
    """
    delivered = 0
    while delivered < most:
        values = {"tenant": current.tenant.id, "moment": now(), "most": most - delivered}
        ids = current.session.connection().execute(DUE_HERE, values).scalars().all()
        if not ids:
            break
        for id_ in ids:
            deliver(current.tenant.id, id_)
            delivered += 1
    return delivered


def _change(statement: Any, id_: UUID) -> bool:
    values = {"tenant": current.tenant.id, "id": id_, "moment": now()}
    return bool(current.session.connection().execute(statement, values).rowcount)
