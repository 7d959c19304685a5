"""Alembic's environment, run once per scope by `diwan.db.migrate`; never by the `alembic` command.

It completes generated revisions with what models do not say: row-level security and who may use the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from alembic import context
from alembic.operations import ops

config = context.config
scope = config.attributes["scope"]


def protect(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """After each new table of a tenant, add the statements that make the database guard its rows."""
    script = directives[0]
    script.upgrade_ops.ops = list(_protected(script.upgrade_ops.ops))


def _protected(operations: Iterable[Any]) -> Iterator[Any]:
    for operation in operations:
        yield operation
        if isinstance(operation, ops.CreateTableOp) and any(c.name == "tenant_id" for c in _columns(operation)):
            table = f"{operation.schema}.{operation.table_name}"
            yield ops.ExecuteSQLOp(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            yield ops.ExecuteSQLOp(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            yield ops.ExecuteSQLOp(
                f"CREATE POLICY tenant ON {table} USING (tenant_id = core.tid()) WITH CHECK (tenant_id = core.tid())"
            )


def render_item(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Write our own column types as what PostgreSQL stores: a revision imports no application code."""
    if kind == "type" and type(thing).__module__.startswith("diwan."):
        return f"sa.{thing.impl!r}"
    return False


def _columns(operation: ops.CreateTableOp) -> list[Any]:
    return [item for item in operation.columns if hasattr(item, "nullable")]


if context.is_offline_mode():
    raise SystemExit("Diwan migrates against a database only: use `diwan migrate`.")

context.configure(
    connection=config.attributes["connection"],
    target_metadata=config.attributes["metadata"],
    version_table=scope.version_table,
    version_table_schema="core",
    include_schemas=True,
    include_name=scope.include_name,
    include_object=scope.include_object,
    compare_type=True,
    render_item=render_item,
    process_revision_directives=protect,
)
with context.begin_transaction():
    context.run_migrations()
