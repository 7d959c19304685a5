"""What day it is where the business is, for code and, within the conditions of derived statuses, for PostgreSQL.

It must not be asked of the server's own time zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import Date, literal_column

from diwan.db.base import now
from diwan.db.context import current

_in_sql: ContextVar[bool] = ContextVar("in_sql", default=False)


def today() -> date:
    """Return the day in the time zone of the business; in UTC outside of any.

    Within the condition of a `Status` it is an SQL expression, which each reading works out anew.
    """
    if _in_sql.get():
        # A sub-select is worked out once for a statement, the function alone for each row.
        return cast(date, literal_column("(SELECT core.today())", Date()))
    tenant = current.tenant_or_none
    return now().astimezone(ZoneInfo(tenant.timezone if tenant else "UTC")).date()


@contextmanager
def in_sql() -> Iterator[None]:
    """Within this block `today()` is SQL: conditions are written once and hold every day."""
    token = _in_sql.set(True)
    try:
        yield
    finally:
        _in_sql.reset(token)
