"""How long the log is kept: a business may let entries go that are older than some months, at least a year.

It must remove from the oldest on only, through the one function of the database that can, and leave an entry of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from diwan.audit.chain import REMOVED
from diwan.audit.service import record
from diwan.db import unit_of_work
from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import Invalid
from diwan.kit.i18n import _

POLICY = "audit_months"
LEAST, MOST = 12, 1_200
BATCH = 5_000

EVERY = timedelta(hours=20)

LATELY = text(
    """SELECT 1 FROM core.audit_entry WHERE tenant_id = :tenant AND resource = 'core.audit' AND record_id IS NULL
        AND action = :action AND at > :moment LIMIT 1"""
)
FORGET = text("SELECT removed, last_seq, last_hash FROM core.forget_audit(:months, :most)")


def kept_months(policy: Any) -> int | None:
    """Return how many months a business keeps its log; None: for ever."""
    months = (policy or {}).get(POLICY)
    return months if isinstance(months, int) and months >= LEAST else None


def parse_months(raw: str) -> int | None:
    """Return what somebody typed as a number of months; None for nothing. Raises Invalid."""
    raw = raw.strip()
    if not raw:
        return None
    if not (raw.isascii() and raw.isdigit()) or len(raw) > 4 or not LEAST <= int(raw) <= MOST:
        message = _("Enter a whole number of months from %(least)s to %(most)s, or nothing.", least=LEAST, most=MOST)
        raise Invalid({POLICY: message})
    return int(raw)


def forget_for_age() -> int:
    """Remove what the open business does not want to keep any longer, once a day; return how many entries."""
    months = kept_months(current.tenant.policy)
    if months is None:
        return 0
    with unit_of_work() as session:
        values = {"tenant": current.tenant.id, "action": REMOVED, "moment": now() - EVERY}
        if session.connection().execute(LATELY, values).first() is not None:
            return 0
    return forget_old(months)


def forget_old(months: int, most: int = BATCH) -> int:
    """Remove the entries of the open business that are older; return how many. Commits after each batch."""
    total = 0
    while True:
        with unit_of_work() as session:
            row = session.connection().execute(FORGET, {"months": months, "most": most}).first()
            if row is None or row.removed == 0:
                return total
            told = {"records": row.removed, "through": row.last_seq, "hash": bytes(row.last_hash).hex()}
            record(REMOVED, "core.audit", None, current.tenant.name, after={**told, "months": months})
        total += row.removed
