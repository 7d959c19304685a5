"""A list in groups: one line for each value of a field, with count and sums; its records come when it is opened.

It must ask for all groups with one statement, and name referred records with one more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date

from diwan import resources
from diwan.db import current
from diwan.kit import formats
from diwan.kit.i18n import _, locale
from diwan.resources import Resource
from diwan.resources.aggregate import (
    ONE,
    Dimension,
    aggregate,
    dimension,
    dimensions_of,
    filter_of,
    group_counts,
    numbers_of,
)
from diwan.resources.filters import described
from diwan.web.cells import beside, column_cells
from diwan.web.rows import cell
from diwan.web.state import ListState

MOST = 200
ROWS = 40
MONTH = "month"


def panel(state: ListState) -> list[dict[str, Any]]:
    """Return the choices of a field to group by, as menu items."""
    items: list[dict[str, Any]] = [
        {"label": _("No groups"), "icon": "list", "href": state.link(group=""), "active": not state.group}
    ]
    for name in dimensions_of(state.resource):
        field = described(state.resource, name)
        if field.kind.name in ("date", "datetime"):
            month = {"field": field.label}
            items.append(_item(state, f"{name}:{MONTH}", _("%(field)s, by month", **month)))
        elif field.kind.name in ONE:
            items.append(_item(state, name, field.label))
    return items if len(items) > 1 else []


def _item(state: ListState, key: str, label: Any) -> dict[str, Any]:
    return {"label": label, "icon": "stack-2", "href": state.link(group=key), "active": state.group == key}


def groups(state: ListState, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the groups of a list. Raises BadRequest for a field by which nothing can be grouped."""
    resource = state.resource
    by = dimension(resource, state.group)
    summed = [name for name in names if name in numbers_of(resource)]
    found = group_counts(
        resource, by.key, state.tests, state.search, summed, archived=state.archived
    )[:MOST]  # fmt: skip
    labels = labels_of(by, [group.value for group in found])
    shown = []
    for group, label in zip(found, labels, strict=True):
        tests = filter_of(by, group.value)
        where = [*tests, state.where] if state.where else (tests[0] if len(tests) == 1 else tests)
        sums = {name: sum_text(resource, name, value) for name, value in group.sums.items()}
        shown.append({
            "label": label,
            "count": f"{group.count:,}",
            "href": state.link(group="", where=where),
            "rows_href": state.link("/group", group="", where=where),
            "sums": [sums.get(name, "") for name in names[1:]],
        })  # fmt: skip
    return shown


def labels_of(by: Dimension, values: Sequence[Any]) -> list[Any]:
    """Return what each group is called, as the HTML of a cell or a text."""
    if by.span:
        return [_span(by.span, value) if value else _("Without") for value in values]
    kind = by.field.kind.name
    if kind == "boolean":
        return [_("Without") if value is None else (_("Yes") if value else _("No")) for value in values]
    shown = column_cells(by.field, [value if value is not None else None for value in values])
    return [cell("text" if kind == "reference" else kind, v) if v not in ("", None) else _("Without") for v in shown]


def _span(span: str, first: date) -> str:
    pattern = {"day": "d MMMM y", "week": "d MMMM y", "month": "MMMM y", "quarter": "QQQ y", "year": "y"}[span]
    return format_date(first, pattern, locale=locale()).translate(formats.ARABIC_MARKS)


def rows_page(state: ListState, names: Sequence[str], cursor: str | None) -> resources.Page:
    """Return the records of one group."""
    return resources.list_page(
        state.resource, [*names, *beside(state.resource, names)], state.tests, state.search, state.sort or None, cursor,
        limit=ROWS, archived=state.archived,
    )  # fmt: skip


def totals(state: ListState, names: Sequence[str]) -> list[str]:
    """Return the sum of each column over all that match, "" where there is none. The first column says what it is."""
    resource = state.resource
    summed = [name for name in names if name in numbers_of(resource)]
    if not summed:
        return []
    found = aggregate(
        resource, (), (), [f"sum:{name}" for name in summed], state.tests, state.search, archived=state.archived
    )
    values = dict(zip(summed, found.cells.get(((), ()), [None] * len(summed)), strict=True))
    return [sum_text(resource, name, values[name]) if name in values else "" for name in names]


def sum_text(resource: Resource, name: str, value: Any) -> str:
    """Return a sum as a list shows it; of money, one for each currency."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return " · ".join(
            formats.money(Decimal(amount), currency or current.tenant.currency)
            for currency, amount in value.items()
            if amount is not None
        )
    if resource.fields[name].kind.name == "duration":
        return str(column_cells(resource.fields[name], [value])[0])
    return formats.number(value)
