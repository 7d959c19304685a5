"""How connections to PostgreSQL are made and how every transaction opens.

The driver runs in autocommit mode and Diwan sends BEGIN itself, together with the tenant, in one message.
"""

from __future__ import annotations

import re
import select
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import Format
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError

from diwan.db.context import _scope


class ExtendedCursor(psycopg.Cursor[Any]):
    """A cursor that always speaks the extended protocol: the server then refuses two statements in one string."""

    def __init__(self, connection: psycopg.Connection[Any], **options: Any) -> None:
        super().__init__(connection, **options)
        self.format = Format.BINARY


def driver_url(url: str) -> str:
    """Return the URL for SQLAlchemy with the psycopg driver named."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def libpq_url(url: str, database: str | None = None) -> str:
    """Return what psycopg and PostgreSQL's programs take for SQLAlchemy's URL, if wanted with another database.

    Not through SQLAlchemy's renderer, which writes spaces in a way that libpq does not read.
    """
    plain = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url)
    return make_conninfo(plain, dbname=database) if database else plain


def engine_options(*, pool_size: int = 10, statement_timeout: int = 30) -> dict[str, Any]:
    """Return the options of an application engine; `statement_timeout` is in seconds."""
    options = f"-c statement_timeout={statement_timeout}s -c idle_in_transaction_session_timeout=60s -c jit=off"
    return {
        "pool_size": pool_size,
        "max_overflow": 5,
        "pool_timeout": 10,
        "pool_use_lifo": True,
        "pool_recycle": 1800,
        "skip_autocommit_rollback": False,
        "hide_parameters": True,  # an error's text is logged; the values of its statement may be secrets
        "connect_args": {
            "autocommit": True,
            "cursor_factory": ExtendedCursor,
            "options": options,
            "connect_timeout": 5,
        },
    }


def open_with_tenant(engine: Engine) -> None:
    """Make every transaction of `engine` open with BEGIN and, inside a tenant's scope, its SET LOCAL."""
    event.listen(engine, "begin", _begin)
    event.listen(engine, "checkout", _check_alive)


def tenant_setting(tenant_id: int) -> str:
    """Return the statement that names the tenant. SET takes no bind parameter, so the number is checked here."""
    return f"SET LOCAL app.tenant_id = '{int(tenant_id)}'"


def _begin(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    tenant = _scope.get().tenant
    psycopg.Cursor(driver).execute("BEGIN" if tenant is None else "BEGIN; " + tenant_setting(tenant.id))


def _check_alive(driver: Any, *_: Any) -> None:
    """Drop a pooled connection that the server closed. An idle socket with something to read is one: no round trip."""
    if driver.closed:
        raise DisconnectionError
    waiting = select.poll()
    waiting.register(driver.fileno(), select.POLLIN)
    if waiting.poll(0):
        raise DisconnectionError
