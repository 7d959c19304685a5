"""One statement outside the unit of work, without BEGIN: sessions, tokens and counters that must outlive a rollback.

It must never touch a tenant's rows except through the lookup functions: no tenant is set here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Engine

from diwan.db.context import current
from diwan.errors import Unavailable
from diwan.kit.i18n import _

Parameters = Sequence[Any] | Mapping[str, Any]


def fetch_row(statement: LiteralString, parameters: Parameters) -> Any:
    """Run one statement in autocommit mode; return its first row as a named tuple, or None.

    The statement must bear running twice: a connection that died in the pool is replaced and it is tried once more.
    """
    bind = current.session.get_bind()
    if isinstance(bind, Connection):  # a test holds everything in one transaction
        return _execute(bind.connection.driver_connection, statement, parameters)
    try:
        return _on_engine(bind, statement, parameters)
    except psycopg.OperationalError:
        bind.dispose()
    try:
        return _on_engine(bind, statement, parameters)
    except psycopg.OperationalError as error:
        raise Unavailable(_("The database does not answer just now. Please try again in a moment.")) from error


def _on_engine(engine: Engine, statement: LiteralString, parameters: Parameters) -> Any:
    pooled = engine.raw_connection()
    try:
        return _execute(pooled.driver_connection, statement, parameters)
    except psycopg.OperationalError as error:
        pooled.invalidate(error)
        raise
    finally:
        pooled.close()


def _execute(driver: Any, statement: LiteralString, parameters: Parameters) -> Any:
    with driver.cursor(row_factory=namedtuple_row) as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone() if cursor.description else None
