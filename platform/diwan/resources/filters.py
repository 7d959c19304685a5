"""The filter language, the same for lists, REST and saved views: `[field, operator, value]`, "and", "or".

It must turn every unknown field, operator or value into a BadRequest that says what is known.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, Column, ColumnElement, and_, any_, func, literal, or_, true
from sqlalchemy.dialects.postgresql import ARRAY

from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import BadRequest
from diwan.kit.i18n import _
from diwan.resources.declare import Resource
from diwan.resources.everywhere import BESIDE, SYSTEM_FIELDS
from diwan.resources.fields import Field
from diwan.resources.periods import PERIODS, first_weekday, span

DEEPEST = 5
MOST_TESTS = 50
LAST = "\U0010ffff"


def described(resource: Resource, name: str) -> Field:
    """Return a field of the resource, or one that every record has. Raises BadRequest."""
    found = resource.fields.get(name) or SYSTEM_FIELDS.get(name)
    if found is None:
        known = ", ".join([*resource.fields, *SYSTEM_FIELDS])
        raise BadRequest(_("Unknown field %(name)s; known: %(known)s.", name=name[:60], known=known))
    return found


def compile_filter(resource: Resource, where: Any) -> ColumnElement[bool]:
    """Return the SQL criterion of a filter: a test, a list of tests (all), {"and": [...]}, {"or": [...]}."""
    budget = [MOST_TESTS]
    return _compile(resource, where, 0, budget)


def _compile(resource: Resource, where: Any, depth: int, budget: list[int]) -> ColumnElement[bool]:
    if depth > DEEPEST:
        raise BadRequest(_("The filter is nested too deeply: at most %(most)s levels.", most=DEEPEST))
    if isinstance(where, dict) and len(where) == 1:
        join, tests = next(iter(where.items()))
        if join in ("and", "or") and isinstance(tests, list) and tests:
            parts = [_compile(resource, test, depth + 1, budget) for test in tests]
            return and_(*parts) if join == "and" else or_(*parts)
    if isinstance(where, list) and where and isinstance(where[0], str):
        budget[0] -= 1
        if budget[0] < 0:
            raise BadRequest(_("The filter has too many conditions: at most %(most)s.", most=MOST_TESTS))
        return _test(resource, where)
    if isinstance(where, list):
        return and_(true(), *(_compile(resource, test, depth + 1, budget) for test in where))
    raise BadRequest(_('A filter is [field, operator, value], a list of these, {"and": [...]} or {"or": [...]}.'))


def _test(resource: Resource, test: list[Any]) -> ColumnElement[bool]:
    if len(test) not in (2, 3) or not isinstance(test[1], str):
        raise BadRequest(_("A condition is [field, operator, value]."))
    name, operator = test[0], test[1]
    subject = described(resource, name)
    if operator not in subject.kind.operators:
        raise BadRequest(
            _("%(field)s does not take %(operator)s; known: %(known)s.",
              field=name, operator=operator[:20], known=", ".join(subject.kind.operators))
        )  # fmt: skip
    valueless = operator in ("empty", "filled")
    if len(test) != 3 and not valueless:
        raise BadRequest(_("The condition on %(field)s needs a value.", field=name))
    if name in BESIDE:
        return BESIDE[name].test(resource, operator, None if valueless else test[2])
    column: Column[Any] = resource.column(name)
    if valueless:
        return _empty(column, subject, operator == "empty")
    return _compare(column, subject, operator, test[2])


def _empty(column: Column[Any], subject: Field, empty: bool) -> ColumnElement[bool]:
    if subject.kind.several:
        size = func.cardinality(column)
        return size == 0 if empty else size > 0
    return column.is_(None) if empty else column.is_not(None)


def _compare(column: Column[Any], subject: Field, operator: str, raw: Any) -> ColumnElement[bool]:
    if operator == "within":
        return _within(column, subject, raw)
    if operator == "in":
        if not isinstance(raw, list) or not raw or len(raw) > 200:
            raise BadRequest(_("%(field)s: give a list of 1 to 200 values.", field=subject.name))
        return column == any_(literal([_value(subject, item) for item in raw], ARRAY(column.type)))
    if operator in ("contains", "starts"):
        if not isinstance(raw, str) or len(raw) > 300:
            raise BadRequest(_("%(field)s: give a text.", field=subject.name))
        words: ColumnElement[str] = _words(column, subject)
        return (
            words.icontains(raw, autoescape=True) if operator == "contains" else words.istartswith(raw, autoescape=True)
        )
    if operator in ("has", "hasnot"):
        member = literal(_value(subject, [raw])[0]) == column.any_()
        return member if operator == "has" else ~member
    value = _value(subject, raw)
    if value is None:
        raise BadRequest(_("The condition on %(field)s needs a value.", field=subject.name))
    comparisons: dict[str, ColumnElement[bool]] = {
        "eq": column == value,
        "ne": column.is_distinct_from(value),
    }
    if operator in comparisons:
        return comparisons[operator]
    return column.op({"lt": "<", "le": "<=", "gt": ">", "ge": ">="}[operator], return_type=Boolean())(value)


def _within(column: Column[Any], subject: Field, raw: Any) -> ColumnElement[bool]:
    """A period such as "this_month", as it is now where the business is."""
    zone = ZoneInfo(current.tenant.timezone)
    if not isinstance(raw, str) or raw not in PERIODS:
        raise BadRequest(_("%(field)s: choose one of %(known)s.", field=subject.name, known=", ".join(PERIODS)))
    first, after = span(raw, now().astimezone(zone).date(), first_weekday(current.tenant.country))
    edges = [None if day in (date.min, date.max) else day for day in (first, after)]
    if subject.kind.name == "datetime":
        edges = [edge and datetime.combine(edge, time(), zone).astimezone(UTC) for edge in edges]
    tests = []
    if edges[0] is not None:
        tests.append(column >= edges[0])
    if edges[1] is not None:
        tests.append(column < edges[1])
    return and_(*tests)


def _words(column: Any, subject: Field) -> Any:
    """Return the text in which words are looked for: of a value with parts, all of them."""
    if not subject.kind.structured:
        return column
    parts = subject.kind.schema["properties"]
    return func.concat_ws(" ", *(column[name].astext for name in parts))


def _value(subject: Field, raw: Any) -> Any:
    try:
        return subject.parse(raw)
    except (ValueError, TypeError) as error:
        raise BadRequest(f"{subject.name}: {error}") from None
