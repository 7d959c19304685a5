"""Many rows in one statement: INSERT and UPDATE from one JSON document, which costs a fraction of one statement a row.

It must carry the tenant in every row or criterion: these statements pass the ORM's tenant hook by.
COPY would be the other way, but PostgreSQL refuses COPY FROM into tables with row-level security.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from psycopg.types.json import Json
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Table,
    bindparam,
    cast,
    column,
    func,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import NULLTYPE

from diwan.db.columns import iso_span, writer

DOCUMENT = "document"


def insert_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    names: Collection[str],
    shared: Mapping[str, Any],
) -> None:
    """Insert rows of the columns `names` (absent ones become NULL) and of `shared`, the values that all have alike.

    `shared` holds tenant_id. Column defaults are not applied. What is alike is bound once, instead of being written
    and read a thousand times: half of the cost of a narrow table.
    """
    if not rows:
        return
    rows = _stored(table, rows, names)
    alike = {**shared, **_alike(rows, names)}
    varying = [name for name in names if name not in alike] or [next(iter(names))]
    alike = {name: value for name, value in alike.items() if name not in varying}
    source, typed = _recordset([table.c[name] for name in varying])
    bound = [
        cast(null() if value is None else bindparam(f"alike_{name}"), table.c[name].type)
        for name, value in alike.items()
    ]
    chosen = select(*(typed[name] for name in varying), *bound).select_from(source)
    statement = insert(table).from_select([*varying, *alike], chosen, include_defaults=False)
    values = {f"alike_{name}": value for name, value in alike.items() if value is not None}
    document = as_document([{name: row[name] for name in varying if name in row} for row in rows])
    connection.execute(statement, {**values, DOCUMENT: document})


def update_rows(
    connection: Connection, table: Table, tenant_id: int, names: Collection[str], rows: Sequence[Mapping[str, Any]]
) -> set[UUID]:
    """Set the columns `names` of the rows with these `id`s, each to its own values; return the ids that were there."""
    if not rows:
        return set()
    rows = _stored(table, rows, names)
    _source, typed = _recordset([table.c.id, *(table.c[name] for name in names)])
    statement = (
        update(table)
        .values({name: typed[name] for name in names})
        .where(table.c.tenant_id == tenant_id, table.c.id == typed["id"])
        .returning(table.c.id)
    )
    return set(connection.execute(statement, {DOCUMENT: as_document(rows)}).scalars())


def _stored(table: Table, rows: Sequence[Mapping[str, Any]], names: Collection[str]) -> Sequence[Mapping[str, Any]]:
    """The rows as the table keeps them: amounts and durations as whole numbers."""
    writers = {name: write for name in names if (write := writer(table.c[name].type))}
    if not writers:
        return rows
    return [{**row, **{n: write(row[n]) for n, write in writers.items() if row.get(n) is not None}} for row in rows]


def _alike(rows: Sequence[Mapping[str, Any]], names: Collection[str]) -> dict[str, Any]:
    """The columns in which every row has the very same object. Lists and mappings stay in the document, as JSON."""
    alike = {}
    for name in names:
        value = rows[0].get(name)
        if not isinstance(value, list | dict) and all(row.get(name) is value for row in rows):
            alike[name] = value
    return alike


def _recordset(columns: Sequence[Column[Any]]) -> tuple[TableValuedAlias, dict[str, ColumnElement[Any]]]:
    """The document as rows, and their columns in the table's types. jsonb is quicker to make from json than to read."""
    read = [column(c.name, JSON() if isinstance(c.type, JSONB) else c.type) for c in columns]
    document = bindparam(DOCUMENT, type_=NULLTYPE)  # psycopg names the type
    source = func.json_to_recordset(document).table_valued(*read).render_derived(name="source", with_types=True)
    return source, {
        c.name: cast(source.c[c.name], c.type) if isinstance(c.type, JSONB) else source.c[c.name] for c in columns
    }


def as_document(rows: Sequence[Mapping[str, Any]]) -> Json:
    """Return rows as the JSON from which PostgreSQL reads them; what JSON does not know becomes text."""
    return Json(rows, _dump)


def _dump(rows: Any) -> bytes:
    return orjson.dumps(rows, default=_text)


def _text(value: Any) -> str:
    return iso_span(value) if isinstance(value, timedelta) else str(value)
