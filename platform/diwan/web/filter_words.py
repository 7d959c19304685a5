"""Filters in words, for the chips above a list: "Due on is in this month", "Country is Kuwait or City is empty".

It must say every filter that the language allows, however deep; what is wrong in one is for the query to refuse.
"""

from __future__ import annotations

from typing import Any

from diwan.errors import BadRequest
from diwan.kit.i18n import _, listed
from diwan.resources import Field, Resource
from diwan.resources.filters import described
from diwan.resources.periods import PERIODS
from diwan.resources.showing import text_of
from diwan.web import cells

DATED = frozenset({"date", "datetime"})
OPERATORS = {
    "contains": _("contains"),
    "starts": _("begins with"),
    "eq": _("is"),
    "ne": _("is not"),
    "in": _("is one of"),
    "lt": _("is less than"),
    "le": _("is at most"),
    "gt": _("is more than"),
    "ge": _("is at least"),
    "has": _("includes"),
    "hasnot": _("does not include"),
    "within": _("is in"),
    "empty": _("is empty"),
    "filled": _("is filled"),
}
DATE_OPERATORS = {
    "eq": _("is on"),
    "lt": _("is before"),
    "le": _("is on or before"),
    "gt": _("is after"),
    "ge": _("is on or after"),
}
VALUELESS = frozenset({"empty", "filled"})


def operator_text(field: Field, operator: str) -> Any:
    """Return an operator in words."""
    if field.kind.name in DATED and operator in DATE_OPERATORS:
        return DATE_OPERATORS[operator]
    return OPERATORS.get(operator, operator)


def value_text(field: Field, operator: str, value: Any) -> str:
    """Return the value of a condition in words."""
    if operator == "within":
        return str(PERIODS.get(value, value)) if isinstance(value, str) else str(value)
    if operator == "in" and isinstance(value, list):
        return listed(value_text(field, "eq", item) for item in value)
    if operator in ("has", "hasnot"):
        return str(field.choices.get(value, value)) if isinstance(value, str) else str(value)
    if operator in ("contains", "starts"):
        return f"“{value}”"
    try:
        return text_of(field, field.parse(value))
    except (ValueError, TypeError):
        return str(value)


def reference(field: Field, value: Any) -> dict[str, Any]:
    """Return what a picker of records needs: its source and the title of what is chosen."""
    shown = cells.control(field, value)
    return {"src": shown.get("src", ""), "text": shown.get("text", "")}


def parts(resource: Resource, where: Any) -> list[tuple[str, Any]]:
    """Return the conditions of a filter that must all hold: each in words, with the filter that is left without it."""
    if not where:
        return []
    conditions = _all_of(where)
    found = []
    for number, condition in enumerate(conditions):
        rest = [other for place, other in enumerate(conditions) if place != number]
        found.append((words(resource, condition), rest or None))
    return found


def words(resource: Resource, where: Any, depth: int = 0) -> str:
    """Return a filter as one phrase."""
    if isinstance(where, dict) and len(where) == 1:
        [(join, tests)] = where.items()
        return _joined(resource, join, tests, depth)
    if isinstance(where, list) and where and isinstance(where[0], str):
        return _condition(resource, where)
    if isinstance(where, list):
        return _joined(resource, "and", where, depth)
    return str(where)


def _all_of(where: Any) -> list[Any]:
    if isinstance(where, dict) and list(where) == ["and"] and isinstance(where["and"], list):
        return list(where["and"])
    if isinstance(where, list) and where and not isinstance(where[0], str):
        return list(where)
    return [where]


def _joined(resource: Resource, join: str, tests: Any, depth: int) -> str:
    if not isinstance(tests, list) or depth > 8:
        return str(tests)
    between = f" {_('or') if join == 'or' else _('and')} "
    text = between.join(words(resource, test, depth + 1) for test in tests)
    return f"({text})" if depth and len(tests) > 1 else text


def _condition(resource: Resource, test: list[Any]) -> str:
    try:
        field = described(resource, test[0])
    except BadRequest:
        return str(test[0])
    operator = test[1] if len(test) > 1 and isinstance(test[1], str) else ""
    text = f"{field.label} {operator_text(field, operator)}"
    if operator in VALUELESS or len(test) < 3:
        return text
    return f"{text} {value_text(field, operator, test[2])}"
