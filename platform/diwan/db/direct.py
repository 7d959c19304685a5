"""Statements outside the unit of work: sessions and tokens without a tenant; lists in one round trip within one.

It must never write a tenant's rows, nor read them but through the lookup functions or with the tenant set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Engine

from diwan.db.context import current
from diwan.db.engine import tenant_setting
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


def read_rows(*statements: tuple[str, Parameters]) -> list[list[Any]]:
    """Run selects of the open tenant and return the rows of each.

    Where a transaction is open they run in it. Else they get one of their own, and BEGIN, the tenant, all selects and
    COMMIT travel together: one round trip where a unit of work takes four.
    """
    session = current.session
    if session.in_transaction() or isinstance(session.get_bind(), Connection):
        connection = session.connection()
        return [list(connection.exec_driver_sql(sql, dict(values)).fetchall()) for sql, values in statements]
    engine: Any = session.get_bind()
    pooled = engine.raw_connection()
    driver: Any = pooled.driver_connection
    try:
        with driver.pipeline():
            driver.execute("BEGIN READ ONLY")
            driver.execute(tenant_setting(current.tenant.id))
            cursors = [driver.execute(sql, values) for sql, values in statements]
            driver.execute("COMMIT")
        return [cursor.fetchall() for cursor in cursors]
    except psycopg.OperationalError as error:
        if driver.closed:
            pooled.invalidate(error)
        raise
    finally:
        pooled.close()


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
