"""Counts and sums of a list by the values of its fields: for pivots, charts, boards, groups and totals.

It must ask with one statement, and tell for every group the filter that shows its records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Interval,
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
    type_coerce,
)
from sqlalchemy import case as sql_case

from diwan.db.context import current
from diwan.errors import BadRequest, Refuse
from diwan.kit.i18n import _
from diwan.resources import search as searching
from diwan.resources.amounts import base_currency
from diwan.resources.declare import Resource
from diwan.resources.fields import Field
from diwan.resources.filters import compile_filter, described
from diwan.resources.periods import first_weekday

MOST_CELLS = 10_000
MOST_DIMENSIONS = 2
ONE = frozenset({"choice", "reference", "boolean", "country", "currency"})
MANY = frozenset({"choices", "tags", "references"})
DATED = frozenset({"date", "datetime"})
NUMERIC = frozenset({"integer", "decimal", "percent", "quantity", "money", "duration"})
SPANS = ("day", "week", "month", "quarter", "year")
FUNCTIONS = ("sum", "avg", "min", "max")


@dataclass(frozen=True, slots=True)
class Dimension:
    """A field by whose values records are grouped; dates by a span (day, week, month, quarter, year)."""

    name: str
    span: str
    field: Field

    @property
    def key(self) -> str:
        """How the dimension is written in an address: `created_at:month`."""
        return f"{self.name}:{self.span}" if self.span else self.name


@dataclass(frozen=True, slots=True)
class Measure:
    """What is worked out of each group: the number of records, or sum, avg, min or max of a number."""

    function: str
    name: str = ""
    field: Field | None = None

    @property
    def is_money(self) -> bool:
        """Whether its values are {currency: amount}."""
        return self.field is not None and self.field.kind.name == "money"

    @property
    def key(self) -> str:
        """How the measure is written in an address: `count`, `sum:amount`."""
        return f"{self.function}:{self.name}" if self.name else self.function


Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The cells of a table: `cells[(row, column)]` are the measures of a group, in order.

    A row's or column's key is the tuple of its values; a shorter one is a subtotal, () the total. A sum of money is
    {currency: amount}, like its average, least and greatest.
    """

    rows: tuple[Dimension, ...]
    columns: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    cells: dict[tuple[Key, Key], tuple[Any, ...]]

    def keys(self, axis: int) -> list[Key]:
        """Return the full keys of the rows (0) or columns (1), in no order."""
        size = len((self.rows, self.columns)[axis])
        return list(dict.fromkeys(pair[axis] for pair in self.cells if len(pair[axis]) == size))


@dataclass(frozen=True, slots=True)
class Group:
    """The records with one value of a field: how many, and the sums that were asked for, by field name."""

    value: Any
    count: int
    sums: dict[str, Any]


def dimensions_of(resource: Resource) -> list[str]:
    """Return the names of the fields by which records can be grouped."""
    kinds = ONE | MANY | DATED
    return [*(n for n, f in resource.fields.items() if f.kind.name in kinds), "created_at"]


def numbers_of(resource: Resource) -> list[str]:
    """Return the names of the fields that can be summed."""
    return [n for n, f in resource.fields.items() if f.kind.name in NUMERIC]


def dimension(resource: Resource, key: str) -> Dimension:
    """Return the dimension that an address names. Raises BadRequest."""
    name, _colon, span = key.partition(":")
    subject = described(resource, name)
    kind = subject.kind.name
    if kind not in ONE | MANY | DATED:
        known = ", ".join(dimensions_of(resource))
        raise BadRequest(_("Records cannot be grouped by %(name)s; known: %(known)s.", name=name, known=known))
    if kind in DATED and not span:
        span = "month"
    if span and (kind not in DATED or span not in SPANS):
        raise BadRequest(_("Dates are grouped by: %(known)s.", known=", ".join(SPANS)))
    return Dimension(name, span, subject)


def measure(resource: Resource, key: str) -> Measure:
    """Return the measure that an address names. Raises BadRequest."""
    function, _colon, name = key.partition(":")
    if function == "count" and not name:
        return Measure("count")
    if function not in FUNCTIONS or name not in numbers_of(resource):
        known = ", ".join(["count", *(f"sum:{n}" for n in numbers_of(resource))])
        raise BadRequest(_("Unknown measure %(name)s; known: %(known)s.", name=key[:60], known=known))
    return Measure(function, name, resource.fields[name])


