"""What belongs to a business, as the database's catalogue tells it: every table with a tenant, of whatever module.

It must not ask any module: the code of one may be gone while its tables are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sqlalchemy import Connection, text

SECRET = "secret"  # noqa: S105
"""The comment of a column that no export carries."""
TEXTS = frozenset({"int8", "numeric", "money", "interval", "tsvector", "oid", "xid8"})
"""Types that JSON would blur or does not know: their values are written as texts."""

TABLES = text(
    """SELECT c.oid, n.nspname AS schema, c.relname AS name,
        coalesce(obj_description(c.oid, 'pg_class'), '') AS comment,
        NOT c.relrowsecurity OR (
            SELECT count(*) = 1 AND bool_and(p.polpermissive AND p.polcmd = '*'
                AND pg_get_expr(p.polqual, p.polrelid) = '(tenant_id = core.tid())')
            FROM pg_policy p WHERE p.polrelid = c.oid AND p.polroles = '{0}') AS countable,
        EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'
            AND k.confrelid = 'core.tenant'::regclass) AS bound
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\\_%'
        AND n.nspname <> 'information_schema'
        AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'
            AND NOT a.attisdropped)
    ORDER BY n.nspname, c.relname"""
)
COLUMNS = text(
    """SELECT a.attrelid AS oid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, b.typname AS base,
        e.typname AS element, NOT a.attnotnull AS nullable,
        coalesce(col_description(a.attrelid, a.attnum), '') AS comment
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
    LEFT JOIN pg_type e ON e.oid = b.typelem AND b.typcategory = 'A'
    WHERE a.attrelid = ANY(:tables) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum"""
)
KEYS = text(
    """SELECT k.conrelid AS oid, k.contype::text AS kind, k.confrelid AS target, k.confdeltype::text AS on_delete,
        (SELECT array_agg(a.attname::text ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY u (x, n)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.x) AS columns,
        n.nspname || '.' || c.relname AS target_name,
        (SELECT array_agg(a.attname::text ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY u (x, n)
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.x) AS target_columns
    FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.confrelid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.conrelid = ANY(:tables) AND k.contype IN ('p', 'f') ORDER BY k.conrelid, k.contype, k.conname"""
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `element` is the type of an array's items, `type` what PostgreSQL calls it."""

    name: str
    type: str
    base: str
    element: str | None
    nullable: bool
    comment: str

    @property
    def secret(self) -> bool:
        return self.comment == SECRET

    @property
    def written_as(self) -> str:
        """How its values stand in a line of JSON."""
        if self.secret:
            return "left out"
        if self.base == "bytea":
            return "base64"
        if (self.element or self.base) in TEXTS:
            return "text"
        return "json"

    @property
    def expression(self) -> str:
        """The SQL of its value in an export; none of it comes from outside."""
        name = quoted(self.name)
        if self.secret:
            return f"NULL AS {name}"
        if self.written_as == "base64":
            return f"translate(encode(t.{name}, 'base64'), E'\\n', '') AS {name}"
        if self.written_as == "text":
            return f"t.{name}::text{'[]' if self.element else ''} AS {name}"
        return f"t.{name}"


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that name a row of another table; `on_delete` is a letter of the catalogue (a, r, c, n, d)."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    on_delete: str


@dataclass(frozen=True, slots=True)
class TenantTable:
    """A table whose rows belong to businesses.

    `countable`: row-level security shows a business all of its rows. `bound`: no row outlives its business.
    """

    oid: int
    schema: str
    name: str
    comment: str
    countable: bool
    bound: bool
    columns: tuple[Column, ...] = ()
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = field(default=())

    @property
    def key(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    def describe(self) -> dict[str, Any]:
        """Return what an export says of the table."""
        return {
            "schema": self.schema,
            "table": self.name,
            "comment": self.comment,
            "columns": [
                {
                    "name": c.name, "type": c.type, "nullable": c.nullable, "written_as": c.written_as,
                    "comment": c.comment,
                }
                for c in self.columns
            ],
            "primary_key": list(self.primary_key),
            "foreign_keys": [
                {"columns": list(k.columns), "table": k.target, "references": list(k.target_columns)}
                for k in self.foreign_keys
            ],
        }  # fmt: skip


def quoted(name: str) -> str:
    """Return a name of the database as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def tables(connection: Connection) -> list[TenantTable]:
    """Return every table with a tenant, by name. Three statements."""
    found = connection.execute(TABLES).all()
    oids = {"tables": [row.oid for row in found]}
    columns, keys = connection.execute(COLUMNS, oids).all(), connection.execute(KEYS, oids).all()
    return [_table(row, [c for c in columns if c.oid == row.oid], [k for k in keys if k.oid == row.oid])
            for row in found]  # fmt: skip


def _table(row: Any, columns: Sequence[Any], keys: Sequence[Any]) -> TenantTable:
    primary = next((tuple(k.columns) for k in keys if k.kind == "p"), ())
    foreign = tuple(
        ForeignKey(tuple(k.columns), k.target_name, tuple(k.target_columns), k.on_delete) for k in keys if k.kind == "f"
    )
    described = tuple(Column(c.name, c.type, c.base, c.element, c.nullable, c.comment) for c in columns)
    return TenantTable(
        row.oid, row.schema, row.name, row.comment, row.countable, row.bound, described, primary, foreign
    )


def children_first(among: Iterable[TenantTable]) -> list[TenantTable]:
    """Return the tables in an order in which those whose rows name rows of another one come before it, if any."""
    named = {table.key: table for table in among}
    holders: dict[str, set[str]] = {key: set() for key in named}
    for table in named.values():
        for key in table.foreign_keys:
            if key.target in named and key.target != table.key:
                holders[key.target].add(table.key)
    while True:
        try:
            return [named[key] for key in TopologicalSorter(holders).static_order()]
        except CycleError as error:  # two tables hold each other: any order will do, the last statement unties them
            circle: list[str] = error.args[1]
            holders[circle[1]].discard(circle[0])
