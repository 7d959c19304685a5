"""Migrations: one Alembic history, version table and transaction per scope (the core, each plugin), one env.py for all.

It must not know which plugins exist (`kernel.deploy` does), nor import the application's models.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from diwan.db.base import metadata
from diwan.db.engine import driver_url, libpq_url

log = logging.getLogger(__name__)

LOCK = 0x0D1A_4A11
"""The advisory lock that one migrating process holds."""
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"
NAMES = "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s"


class MigrationFailed(Exception):
    """A scope could not reach its revision. Nothing of the attempt remains; the cause is chained."""

    def __init__(self, scope: str, cause: BaseException) -> None:
        super().__init__(f"migration of {scope} failed: {str(cause).strip() or type(cause).__name__}")
        self.scope = scope


class OneStatementCursor(psycopg.Cursor[Any]):
    """A cursor that prepares what it executes: the server then refuses two statements in one op.execute()."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, **{**options, "prepare": True})


@dataclass(frozen=True, slots=True)
class Scope:
    """One migration history: `name` is also the PostgreSQL schema, `versions` the folder of its revisions."""

    name: str
    versions: Path

    @property
    def version_table(self) -> str:
        """The table in schema `core` that holds the scope's revision."""
        return f"alembic_{self.name}"

    def include_name(self, name: str | None, type_: str, parents: Any) -> bool:
        """Tell Alembic which names of the database are this scope's."""
        if type_ == "schema":
            return name == self.name
        return not (type_ == "table" and self.name == "core" and (name or "").startswith("alembic_"))

    def include_object(self, item: Any, name: str | None, type_: str, reflected: bool, other: Any) -> bool:
        """Tell Alembic which things of the MetaData are this scope's."""
        table = item if type_ == "table" else getattr(item, "table", None)
        if table is not None and table.schema != self.name:
            return False
        # Some of the core's tables are used through SQL only and have no model.
        return not (self.name == "core" and type_ == "table" and reflected and other is None)


def folder() -> Path:
    """Return the folder of env.py: a link to the repository's `migrations`, its copy in a wheel."""
    return Path(__file__).parents[1] / "migrations"


def core() -> Scope:
    """Return the scope of the core's tables."""
    return Scope("core", folder() / "versions")


def upgrade(url: str, scope: Scope, revision: str = "head") -> None:
    """Bring one scope to a revision in one transaction, as the owner (`url`). Raises MigrationFailed."""
    _run(url, scope, lambda config: command.upgrade(config, revision))


def downgrade(url: str, scope: Scope, revision: str = "base") -> None:
    """Take one scope back to a revision. Raises MigrationFailed."""
    _run(url, scope, lambda config: command.downgrade(config, revision))


def current(url: str, scope: Scope) -> str:
    """Return the revision that the database is at; empty where the scope was never migrated."""
    with _transaction(url) as connection:
        return _revision_in(connection, scope)


def head(scope: Scope) -> str:
    """Return the newest revision of the scope's files; empty where there is none. Raises MigrationFailed for two."""
    try:
        return ScriptDirectory.from_config(_config(scope)).get_current_head() or ""
    except Exception as error:
        raise MigrationFailed(scope.name, error) from error


def revisions(scope: Scope) -> list[str]:
    """Return all revisions of the scope's files, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config(scope)).walk_revisions()]


def revision(url: str, scope: Scope, message: str) -> Path:
    """Write a new revision with what the loaded models have and the database lacks; return its file."""
    scope.versions.mkdir(exist_ok=True)
    made: list[Any] = []
    _run(url, scope, lambda config: made.append(command.revision(config, message, autogenerate=True)))
    return Path(made[0].path)


def check(url: str, scope: Scope) -> list[str]:
    """Return how the database differs from the loaded models, in this scope's schema; empty when they agree."""
    with _transaction(url) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "target_metadata": metadata,
                "version_table": scope.version_table,
                "version_table_schema": "core",
                "include_schemas": True,
                "include_name": scope.include_name,
                "include_object": scope.include_object,
                "compare_type": True,
            },
        )
        differences: list[Any] = compare_metadata(context, metadata)
        return [_describe(difference) for difference in differences] + _unprotected(connection, scope)


@contextmanager
def exclusive(url: str) -> Iterator[None]:
    """Hold the lock that lets one process migrate at a time; wait for it as long as another one works."""
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        if connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone() != (True,):
            log.warning("another process is migrating: waiting for it")
            connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield  # closing the connection releases the lock


@contextmanager
def _transaction(url: str, cursor: type[psycopg.Cursor[Any]] = psycopg.Cursor) -> Iterator[Connection]:
    engine = create_engine(driver_url(url), poolclass=NullPool, connect_args={"cursor_factory": cursor})
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
        yield connection


def _run(url: str, scope: Scope, work: Callable[[AlembicConfig], object]) -> None:
    try:
        with _transaction(url, OneStatementCursor) as connection:
            for schema in dict.fromkeys(("core", scope.name)):
                if not _exists(connection, "SELECT 1 FROM pg_namespace WHERE nspname = :name", schema):
                    connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
            work(_config(scope, connection))
            if _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = :name", "diwan_app"):
                connection.exec_driver_sql(f"REVOKE ALL ON core.{scope.version_table} FROM diwan_app")
                connection.exec_driver_sql(f"GRANT SELECT ON core.{scope.version_table} TO diwan_app")
    except Exception as error:
        raise MigrationFailed(scope.name, error) from error


def _exists(connection: Connection, query: str, name: str) -> bool:
    return connection.scalar(text(query), {"name": name}) is not None


def _config(scope: Scope, connection: Connection | None = None) -> AlembicConfig:
    config = AlembicConfig(attributes={"scope": scope, "connection": connection, "metadata": metadata})
    for option, value in (
        ("script_location", str(folder())),
        ("version_locations", str(scope.versions)),
        ("path_separator", "newline"),
    ):
        config.set_main_option(option, value.replace("%", "%%"))
    config.set_main_option("file_template", NAMES)
    return config


def _revision_in(connection: Connection, scope: Scope) -> str:
    if connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"core.{scope.version_table}"}) is None:
        return ""
    return connection.scalar(text(f"SELECT version_num FROM core.{scope.version_table}")) or ""  # noqa: S608


def _describe(difference: Any) -> str:
    """Return one line for one of Alembic's differences."""
    if isinstance(difference, list):  # changes of one column come as a list
        return "; ".join(_describe(part) for part in difference)
    verb, *rest = difference
    if verb.startswith("modify_"):
        schema, table, column, _, before, after = rest
        what = verb.removeprefix("modify_")
        return f"{schema}.{table}.{column}: {what} is {before!r} in the database, {after!r} in the model"
    where = {"add": "missing in the database", "remove": "not in the model"}[verb.split("_")[0]]
    if verb.endswith("_column"):
        return f"{rest[0]}.{rest[1]}.{rest[2].name}: column {where}"
    item = rest[0]
    table = getattr(item, "table", item)
    return f"{table.schema}.{table.name}: {verb.split('_', 1)[1]} {getattr(item, 'name', '')} {where}"


def _unprotected(connection: Connection, scope: Scope) -> list[str]:
    """Tables with a tenant whose rows the database does not guard."""
    query = text("""
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
        WHERE n.nspname = :name AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity
            AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant'))
        ORDER BY c.relname""")
    rows = connection.scalars(query, {"name": scope.name})
    return [f"{scope.name}.{name}: row-level security is not enabled and forced with policy `tenant`" for name in rows]
