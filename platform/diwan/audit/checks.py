"""The check of a business's own log, as a job that people start, and what the last one found.

What it finds is itself an entry: the log tells when it was checked, and nobody can make up a check that never ran.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from diwan.audit import chain
from diwan.audit.models import AuditEntry
from diwan.audit.service import record
from diwan.db import unit_of_work
from diwan.db.context import current

CHECK = "core.audit.check"
"""The name of the job."""
ACTION = "audit.checked"
PLACE = "core.audit"


@dataclass(frozen=True, slots=True)
class Found:
    """What the last check found. `fault` is empty where the chain is intact."""

    at: datetime
    entries: int
    removed: int
    fault: str


def check() -> None:
    """Check the chain of the open business and write down what was found."""
    with unit_of_work():
        verdict = chain.verify()
    told = {"entries": verdict.entries, "removed": verdict.removed, "seq": verdict.seq, "hash": verdict.hash}
    if verdict.fault is not None:
        told["fault"] = str(verdict.fault)
    with unit_of_work():
        record(ACTION, PLACE, None, current.tenant.name, after=told)


def last_check() -> Found | None:
    """Return what the last check of the open business found."""
    newest = (
        select(AuditEntry.at, AuditEntry.after)
        .where(AuditEntry.tenant_id == current.tenant.id, AuditEntry.resource == PLACE)
        .where(AuditEntry.record_id.is_(None), AuditEntry.action == ACTION)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    row = current.session.execute(newest).first()
    if row is None or row.after is None:
        return None
    return Found(row.at, row.after.get("entries", 0), row.after.get("removed", 0), row.after.get("fault", ""))
