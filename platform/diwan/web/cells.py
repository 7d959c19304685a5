"""Values as the screens show them: a list's cells, a form's controls, a history's changes.

It must return plain data for the templates; no HTML here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from diwan.db import current
from diwan.kit import formats
from diwan.kit.i18n import _, listed
from diwan.resources import Field, Resource
from diwan.resources.search import titles
from diwan.resources.values import as_json

TONES = ("info", "ok", "violet", "warn", "bad")
ENDING = ("integer", "decimal", "money")


def column_cells(described: Field, values: Sequence[Any]) -> list[Any]:
    """Return the cells of one column of a list; references are named with one statement for the whole column."""
    kind = described.kind.name
    if kind == "choice":
        badges = choice_badges(described)
        return [badges.get(value, value) for value in values]
    if kind == "choices":
        badges = choice_badges(described)
        return [[badges.get(item, item) for item in value or ()] or "" for value in values]
    if kind == "country":
        return [formats.country(value) if value else "" for value in values]
    if kind == "reference":
        names = titles(described.reference, values)
        base = record_base(described.reference)
        return [{"text": names.get(v) or _("Unavailable"), "href": f"{base}/{v}"} if v else "" for v in values]
    if kind == "datetime":
        zone = current.tenant.timezone
        return [formats.moment(value, zone) if value else "" for value in values]
    if kind == "date":
        return [formats.day(value) if value else "" for value in values]
    if kind in ("integer", "decimal"):
        return ["" if value is None else formats.number(value) for value in values]
    if kind == "longtext":
        return [(value or "")[:200] for value in values]
    return ["" if value is None else value for value in values]


def choice_badges(described: Field) -> dict[str, dict[str, Any]]:
    """Return the badge of each choice: its text and one of five tones by its place."""
    return {
        value: {"text": str(label), "tone": TONES[number % len(TONES)]}
        for number, (value, label) in enumerate(described.choices.items())
    }


def record_base(key: str) -> str:
    """Return the address of a resource's list in the current tenant."""
    return f"/t/{current.tenant.slug}/{key.replace('.', '/')}"


def control(described: Field, value: Any, error: object = "", *, readonly: bool = False) -> dict[str, Any]:
    """Return a field of a form as macros/fields.html takes it."""
    kind = described.kind.name
    made: dict[str, Any] = {
        "name": described.name,
        "kind": kind,
        "label": described.label,
        "help": described.help,
        "value": form_value(value),
        "error": error,
        "required": described.required,
        "readonly": readonly or described.readonly,
        "wide": described.wide,
        "maxlength": described.longest or None,
    }
    if kind in ("choice", "choices"):
        made["choices"] = [{"value": v, "label": label} for v, label in described.choices.items()]
        made["required"] = kind == "choice" and not described.nullable
    elif kind == "country":
        made["choices"] = [{"value": code, "label": name} for code, name in formats.countries()]
    elif kind == "reference":
        base = record_base(described.reference)
        made |= {"src": f"{base}/options", "href": f"{base}/{value}" if value else "", "text": _title(described, value)}
    return made


def form_value(value: Any) -> Any:
    """Return a value as a control holds it: dates as ISO, numbers with a point."""
    if value is None or isinstance(value, bool | str | list):
        return "" if value is None else value
    if hasattr(value, "isoformat"):
        return value.isoformat()[:16] if hasattr(value, "hour") else value.isoformat()
    return str(value)


def lines_control(part: Resource, rows: Iterable[Mapping[str, Any]], errors: Mapping[str, object]) -> dict[str, Any]:
    """Return the control of child rows. `rows` map field names to values, with "id" for stored ones."""
    columns = [
        {**control(part.fields[name], None), "default": form_value(part.fields[name].initial())}
        for name in part.editable
    ]
    shown = []
    for number, row in enumerate(rows):
        prefix = f"{part.name}.{number}."
        shown.append(
            {
                "id": row.get("id") or "",
                "values": {name: form_value(row.get(name)) for name in part.editable},
                "errors": {n.removeprefix(prefix): text for n, text in errors.items() if n.startswith(prefix)},
            }
        )
    return {
        "name": part.name,
        "kind": "lines",
        "label": part.labels,
        "columns": columns,
        "rows": shown,
        "add_label": _("Add a line"),
        "error": errors.get(part.name, ""),
    }


def text_of(described: Field, value: Any) -> str:
    """Return a value as one text, for comparisons and the history."""
    if value in (None, "", []):
        return ""
    kind = described.kind.name
    if kind == "choice":
        return str(described.choices.get(value, value))
    if kind == "choices":
        return listed(described.choices.get(item, item) for item in value)
    if kind == "country":
        return formats.country(value)
    if kind == "reference":
        return str(_title(described, value) or _("Unavailable"))
    if kind == "boolean":
        return str(_("Yes") if value else _("No"))
    return str(as_json(value))


def changes(
    resource: Resource, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """Return the lines of a change for the history."""
    lines = []
    for name in dict.fromkeys([*(before or {}), *(after or {})]):
        old, new = (before or {}).get(name), (after or {}).get(name)
        if name in resource.parts:
            part = resource.parts[name]
            lines.append({"label": part.labels, "before": _rows(part, old), "after": _rows(part, new)})
        elif name in resource.fields:
            described = resource.fields[name]
            lines.append(
                {"label": described.label, "before": text_of(described, old), "after": text_of(described, new)}
            )
    return lines


def _rows(part: Resource, rows: Any) -> str:
    return "; ".join(str(row.get(part.title) or "") for row in rows or [])


def _title(described: Field, value: Any) -> str:
    if not value:
        return ""
    try:
        key = value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:  # what was typed comes back with its error
        return str(value)
    return titles(described.reference, [key]).get(key, "")