def aggregate(
    resource: Resource,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    measures: Sequence[str] = ("count",),
    where: Any = None,
    search: str = "",
    *,
    archived: bool = False,
) -> Aggregate:
    """Group the records that a list shows, with subtotals and totals.

    rows, columns: at most two dimensions each ("country", "created_at:month"). measures: "count", "sum:amount".
    Raises BadRequest, or Refuse for more than 10,000 cells.
    """
    down = tuple(dimension(resource, key) for key in dict.fromkeys(rows))
    across = tuple(dimension(resource, key) for key in dict.fromkeys(columns) if key not in rows)
    wanted = tuple(measure(resource, key) for key in measures)
    if len(down) > MOST_DIMENSIONS or len(across) > MOST_DIMENSIONS:
        raise BadRequest(_("A table has at most two fields in its rows and two in its columns."))
    if sum(d.field.kind.name in MANY for d in (*down, *across)) > 1:
        raise BadRequest(_("Only one field with several values can be in a table."))
    cells: dict[tuple[Key, Key], list[Any]] = {}
    for currency, places in _by_currency(wanted).items():
        statement = _Statement(resource, (*down, *across), [wanted[place] for place in places], currency)
        rows_found = current.session.connection().execute(
            statement.build(_sets(len(down), len(across)), where, search, archived)
        )
        for number, row in enumerate(rows_found):
            if number >= MOST_CELLS:
                text = _("This table would have more than %(most)s cells. Filter the list, or choose other fields.",
                         most=f"{MOST_CELLS:,}")  # fmt: skip
                raise Refuse(text)
            key = statement.key_of(row, len(down))
            values = cells.setdefault(key, [{} if m.is_money else None for m in wanted])
            for place, value in zip(places, statement.values_of(row), strict=True):
                if wanted[place].is_money:
                    values[place] |= value
                else:
                    values[place] = value
    return Aggregate(down, across, wanted, {key: tuple(values) for key, values in cells.items()})


def _by_currency(measures: Sequence[Measure]) -> dict[str | None, list[int]]:
    """Return the places of the measures by the field that says their currency: a statement for each.

    None stands for what has no currency (and always comes first), "" for the currency of the business.
    """
    found: dict[str | None, list[int]] = {None: []}
    for place, each in enumerate(measures):
        currency = each.field.currency if each.field is not None and each.is_money else None
        found.setdefault(currency, []).append(place)
    return found if found[None] or len(found) == 1 else {c: places for c, places in found.items() if c is not None}


def group_counts(
    resource: Resource,
    key: str,
    where: Any = None,
    search: str = "",
    sums: Sequence[str] = (),
    *,
    archived: bool = False,
) -> list[Group]:
    """Return the groups of a list by one dimension, each with its count and sums; choices in their order."""
    found = aggregate(
        resource, [key], (), ["count", *(f"sum:{name}" for name in sums)], where, search,
        archived=archived,
    )  # fmt: skip
    groups = [
        Group(row[0], values[0], dict(zip(sums, values[1:], strict=True)))
        for (row, _column), values in found.cells.items()
        if row
    ]
    order = order_of(found.rows[0])
    return sorted(groups, key=lambda group: order(group.value))


def order_of(subject: Dimension) -> Any:
    """Return the key function that sorts values of a dimension: choices as declared, dates by time, nothing last."""
    places = {value: number for number, value in enumerate(subject.field.choices)}
    if places:
        return lambda value: (value is None, places.get(value, len(places)), str(value))
    return lambda value: (value is None, 0, value if isinstance(value, date) else str(value))


def filter_of(subject: Dimension, value: Any) -> list[list[Any]]:
    """Return the tests of a filter (see `filters`) that the records of a group pass."""
    kind = subject.field.kind.name
    if value is None:
        return [[subject.name, "empty"]]
    if kind in MANY:
        return [[subject.name, "has", str(value)]]
    if kind in DATED:
        first, after = value, next_span(subject.span, value)
        if kind == "datetime":
            zone = ZoneInfo(current.tenant.timezone)
            edges = [datetime(d.year, d.month, d.day, tzinfo=zone).astimezone(UTC) for d in (first, after)]
            return [[subject.name, "ge", edges[0].isoformat()], [subject.name, "lt", edges[1].isoformat()]]
        return [[subject.name, "ge", first.isoformat()], [subject.name, "lt", after.isoformat()]]
    return [[subject.name, "eq", value if isinstance(value, bool) else str(value)]]


