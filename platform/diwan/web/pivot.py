"""A list as a table of counts and sums, with totals and a chart; every cell leads to the records behind it.

It must ask with the statements of one aggregate, and draw no more than a person can read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from diwan.errors import BadRequest
from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.resources.aggregate import (
    DATED,
    FUNCTIONS,
    SPANS,
    Aggregate,
    Dimension,
    Measure,
    aggregate,
    dimension,
    dimensions_of,
    filter_of,
    measure,
    next_span,
    numbers_of,
    order_of,
)
from diwan.resources.filters import described
from diwan.web import charts, groups
from diwan.web.list_groups import sum_text
from diwan.web.state import OPTION, ListState

CHARTS = {
    "": _("No chart"), "bar": _("Bars"), "line": _("Line"), "area": _("Area"), "pie": _("Pie"), "donut": _("Donut"),
    "funnel": _("Funnel"),
}  # fmt: skip
SPAN_NAMES = {"day": _("by day"), "week": _("by week"), "month": _("by month"), "quarter": _("by quarter"),
              "year": _("by year")}  # fmt: skip
FUNCTION_NAMES = {"sum": _("Sum"), "avg": _("Average"), "min": _("Least"), "max": _("Greatest")}
MOST_SERIES = 7
MOST_FILLED = 370
NATURAL = frozenset({"choice", "boolean", "date", "datetime"})


@dataclass(frozen=True)
class Pivot:
    """What a pivot shows: the keys of its rows and columns, its measure and its chart."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    measure: str
    chart: str

    @classmethod
    def read(cls, state: ListState) -> Pivot:
        """Return the pivot that an address asks for. Raises BadRequest."""
        options, resource = state.options, state.resource
        rows = [options.get("rows") or _first(state)]
        if options.get("rows2") and options["rows2"] != rows[0]:
            rows.append(options["rows2"])
        columns = tuple(key for key in (options.get("columns", ""),) if key and key not in rows)
        chart = options.get("chart", "bar").replace("none", "")
        if chart not in CHARTS:
            raise BadRequest(_("There is no such chart; known: %(known)s.", known=", ".join(c for c in CHARTS if c)))
        found = measure(resource, options.get("measure") or "count").key
        return cls(tuple(dimension(resource, key).key for key in rows), columns, found, chart)


def _first(state: ListState) -> str:
    """Return what a pivot begins with: the field by which the list is grouped, or the first that can be."""
    known = dimensions_of(state.resource)
    for name in (state.group, state.resource.group):
        if name.partition(":")[0] in known:
            return name
    return known[0]


