"""Lists: columns, not entities; key-set pages; capped counts.

It must never page by OFFSET nor load whole records.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from diwan.db.columns import reader
from diwan.db.direct import read_rows
from diwan.errors import BadRequest
from diwan.kit.i18n import _
from diwan.resources import search as searching
from diwan.resources.declare import Resource
from diwan.resources.filters import compile_filter, described
from diwan.resources.reach import dynamic

MOST_ROWS = 500
DIALECT: Any = PGDialect_psycopg()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `rows` are tuples in the order of `columns`, of which the first is always `id`."""

    columns: tuple[str, ...]
    rows: Sequence[Any]
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """A number of records; `capped` says that there are more than `number`."""

    number: int
    capped: bool


@dataclass(frozen=True, slots=True)
class Order:
    """One column of the order. PostgreSQL's own place for NULL is kept (last, or first when descending)."""

    name: str
    column: Column[Any]
    descending: bool


def list_page(
    resource: Resource,
    columns: Sequence[str] | None = None,
    where: Any = None,
    search: str = "",
    sort: str | None = None,
    cursor: str | None = None,
    limit: int = 80,
    archived: bool = False,
) -> Page:
    """Return one page. `sort` is "name,-created_at"; `cursor` comes from the page before or after; `limit` ≤ 500."""
    asked = _Asked(resource, columns, where, search, sort, cursor, limit, archived)
    [rows] = read_rows(asked.statement)
    return asked.page(rows)


def counted_page(
    resource: Resource,
    columns: Sequence[str] | None = None,
    where: Any = None,
    search: str = "",
    sort: str | None = None,
    cursor: str | None = None,
    limit: int = 80,
    archived: bool = False,
    cap: int = 10_000,
) -> tuple[Page, Count]:
    """Return one page and the count of all, in one round trip; like `list_page` and `count`."""
    asked = _Asked(resource, columns, where, search, sort, cursor, limit, archived)
    rows, [(number,)] = read_rows(asked.statement, _count_statement(resource, where, search, cap, archived))
    return asked.page(rows), Count(min(number, cap), number > cap)


def count(resource: Resource, where: Any = None, search: str = "", cap: int = 10_000, archived: bool = False) -> Count:
    """Count the records of a list, at most up to `cap`."""
    [[(number,)]] = read_rows(_count_statement(resource, where, search, cap, archived))
    return Count(min(number, cap), number > cap)


def _count_statement(
    resource: Resource, where: Any, search: str, cap: int, archived: bool
) -> tuple[str, dict[str, Any]]:
    values = dynamic()
    shape = Shape((), (), archived, _add_phrase(values, resource, search), None, False, cap + 1)
    return _statement(resource, shape, where, values)


class _Asked:
    """A page that is asked for: its statement, and what its rows mean."""

    def __init__(
        self, resource: Resource, columns: Sequence[str] | None, where: Any, search: str, sort: str | None,
        cursor: str | None, limit: int, archived: bool,
    ) -> None:  # fmt: skip
        self.resource = resource
        self.chosen = tuple(columns) if columns is not None else resource.columns
        for name in self.chosen:
            described(resource, name)
        if not 1 <= limit <= MOST_ROWS:
            raise BadRequest(_("A page has 1 to %(most)s rows.", most=MOST_ROWS))
        self.limit, self.order = limit, parse_sort(resource, sort)
        self.after: list[Any] | None
        self.backward, self.after = decode(cursor, self.order) if cursor else (False, None)
        after = self.after
        values = dynamic()
        phrase = _add_phrase(values, resource, search)
        if after is not None:
            values |= {f"after{number}": value for number, value in enumerate(after) if value is not None}
        shape = Shape(
            self.chosen,
            tuple((o.name, o.descending) for o in self.order),
            archived,
            phrase,
            None if after is None else tuple(value is None for value in after),
            self.backward,
            limit + 1,
        )
        self.statement = _statement(resource, shape, where, values)

    def page(self, rows: list[Any]) -> Page:
        more = len(rows) > self.limit
        rows = rows[: self.limit]
        if self.backward:
            rows.reverse()
        arrived = self.after is not None
        found = _page(self.chosen, self.order, rows, more=more, backward=self.backward, arrived=arrived)
        return replace(found, rows=read_values(self.resource, self.chosen, found.rows))


