"""The filter builder: from a filter to rows of a form, and back from the form to a filter.

It knows conditions and one level of groups; what is deeper it says it cannot edit. It must check nothing itself: the
filter language does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from diwan.kit.i18n import _
from diwan.resources import Field, Resource
from diwan.resources.everywhere import SYSTEM_FIELDS
from diwan.resources.filters import described
from diwan.resources.periods import PERIODS
from diwan.web import cells
from diwan.web.filter_words import VALUELESS, operator_text

MOST_ROWS = 50
JOINS = {"and": _("All of these"), "or": _("Any of these")}
AS_TEXT = frozenset({"contains", "starts"})
NUMBERS = frozenset({"integer", "decimal", "money", "quantity", "percent", "duration"})


@dataclass(slots=True)
class Row:
    """One condition as it stands in the form; `group` 0 is the filter itself."""

    group: int
    name: str = ""
    operator: str = ""
    values: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """A filter being made: how conditions are joined (by group), and the conditions. `deep`: it could not be read."""

    joins: dict[int, str] = field(default_factory=lambda: {0: "and"})
    rows: list[Row] = field(default_factory=list)
    deep: bool = False


def of_filter(where: Any) -> Draft:
    """Return the draft of a filter."""
    draft = Draft()
    if not where:
        return draft
    join, tests = _split(where)
    draft.joins[0] = join
    for test in tests:
        if _is_test(test):
            draft.rows.append(_row(0, test))
            continue
        inner, conditions = _split(test)
        if not all(_is_test(condition) for condition in conditions):
            return Draft(deep=True)
        number = max(draft.joins) + 1
        draft.joins[number] = inner
        draft.rows += [_row(number, condition) for condition in conditions]
    return draft


def of_form(form: MultiDict[str, str]) -> Draft:
    """Return the draft that a form holds, after what its button asks for: add, group, remove, drop."""
    draft = Draft(joins={0: _join(form.get("join-0"))})
    for number in form.getlist("group"):
        if number.isdigit() and len(number) < 4:
            draft.joins[int(number)] = _join(form.get(f"join-{number}"))
    for key in form.getlist("row")[:MOST_ROWS]:
        group = form.get(f"{key}.group", "0")
        place = int(group) if group.isdigit() and len(group) < 4 and int(group) in draft.joins else 0
        name, before = form.get(f"{key}.field", ""), form.get(f"{key}.was", "")
        row = Row(place, name, form.get(f"{key}.op", ""), form.getlist(f"{key}.value"))
        if name != before:  # another field: the operator and the value were the old one's
            row.operator, row.values = "", []
        elif row.operator != form.get(f"{key}.wasop", row.operator) and _control_changes(row, form[f"{key}.wasop"]):
            row.values = []
        draft.rows.append(row)
    _do(draft, form.get("do", ""))
    return draft


def _do(draft: Draft, act: str) -> None:
    verb, _colon, number = act.partition(":")
    place = int(number) if number.isdigit() and len(number) < 4 else -1
    if verb == "add" and place in draft.joins and len(draft.rows) < MOST_ROWS:
        draft.rows.append(Row(place))
    elif verb == "group" and len(draft.rows) < MOST_ROWS:
        new = max(draft.joins) + 1
        draft.joins[new] = "or" if draft.joins[0] == "and" else "and"
        draft.rows.append(Row(new))
    elif verb == "remove" and 0 <= place < len(draft.rows):
        del draft.rows[place]
    elif verb == "drop" and place > 0:
        draft.rows = [row for row in draft.rows if row.group != place]
        draft.joins.pop(place, None)


def to_filter(resource: Resource, draft: Draft) -> Any:
    """Return the filter that a draft means; rows without a field do not count. None: it filters nothing."""
    tests: list[Any] = [_test(resource, row) for row in draft.rows if row.group == 0 and row.name]
    for number, join in draft.joins.items():
        inner = [_test(resource, row) for row in draft.rows if row.group == number and row.name]
        if number and inner:
            tests.append(inner[0] if len(inner) == 1 else {join: inner})
    if not tests:
        return None
    return tests if draft.joins[0] == "and" else {"or": tests}


def shown(resource: Resource, draft: Draft) -> dict[str, Any]:
    """Return the form as list_filter.html shows it."""
    rows = [_shown_row(resource, number, row) for number, row in enumerate(draft.rows)]
    return {
        "groups": [
            {
                "number": number,
                "join": join,
                "rows": [row for row, raw in zip(rows, draft.rows, strict=True) if raw.group == number],
            }
            for number, join in draft.joins.items()
        ],
        "joins": JOINS,
        "fields": [{"value": name, "label": described(resource, name).label} for name in filterable(resource)],
        "deep": draft.deep,
        "full": len(draft.rows) >= MOST_ROWS,
    }


def filterable(resource: Resource) -> list[str]:
    """Return the names of the fields that conditions can be about."""
    return [n for n in [*resource.fields, *SYSTEM_FIELDS] if operators(described(resource, n))]


def operators(subject: Field) -> list[str]:
    """Return the operators that the builder offers for a field; "one of" only where there are choices to tick."""
    return [o for o in subject.kind.operators if o != "in" or subject.choices]


def _shown_row(resource: Resource, number: int, row: Row) -> dict[str, Any]:
    made: dict[str, Any] = {"key": f"r{number}", "number": number, "group": row.group, "name": row.name}
    if row.name not in resource.fields and row.name not in SYSTEM_FIELDS:
        return made
    subject = described(resource, row.name)
    known = operators(subject)
    if row.operator in subject.kind.operators and row.operator not in known:
        known = [*known, row.operator]
    operator = row.operator if row.operator in known else (known[0] if known else "")
    return made | {
        "operator": operator,
        "operators": [{"value": o, "label": operator_text(subject, o)} for o in known],
        "control": None if operator in VALUELESS else _control(subject, operator, row.values, f"r{number}.value"),
    }


def _control(subject: Field, operator: str, values: list[str], name: str) -> dict[str, Any]:
    """Return the control of a condition's value, for macros/fields.html."""
    kind, value = subject.kind.name, values[0] if values else ""
    made: dict[str, Any] = {"name": name, "label": subject.label, "value": value, "bare": True, "required": True}
    choices = [{"value": v, "label": label} for v, label in subject.choices.items()]
    if operator == "within":
        return made | {"kind": "choice", "choices": [{"value": v, "label": text} for v, text in PERIODS.items()]}
    if operator == "in" and choices:
        return made | {"kind": "choices", "choices": choices, "value": values, "required": False}
    if operator in AS_TEXT or operator == "in":
        return made | {"kind": "text", "value": ", ".join(values)}
    if kind == "boolean":
        return made | {
            "kind": "choice",
            "choices": [{"value": "1", "label": _("Yes")}, {"value": "0", "label": _("No")}],
        }
    if choices:
        return made | {"kind": "choice", "choices": choices}
    if kind in NUMBERS:
        return made | {"kind": "decimal" if kind != "duration" else "text"}
    if kind in ("reference", "country", "date", "datetime", "currency"):
        return cells.control(subject, value) | made | {"kind": kind, "readonly": False, "help": ""}
    return made | {"kind": "text"}


