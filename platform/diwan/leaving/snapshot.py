"""One consistent view of a business: a connection whose reads all see the same moment, and lets others see it too.

It must only read, and only with the tenant set: row-level security decides what there is.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Cursor, sql
from sqlalchemy import Connection

from diwan.db import current, unit_of_work
from diwan.leaving.catalogue import TenantTable, quoted

SETTINGS = (
    "SET LOCAL TimeZone = 'UTC'", "SET LOCAL IntervalStyle = 'iso_8601'", "SET LOCAL DateStyle = 'ISO'",
    # A large business is read for as long as it takes, and waits while its files are copied.
    "SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0",
)  # fmt: skip
PEOPLE = """SELECT u.id, u.email, u.name, u.language FROM core."user" u
    JOIN core.membership m ON m.user_id = u.id WHERE m.tenant_id = {tenant} ORDER BY u.id"""


class Snapshot:
    """What was in the database at one moment, of the open tenant. Made by `taken`."""

    def __init__(self, connection: Connection, name: str) -> None:
        self.connection, self.name = connection, name
        self._driver: Any = connection.connection.driver_connection

    def count(self, table: TenantTable) -> int:
        """Return the number of its rows."""
        statement = f"SELECT count(*) FROM {table.sql} WHERE tenant_id = %s"  # noqa: S608 - a name of the catalogue
        return int(self.connection.exec_driver_sql(statement, (current.tenant.id,)).scalar_one())

    def rows(self, table: TenantTable) -> Generator[bytes, None, None]:
        """Yield a line of JSON for each of its rows, in the order of its key."""
        columns = ", ".join(column.expression for column in table.columns)
        order = ", ".join(f"t.{quoted(name)}" for name in table.primary_key)
        yield from self.lines(
            f"SELECT {columns} FROM {table.sql} t WHERE t.tenant_id = {int(current.tenant.id)}"  # noqa: S608
            + (f" ORDER BY {order}" if order else "")
        )

    def people(self) -> Generator[bytes, None, None]:
        """Yield who works in the business, without anything of their accounts that others must not have."""
        yield from self.lines(PEOPLE.format(tenant=int(current.tenant.id)))

    def lines(self, select: str) -> Generator[bytes, None, None]:
        """Yield what a select finds, row by row: the server sends while we write. `select` is made here, of names of
        the catalogue and numbers: COPY takes no parameters."""
        statement = f"COPY (SELECT row_to_json(r)::text FROM ({select}) r) TO STDOUT (FORMAT binary)"  # noqa: S608
        with Cursor(self._driver) as cursor, cursor.copy(sql.SQL(statement)) as copy:
            copy.set_types(["text"])
            for (line,) in copy.rows():
                yield line.encode() + b"\n"

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Let the unit of work see the same moment: what the resource layer reads agrees with the tables."""
        with unit_of_work() as session:
            connection = session.connection()
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{self.name}'")
            yield


@contextmanager
def taken() -> Iterator[Snapshot]:
    """Open a snapshot of the current tenant on a connection of its own."""
    engine = current.session.get_bind().engine
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        if not connection.in_transaction():
            connection.begin()  # the engine sends BEGIN and the tenant
        cursor = Cursor(driver)
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for setting in SETTINGS:
            cursor.execute(setting)
        [(name,)] = cursor.execute("SELECT pg_export_snapshot()").fetchall()
        try:
            yield Snapshot(connection, name)
        finally:
            connection.rollback()
