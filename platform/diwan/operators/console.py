"""What the console tells: businesses, jobs, grants to support, as counts, names and states.

It must ask the look-up functions only; they answer nobody but an operator, and hold no column of a tenant's data.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import NotFound
from diwan.kit.i18n import _

PAGE = 25
MOST_GROUPS = 200
MOST_GRANTS = 50

TENANTS = text(
    "SELECT * FROM core.operator_tenants(:who, :moment, CAST(:only AS bigint), :words, :state, :country,"
    " CAST(:before AS bigint), :most)"
)
COUNT = text(
    "SELECT count(*) AS all, count(*) FILTER (WHERE state = 'suspended') AS suspended,"
    " count(*) FILTER (WHERE created_at > :since) AS fresh FROM core.tenant"
)
RECORDS = text("SELECT records FROM core.operator_records(:who, :only)")
GRANTS = text("SELECT * FROM core.operator_grants(:who, :moment, CAST(:only AS bigint), :most)")
JOBS = text("SELECT * FROM core.operator_jobs(:who, CAST(:only AS bigint), :most)")
PARKED = text("SELECT * FROM core.operator_parked(:who, CAST(:only AS bigint), CAST(:before AS uuid), :most)")
LEASES = text("SELECT name, holder, until, checked_at FROM core.scheduler_lease ORDER BY name")
SERVER = text("SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes")


def tenants(
    *, words: str = "", state: str = "", country: str = "", before: int | None = None, limit: int = PAGE
) -> Sequence[Any]:
    """Return businesses, the newest first; one more than `limit` where there are more."""
    pattern = words.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return _rows(
        TENANTS, moment=now(), only=None, words=f"%{pattern}%" if pattern else "", state=state, country=country,
        before=before, most=limit + 1,
    )  # fmt: skip


def tenant(id: int) -> Any:
    """Return one business. Raises NotFound."""
    found = _rows(TENANTS, moment=now(), only=id, words="", state="", country="", before=None, most=1)
    if not found:
        raise NotFound(_("There is no such business."))
    return found[0]


def totals(since: datetime) -> Any:
    """Return how many businesses there are: all, suspended, fresh (made after `since`)."""
    return current.session.connection().execute(COUNT, {"since": since}).one()


def records(id: int) -> int:
    """Return how many records of a business its search knows."""
    found = _rows(RECORDS, only=id)
    return int(found[0].records) if found else 0


def grants(id: int | None = None) -> Sequence[Any]:
    """Return the live grants to support, or all lately given by one business."""
    return _rows(GRANTS, moment=now(), only=id, most=MOST_GRANTS)


def jobs(id: int | None = None) -> Sequence[Any]:
    """Return waiting, leased and parked jobs, counted by business, kind and name."""
    return _rows(JOBS, only=id, most=MOST_GROUPS)


def parked(id: int | None = None, before: UUID | None = None, limit: int = PAGE) -> Sequence[Any]:
    """Return parked jobs, newest first; of what went wrong the exception's class and the place. One more than asked."""
    return _rows(PARKED, only=id, before=before, most=limit + 1)


def leases() -> Sequence[Any]:
    """Return who schedules: name, holder, until, checked_at."""
    return current.session.connection().execute(LEASES).all()


def server() -> Any:
    """Return the version of PostgreSQL and the size of the database."""
    return current.session.connection().execute(SERVER).one()


def _rows(statement: Any, **values: Any) -> Sequence[Any]:
    return current.session.connection().execute(statement, {"who": current.user.id, **values}).all()
