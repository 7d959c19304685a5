"""The records before and after one in a list, by its own order, search and filter.

It must page by keys as the list does, and never count or read what lies between.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam

from diwan.db.direct import read_rows
from diwan.resources.declare import Resource
from diwan.resources.query import DIALECT, _Asked, encode, parse_sort


def neighbours(
    resource: Resource, id: UUID, where: Any = None, search: str = "", sort: str | None = None, archived: bool = False
) -> tuple[UUID | None, UUID | None]:
    """Return the records before and after this one; it need not be in the list itself. Raises BadRequest."""
    order = parse_sort(resource, sort)
    table = resource.table
    statement = resource.rows(*(o.column for o in order), table.c.id).where(table.c.id == bindparam("record", id))
    compiled = statement.compile(dialect=DIALECT)
    [rows] = read_rows((str(compiled), dict(compiled.construct_params())))
    if not rows:
        return None, None
    asked = [
        _Asked(resource, (), where, search, sort, encode(order, list(rows[0]), backward), 1, archived)
        for backward in (True, False)
    ]
    before, after = read_rows(*(each.statement for each in asked))
    return _first(asked[0].page(before).rows), _first(asked[1].page(after).rows)


def _first(rows: Any) -> UUID | None:
    return rows[0][0] if rows else None
