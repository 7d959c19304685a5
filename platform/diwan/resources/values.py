"""From input to stored values: parsing and checking of a whole record, and the sort title.

It must not read or write the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from diwan.db.columns import iso_span
from diwan.db.context import current
from diwan.errors import Invalid
from diwan.kit.i18n import _
from diwan.kit.text import fold
from diwan.resources.declare import Resource
from diwan.resources.fields import Field

LONGEST_SORT = 120
MOST_PARTS = 200


def parse_values(resource: Resource, raw: Mapping[str, Any], *, partial: bool) -> dict[str, Any]:
    """Return typed values for the fields in `raw`. Raises Invalid with one message per field.

    partial: an update, where fields that are absent stay as they are. Unknown and read-only fields are errors.
    """
    values: dict[str, Any] = {}
    errors: dict[str, object] = {}
    for name in raw:
        if name not in resource.editable and (wrong := _not_written(resource, name)):
            errors[name] = wrong
    for name in resource.editable:
        described = resource.fields[name]
        if name not in raw:
            if not partial and described.required:
                errors[name] = _("A value is required.")
            continue
        try:
            value = described.parse(raw[name])
        except ValueError as error:
            errors[name] = error.args[0] if error.args else _("This value does not fit.")
            continue
        if value in (None, []) and (described.needed or not (described.nullable or described.kind.several)):
            if described.required or partial:
                errors[name] = _("A value is required.")
            continue
        values[name] = value
    if errors:
        raise Invalid(errors)
    return values


def _not_written(resource: Resource, name: str) -> object:
    """Why a name that no editable field has makes no sense in what is sent; None where it does."""
    if name in resource.parts or name == "version":
        return None
    if name in resource.secrets:
        return _("A secret is written to one record at a time.")
    return _("This field cannot be written.") if name in resource.fields else _("There is no such field.")


def read_set(resource: Resource, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that code has set, as their fields take them, also read-only ones. Raises Invalid."""
    found: dict[str, Any] = {}
    errors: dict[str, object] = {}
    for name, value in values.items():
        described = resource.fields[name]
        try:
            found[name] = described.parse(value)
        except ValueError as error:
            errors[name] = error.args[0] if error.args else _("This value does not fit.")
            continue
        if found[name] is None and not described.nullable:
            errors[name] = _("A value is required.")
    if errors:
        raise Invalid(errors)
    return found


def with_defaults(resource: Resource, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new record's values: what was given, the defaults for the rest."""
    defaults = {name: described.initial() for name, described in resource.fields.items() if name not in values}
    return {**{name: value for name, value in defaults.items() if value is not None}, **values}


def title_text(resource: Resource, values: Mapping[str, Any], language: str | None = None) -> str:
    """Return the title of a record as one text; of a bilingual one the business's language, else the other."""
    value = values.get(resource.title)
    if isinstance(value, Mapping):
        return spoken(value, language or (current.tenant.language if current.tenant_or_none else "en"))
    return str(value or "")


def spoken(parts: Mapping[str, Any], language: str) -> str:
    """Return the text of a bilingual value in a language, or in the first other one that it has."""
    return str(parts.get(language) or next((text for text in parts.values() if text), ""))


def sort_title(resource: Resource, values: Mapping[str, Any]) -> str:
    """Return the folded title by which lists sort."""
    return fold(title_text(resource, values))[:LONGEST_SORT]


def parse_parts(part: Resource, raw: Any) -> list[dict[str, Any]]:
    """Return typed child rows, each with "id" when it names an existing one. Raises Invalid ("address.0.street")."""
    if not isinstance(raw, list) or len(raw) > MOST_PARTS or not all(isinstance(row, Mapping) for row in raw):
        raise Invalid({part.name: _("Give a list of at most %(most)s rows.", most=MOST_PARTS)})
    rows: list[dict[str, Any]] = []
    errors: dict[str, object] = {}
    for number, row in enumerate(raw):
        fields = {name: value for name, value in row.items() if name != "id"}
        try:
            values = parse_values(part, fields, partial=bool(row.get("id")))
        except Invalid as invalid:
            errors |= {f"{part.name}.{number}.{name}": text for name, text in invalid.errors.items()}
            continue
        rows.append({**values, "id": row["id"]} if row.get("id") else values)
    if errors:
        raise Invalid(errors)
    return rows


def value_of(described: Field, record: Any) -> Any:
    """Return the value of a field of a stored record."""
    if described.custom:
        return described.load((record.custom or {}).get(described.name))
    return getattr(record, described.name)


def split(resource: Resource, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return values of columns, and what the column `custom` keeps of the fields that a business added."""
    columns: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for name, value in values.items():
        described = resource.fields.get(name)
        if described is None or not described.custom:
            columns[name] = value
        elif value is not None and value is not False and value != []:
            custom[name] = as_json(value)
    return columns, custom


def assign(resource: Resource, record: Any, values: Mapping[str, Any]) -> None:
    """Set values of a record; blank custom fields leave no trace."""
    columns, custom = split(resource, values)
    for name, value in columns.items():
        setattr(record, name, value)
    blank = values.keys() - columns.keys() - custom.keys()
    if custom or blank:
        kept = {name: value for name, value in (record.custom or {}).items() if name not in blank}
        record.custom = {**kept, **custom}


def as_id(text: Any) -> UUID | None:
    """Return the id that a text is, or None."""
    try:
        return text if isinstance(text, UUID) else UUID(str(text))
    except ValueError:
        return None


def as_json(value: Any) -> Any:
    """Return a value as it is kept in JSON (audit, events, REST): decimals, dates, times and ids as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, timedelta):
        return iso_span(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def json_text(value: Any) -> str:
    """Return what JSON does not know as text: the `default` of orjson."""
    return iso_span(value) if isinstance(value, timedelta) else str(value)