def next_span(span: str, first: date) -> date:
    """Return the first day after the span that begins on a day."""
    if span in ("day", "week"):
        return first + timedelta(days=1 if span == "day" else 7)
    months = {"month": 1, "quarter": 3, "year": 12}[span]
    month = first.month - 1 + months
    return date(first.year + month // 12, month % 12 + 1, 1)


def _sets(down: int, across: int) -> list[tuple[int, ...]]:
    """Return the grouping sets, as numbers of dimensions: each prefix of the rows, with the columns and without."""
    columns = [tuple(range(down, down + across)), ()] if across else [()]
    return [(*range(size), *column) for size in range(down, -1, -1) for column in columns]


class _Statement:
    """One statement of an aggregate, and what its rows mean. `currency`: the field by which amounts are kept apart."""

    def __init__(
        self, resource: Resource, dimensions: Sequence[Dimension], measures: Sequence[Measure], currency: str | None
    ) -> None:
        self.resource, self.dimensions, self.measures, self.currency = resource, dimensions, measures, currency
        self.many = next((n for n, d in enumerate(dimensions) if d.field.kind.name in MANY), None)

    def build(self, sets: list[tuple[int, ...]], where: Any, search: str, archived: bool) -> Any:
        base = self._base(where, search, archived)
        keys = [base.c[f"d{number}"] for number in range(len(self.dimensions))]
        level: ColumnElement[Any] = func.grouping(*keys) if keys else literal(0)
        values = [self._value(base, number, keys) for number in range(len(self.measures))]
        apart = [base.c.currency] if self.currency is not None else []
        statement = select(*keys, level, *values, *apart)
        if keys or apart:
            always = ["base.currency"] * len(apart)
            grouped = ", ".join(f"({', '.join([*(f'base.d{n}' for n in one), *always])})" for one in sets)
            statement = statement.group_by(literal_column(f"GROUPING SETS ({grouped})"))
        return statement.limit(MOST_CELLS + 1)

    def key_of(self, row: Any, down: int) -> tuple[Key, Key]:
        """Return the cell that a row of the answer is about."""
        size = len(self.dimensions)
        present = [number for number in range(size) if not row[size] & (1 << (size - 1 - number))]
        return (
            tuple(row[number] for number in present if number < down),
            tuple(row[number] for number in present if number >= down),
        )

    def values_of(self, row: Any) -> list[Any]:
        """Return the measures of a row, amounts with their currency."""
        start = len(self.dimensions) + 1
        values = list(row[start : start + len(self.measures)])
        return values if self.currency is None else [{} if value is None else {row[-1]: value} for value in values]

    def _base(self, where: Any, search: str, archived: bool) -> FromClause:
        """Return the select of the records' dimensions and numbers."""
        resource, table = self.resource, self.resource.table
        source: Any = table
        columns: list[Any] = []
        for number, subject in enumerate(self.dimensions):
            if number == self.many:
                each = func.unnest(resource.column(subject.name)).table_valued("value", with_ordinality="place")
                each = each.render_derived("each")
                source = table.outerjoin(each, true())
                columns += [each.c.value.label(f"d{number}"), each.c.place.label("place")]
            else:
                columns.append(self._expression(subject).label(f"d{number}"))
        columns += [
            (resource.column(m.name) if m.name else literal(1)).label(f"m{number}")
            for number, m in enumerate(self.measures)
        ]
        if self.currency is not None:
            columns.append(self._currency().label("currency"))
        statement = resource.rows(*columns).select_from(source)
        statement = statement.where(table.c.archived_at.is_not(None) if archived else table.c.archived_at.is_(None))
        if where:
            statement = statement.where(compile_filter(resource, where))
        found = searching.matches(resource, search) if search.strip() else None
        return (statement if found is None else statement.where(found)).subquery("base")

    def _currency(self) -> ColumnElement[Any]:
        usual = literal(base_currency())
        if not self.currency or self.currency not in self.resource.fields:
            return usual
        return func.coalesce(self.resource.column(self.currency), usual)

    def _expression(self, subject: Dimension) -> Any:
        column = self.resource.column(subject.name)
        if not subject.span:
            return column
        if subject.field.kind.name == "datetime":
            column = func.timezone(current.tenant.timezone, column)
        if subject.span == "week":  # PostgreSQL's weeks begin on Monday
            ahead = cast(f"{-first_weekday(current.tenant.country) % 7} days", Interval())
            return cast(func.date_trunc("week", column + ahead) - ahead, Date())
        return cast(func.date_trunc(subject.span, column), Date())

    def _value(self, base: FromClause, number: int, keys: Sequence[ColumnElement[Any]]) -> Any:
        subject = base.c[f"m{number}"]
        made: Any = getattr(func, self.measures[number].function)(subject)
        if self.many is not None:
            # Where the field with several values is summed up, each record counts once.
            once = made.filter(func.coalesce(base.c.place, 1) == 1)
            made = sql_case((func.grouping(keys[self.many]) == 1, once), else_=made)
        # An average of amounts is kept as amounts are: the column's type reads it.
        return type_coerce(made, subject.type)