def build(state: ListState, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return the context of pivot.html."""
    pivot = Pivot.read(state)
    found = aggregate(
        state.resource, pivot.rows, pivot.columns, [pivot.measure], state.tests, state.search, archived=state.archived
    )
    table = _Table(state, found)
    title = table.title()
    return {
        "title": title,
        "href": state.href,
        "keep": [(name, value) for name, value in state.stated() if not name.startswith(OPTION)],
        "controls": _controls(state.resource, pivot),
        "chart": table.chart(pivot.chart, title) if pivot.chart else None,
        "table": table.shown(),
        "empty": not found.cells.get(((), ()), (0,))[0] and not table.row_keys,
    }


def _controls(resource: Resource, pivot: Pivot) -> list[dict[str, Any]]:
    """Return the selects above the table."""
    choices = _dimension_choices(resource)
    none = [{"value": "", "label": _("None")}]
    measures = [{"value": "count", "label": _("Number of records")}]
    for name in numbers_of(resource):
        label = resource.fields[name].label
        measures += [
            {"value": f"{function}:{name}", "label": f"{FUNCTION_NAMES[function]}: {label}"} for function in FUNCTIONS
        ]
    second = pivot.rows[1] if len(pivot.rows) > 1 else ""
    drawn = [{"value": kind or "none", "label": label} for kind, label in CHARTS.items()]
    return [
        {"name": "o.rows", "label": _("Rows"), "choices": choices, "value": pivot.rows[0]},
        {"name": "o.rows2", "label": _("Then by"), "choices": none + choices, "value": second},
        {"name": "o.columns", "label": _("Columns"), "choices": none + choices,
         "value": dimension(resource, pivot.columns[0]).key if pivot.columns else ""},
        {"name": "o.measure", "label": _("Shown"), "choices": measures, "value": pivot.measure},
        {"name": "o.chart", "label": _("Chart"), "choices": drawn, "value": pivot.chart or "none"},
    ]  # fmt: skip


def _dimension_choices(resource: Resource) -> list[dict[str, Any]]:
    found = []
    for name in dimensions_of(resource):
        field = described(resource, name)
        if field.kind.name in DATED:
            found += [{"value": f"{name}:{span}", "label": f"{field.label}, {SPAN_NAMES[span]}"} for span in SPANS]
        else:
            found.append({"value": name, "label": field.label})
    return found


class _Table:
    """The rows, columns and cells of a pivot as they are shown."""

    def __init__(self, state: ListState, found: Aggregate) -> None:
        self.state, self.found = state, found
        self.measure: Measure = found.measures[0]
        self.labels = [
            groups.labels(each, [key[place] for key in self._all_keys(axis) if len(key) > place])
            for axis, each, place in [
                *((0, d, n) for n, d in enumerate(found.rows)), *((1, d, n) for n, d in enumerate(found.columns)),
            ]
        ]  # fmt: skip
        self.row_keys = self._sorted(0, [key for key in self._all_keys(0) if len(key) == 1])
        self.column_keys = self._sorted(1, [key for key in self._all_keys(1) if key])

    def _all_keys(self, axis: int) -> list[tuple[Any, ...]]:
        return list(dict.fromkeys(pair[axis] for pair in self.found.cells))

    def _label(self, axis: int, place: int, value: Any) -> dict[str, Any]:
        return self.labels[place + axis * len(self.found.rows)][value]

    def _sorted(self, axis: int, keys: list[tuple[Any, ...]], under: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Choices in their order and dates by time; the rest with the greatest first."""
        place = len(under)
        by = (self.found.rows, self.found.columns)[axis][place] if keys else None
        if by is None or by.field.kind.name in NATURAL:
            order = order_of(by) if by else None
            return sorted(keys, key=lambda key: order(key[place])) if order else keys

        def weight(key: tuple[Any, ...]) -> Any:
            pair = (key, ()) if axis == 0 else ((), key)
            return (key[place] is None, -_plain(self.value(pair)), str(self._label(axis, place, key[place])["text"]))

        return sorted(keys, key=weight)

    def value(self, pair: tuple[tuple[Any, ...], tuple[Any, ...]]) -> Any:
        """Return a cell's measure, or None."""
        values = self.found.cells.get(pair)
        return values[0] if values else None

    def text(self, value: Any) -> str:
        """Return a measure as people read it."""
        if value is None or value == {}:
            return ""
        if not self.measure.name:
            return f"{value:,}"
        if isinstance(value, Decimal) and value != round(value, 2):
            value = round(value, 2)
        return sum_text(self.state.resource, self.measure.name, value)

    def title(self) -> str:
        """Return what the table and its chart are called."""
        name = str(_("Number of records"))
        if self.measure.field is not None:
            name = f"{FUNCTION_NAMES[self.measure.function]}: {self.measure.field.label}"
        fields = ", ".join(str(d.field.label) for d in (*self.found.rows, *self.found.columns))
        return str(_("%(measure)s by %(fields)s", measure=name, fields=fields))

    def href(self, row: tuple[Any, ...], column: tuple[Any, ...]) -> str:
        """Return the list of the records behind a cell."""
        tests: list[Any] = [self.state.where] if self.state.where else []
        for subject, value in [
            *zip(self.found.rows, row, strict=False),
            *zip(self.found.columns, column, strict=False),
        ]:
            tests += filter_of(subject, value)
        return self.state.link(shape="list", group="", options={}, where=tests or None)

    def shown(self) -> dict[str, Any]:
        """Return the table: {heads, corner, rows: [{label, level, cells, total}], totals}."""
        columns = self.column_keys
        heads = [{**self._label(1, 0, key[0]), "href": self.href((), key)} for key in columns]
        rows = []
        for key in self.row_keys:
            rows.append(self._row(key, columns))
            if len(self.found.rows) > 1:
                under = [full for full in self._all_keys(0) if len(full) == 2 and full[0] == key[0]]
                rows += [self._row(full, columns) for full in self._sorted(0, under, key)]
        return {
            "corner": " / ".join(str(d.field.label) for d in self.found.rows),
            "across": self.found.columns[0].field.label if columns else "",
            "heads": heads,
            "rows": rows,
            "nested": len(self.found.rows) > 1,
            "totals": self._row((), columns),
        }

    def _row(self, key: tuple[Any, ...], columns: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
        label = self._label(0, len(key) - 1, key[-1]) if key else {"text": _("Total"), "tone": ""}
        return {
            "label": label,
            "level": len(key),
            "href": self.href(key, ()),
            "cells": [self._cell(key, column) for column in columns],
            "total": self._cell(key, ()),
        }

    def _cell(self, row: tuple[Any, ...], column: tuple[Any, ...]) -> dict[str, Any]:
        text = self.text(self.value((row, column)))
        return {"text": text, "href": self.href(row, column) if text else ""}

    def chart(self, kind: str, title: str) -> Markup:
        """Return the chart of the first field of the rows, a series for each column."""
        keys = [(value,) for value in _filled(self.found.rows[0], [key[0] for key in self.row_keys])]
        names = groups.labels(self.found.rows[0], [key[0] for key in keys])
        labels = [names[key[0]]["text"] for key in keys]
        columns = self.column_keys[:MOST_SERIES] if kind in ("bar", "line", "area") else []
        series: list[charts.Series] = []
        for column in columns or [()]:
            name = str(self._label(1, 0, column[0])["text"]) if column else title
            values = [self.value((key, column)) for key in keys]
            hrefs = [self.href(key, column) for key in keys]
            codes = list(dict.fromkeys(code for value in values if isinstance(value, dict) for code in value))
            for code in codes or [""]:
                numbers = [_number(value, code) for value in values]
                series.append(charts.Series(f"{name} {code}".strip() if len(codes) > 1 else name, numbers, hrefs))
        return charts.chart(kind, title, labels, series[:MOST_SERIES], self._chart_text)

    def _chart_text(self, value: Any) -> str:
        return self.text(value) if not isinstance(value, float) else self.text(Decimal(f"{value:.10g}"))


def _number(value: Any, code: str) -> Any:
    """Return a measure as a chart takes it; where nothing is, there is none of it."""
    if isinstance(value, dict):
        value = value.get(code)
    if value is None:
        return 0
    return value.total_seconds() / 3600 if hasattr(value, "total_seconds") else value


def _plain(value: Any) -> float:
    if isinstance(value, dict):
        value = max(value.values(), default=0)
    return float(_number(value, ""))


def _filled(subject: Dimension, values: list[Any]) -> list[Any]:
    """Return dates with those between them that no record has, so that a line keeps its time."""
    days = [value for value in values if value is not None]
    if not subject.span or len(days) < 2:
        return values
    filled = [min(days)]
    while filled[-1] < max(days):
        filled.append(next_span(subject.span, filled[-1]))
        if len(filled) > MOST_FILLED:
            return values
    return [*filled, *([None] if None in values else [])]