def _add_phrase(values: dict[str, Any], resource: Resource, search: str) -> int:
    """Put the query of a search into the values; return how many values that is, 0 where nothing is searched for."""
    if searching.by_title_only(resource):
        typed = searching.title_words(search)
        values |= {f"word{number}": word for number, word in enumerate(typed)}
        return len(typed)
    phrase = searching.query_text(search, resource.key) if search.strip() else None
    if phrase is not None:
        values["phrase"] = phrase
    return int(phrase is not None)


@dataclass(frozen=True, slots=True)
class Shape:
    """All of a list's statement but its values: lists of one shape share one compiled statement."""

    columns: tuple[str, ...]
    order: tuple[tuple[str, bool], ...]
    archived: bool
    searched: int
    after_nulls: tuple[bool, ...] | None
    backward: bool
    most: int


def _statement(resource: Resource, shape: Shape, where: Any, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return SQL and values of a list, or of its count where no column is asked for."""
    if not where and not (resource.reach and resource.reach.varies):
        sql, constants = _sql(resource, shape)
        return sql, {**constants, **values}
    criteria = [compile_filter(resource, where)] if where else []
    compiled = _select(resource, shape, *criteria).compile(dialect=DIALECT)
    bound = dict(compiled.construct_params(values))
    # Amounts and lists of them are stored as whole numbers; nothing else of ours needs a processor here.
    for name, process in compiled._bind_processors.items():
        if name in bound and name not in values:
            bound[name] = process(bound[name])  # type: ignore[operator]
    return str(compiled), bound


@lru_cache(maxsize=2_000)
def _readers(resource: Resource, columns: tuple[str, ...]) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    """Return the places in a row whose stored value is not the value itself, with what turns the one into the other."""
    found = ((1 + place, reader(resource.column(name).type)) for place, name in enumerate(columns))
    return tuple((place, read) for place, read in found if read is not None)


def read_values(resource: Resource, columns: Sequence[str], rows: Sequence[Any]) -> Sequence[Any]:
    """Return rows of (id, *columns) with values where the database keeps something else (amounts, durations)."""
    readers = _readers(resource, tuple(columns))
    if not readers:
        return rows
    made = []
    for row in rows:
        values = list(row)
        for place, read in readers:
            if values[place] is not None:
                values[place] = read(values[place])
        made.append(tuple(values))
    return made


@lru_cache(maxsize=2_000)
def _sql(resource: Resource, shape: Shape) -> tuple[str, dict[str, Any]]:
    """Return the SQL of a list without a filter, and its constants. Building it anew takes longer than running it."""
    compiled = _select(resource, shape).compile(dialect=DIALECT)
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}


def _select(resource: Resource, shape: Shape, *criteria: ColumnElement[bool]) -> Select[Any]:
    table = resource.table
    order = [_order(resource, name, descending) for name, descending in shape.order]
    hidden = [o.column for o in order if o.name not in shape.columns or o.column.name != o.name]
    statement = select(table.c.id, *(resource.column(name) for name in shape.columns), *hidden)
    statement = statement.where(table.c.tenant_id == bindparam("tenant", type_=table.c.tenant_id.type))
    statement = statement.where(table.c.archived_at.is_not(None) if shape.archived else table.c.archived_at.is_(None))
    statement = statement.where(*resource.within("read"), *criteria)
    if shape.searched and searching.by_title_only(resource):
        typed = [bindparam(f"word{number}", type_=Text()) for number in range(shape.searched)]
        statement = statement.where(searching.title_has(resource, typed))
    elif shape.searched:
        statement = statement.where(searching.among_found(resource, bindparam("phrase", type_=Text())))
    # The number stands in the SQL: with a parameter in its place the planner would have to guess it.
    statement = statement.limit(literal_column(str(int(shape.most))))
    if not order:
        return select(func.count()).select_from(statement.subquery())
    if shape.after_nulls is not None:
        columns = [*(o.column for o in order), table.c.id]
        marks = [
            None if null else bindparam(f"after{number}", type_=column.type)
            for number, (column, null) in enumerate(zip(columns, shape.after_nulls, strict=True))
        ]
        statement = statement.where(_beyond(order, marks, table.c.id, shape.backward))
    # The id follows the first column's direction, so that one index serves the whole order, read either way.
    keys = [(o.column, o.descending != shape.backward) for o in order]
    keys.append((table.c.id, order[0].descending != shape.backward))
    return statement.order_by(*(column.desc() if down else column.asc() for column, down in keys))


def parse_sort(resource: Resource, sort: str | None) -> list[Order]:
    """Return the order of "name,-created_at". The title sorts by its folded form."""
    order: list[Order] = []
    for part in (sort or resource.sort).split(","):
        name = part.strip().lstrip("-")
        if not name or not (described(resource, name).sortable or name == resource.title):
            raise BadRequest(_("The list cannot be sorted by %(name)s.", name=name[:60]))
        order.append(_order(resource, name, part.strip().startswith("-")))
    return order[:4]


def _order(resource: Resource, name: str, descending: bool) -> Order:
    # Ids begin with the moment at which they were made: the primary key serves the order by age, without an index more.
    stored = "sort_title" if name == resource.title else "id" if name == "created_at" else name
    return Order(name, resource.column(stored), descending)


def _page(
    chosen: tuple[str, ...], order: list[Order], rows: list[Any], *, more: bool, backward: bool, arrived: bool
) -> Page:
    width = 1 + len(chosen)
    positions = []
    extra = width
    for o in order:
        if o.name in chosen and o.column.name == o.name:
            positions.append(1 + chosen.index(o.name))
        else:
            positions.append(extra)
            extra += 1

    def cursor(row: Any, back: bool) -> str:
        return encode(order, [*(row[p] for p in positions), row[0]], back)

    has_next, has_previous = (arrived, more) if backward else (more, arrived)
    return Page(
        ("id", *chosen),
        [tuple(row)[:width] for row in rows] if extra > width else rows,
        cursor(rows[-1], False) if rows and has_next else None,
        cursor(rows[0], True) if rows and has_previous else None,
    )


def _beyond(order: list[Order], after: list[Any], id_column: Column[Any], backward: bool) -> ColumnElement[bool]:
    """Return the criterion "comes later in this order than the row `after`"."""
    *values, last = after
    first_down = order[0].descending != backward
    if len({o.descending for o in order}) == 1 and all(not _nullable(o.column) for o in order):
        left, right = tuple_(*(o.column for o in order), id_column), tuple_(*values, last)
        return left < right if first_down else left > right
    later: ColumnElement[bool] = id_column < last if first_down else id_column > last
    for o, value in reversed(list(zip(order, values, strict=True))):
        down = o.descending != backward
        column = o.column
        # NULL stands after every value going up, before every value going down.
        if value is None:
            later = and_(column.is_(None), later)
            if down:
                later = or_(later, column.is_not(None))
        else:
            further = column < value if down else column > value
            later = or_(further, and_(column == value, later))
            if not down and _nullable(column):
                later = or_(later, column.is_(None))
    return later


def _nullable(column: Any) -> bool:
    """Whether a column may be NULL; an expression may."""
    return bool(getattr(column, "nullable", True))


def encode(order: list[Order], values: list[Any], backward: bool) -> str:
    """Return an opaque cursor for the row with these sort values and id."""
    signature = ",".join(("-" if o.descending else "") + o.name for o in order)
    packed = orjson.dumps([backward, signature, *values], default=str)
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode(cursor: str, order: list[Order]) -> tuple[bool, list[Any]]:
    """Read a cursor. Raises BadRequest if it is not one of this order."""
    try:
        packed = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        backward, signature, *values = packed
        expected = ",".join(("-" if o.descending else "") + o.name for o in order)
        if signature != expected or not isinstance(backward, bool) or len(values) != len(order) + 1:
            raise ValueError
        typed = [_typed(o.column, value) for o, value in zip(order, values, strict=False)]
        return backward, [*typed, UUID(values[-1])]
    except (ValueError, TypeError, AttributeError, binascii.Error, ArithmeticError):
        raise BadRequest(_("The page cursor does not belong to this list; start from the first page.")) from None


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    wanted = int if reader(column.type) else column.type.python_type
    if wanted is datetime:
        return datetime.fromisoformat(value)
    if wanted is date:
        return date.fromisoformat(value)
    if wanted is Decimal:
        return Decimal(value)
    if wanted is UUID:
        return UUID(value)
    if type(value) is not wanted:
        raise ValueError(value)
    return value