def _control_changes(row: Row, before: str) -> bool:
    """Whether another operator needs another kind of value."""
    special = {"within", "in", *VALUELESS}
    return (row.operator in special or before in special) and row.operator != before


def _test(resource: Resource, row: Row) -> list[Any]:
    subject = described(resource, row.name)
    operator = row.operator if row.operator in subject.kind.operators else (operators(subject) or [""])[0]
    if operator in VALUELESS:
        return [row.name, operator]
    if operator == "in":
        many = row.values if subject.choices else [v.strip() for value in row.values for v in value.split(",")]
        return [row.name, operator, [value for value in many if value]]
    return [row.name, operator, row.values[0] if row.values else ""]


def _split(where: Any) -> tuple[str, list[Any]]:
    if isinstance(where, Mapping) and len(where) == 1:
        [(join, tests)] = where.items()
        return _join(join), list(tests) if isinstance(tests, list) else []
    if _is_test(where):
        return "and", [where]
    return "and", list(where) if isinstance(where, list) else []


def _is_test(where: Any) -> bool:
    return isinstance(where, list) and len(where) in (2, 3) and isinstance(where[0], str)


def _row(group: int, test: list[Any]) -> Row:
    value = test[2] if len(test) == 3 else []
    values: Iterable[Any] = value if isinstance(value, list) else [value]
    texts = ["1" if v is True else "0" if v is False else str(v) for v in values]
    return Row(group, test[0], str(test[1]), texts)


def _join(text: Any) -> str:
    return "or" if text == "or" else "and"
