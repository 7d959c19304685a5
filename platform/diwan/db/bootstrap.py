"""Makes the three roles and the database, as a superuser: the one step that migrations cannot do.

It may run any number of times; it never touches tables.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from diwan.db.engine import libpq_url

OWNER, APP, LOOKUP = "diwan_owner", "diwan_app", "diwan_lookup"
SUPPORTED = range(15, 19)


class UnsupportedServer(Exception):
    """The server's version is none that Diwan is tested with."""


def bootstrap(admin_url: str, database: str, owner_password: str, app_password: str) -> None:
    """Make roles and `database` if they are missing and set the passwords.

    `admin_url` names a superuser. The owner role owns the database and runs migrations, the app role owns nothing,
    the lookup role cannot log in and owns the few functions that look across tenants.
    """
    with psycopg.connect(libpq_url(admin_url), autocommit=True) as connection:
        check_version(connection)
        # Two that prepare one server at once would meet on the rows of the roles.
        connection.execute("SELECT pg_advisory_lock(hashtext('diwan.bootstrap'))")
        for role, options in ((OWNER, "LOGIN NOINHERIT"), (APP, "LOGIN"), (LOOKUP, "NOLOGIN")):
            _ensure_role(connection, role, f"{options} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION")
        for role, password in ((OWNER, owner_password), (APP, app_password)):
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
        connection.execute(f"GRANT {LOOKUP} TO {OWNER}")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
                    sql.Identifier(database), sql.Identifier(OWNER)
                )
            )
    secure(libpq_url(admin_url, database), database)


def secure(admin_url: str, database: str) -> None:
    """Close what PostgreSQL leaves open to everybody in one database."""
    with psycopg.connect(libpq_url(admin_url), autocommit=True) as connection:
        name = sql.Identifier(database)
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO " + f"{APP}, {OWNER}").format(name))
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        # set_config inside a SELECT would switch the tenant; SET LOCAL needs a statement of its own.
        connection.execute("REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC")
        connection.execute(f"GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO {OWNER}")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS core AUTHORIZATION {OWNER}")


def check_version(connection: psycopg.Connection[object]) -> None:
    """Raise UnsupportedServer unless the server is PostgreSQL 15 to 18."""
    major = connection.info.server_version // 10_000
    if major not in SUPPORTED:
        raise UnsupportedServer(
            f"PostgreSQL {major} answers; Diwan is made for {SUPPORTED.start} to {SUPPORTED.stop - 1}."
        )


def _ensure_role(connection: psycopg.Connection[object], role: str, options: str) -> None:
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
        try:
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        except (psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject):
            pass  # another process was faster
    connection.execute(sql.SQL("ALTER ROLE {} " + options).format(sql.Identifier(role)))
