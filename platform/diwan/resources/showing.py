"""Values as one text each, as people read them: for documents, the history, comparisons and what screens are made of.

It must not know where a record is shown; addresses and widgets are the screens' own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from diwan.db.context import current
from diwan.files.models import StoredFile
from diwan.kit import formats
from diwan.kit.i18n import _, listed
from diwan.kit.phones import show_phone
from diwan.resources.amounts import base_currency, currency_of
from diwan.resources.kinds.texts import ADDRESS, plain_text
from diwan.resources.kinds.times import clock_span
from diwan.resources.search import titles
from diwan.resources.values import as_id, as_json, spoken

if TYPE_CHECKING:
    from diwan.resources.fields import Field

NUMERIC = frozenset({"integer", "decimal", "money", "quantity", "percent"})
ENDING = (*sorted(NUMERIC), "duration")
"""Kinds whose values line up at the end of a column."""


def text_of(
    described: Field, value: Any, values: Mapping[str, Any] | None = None, outer: Mapping[str, Any] | None = None
) -> str:
    """Return a value, or what JSON keeps of it, as one text.

    `values` are those of its record and `outer` those of the record that the row belongs to: they tell an amount's
    currency and a quantity's unit.
    """
    if value in (None, "", [], {}):
        return ""
    kind = described.kind.name
    if kind == "choice":
        return str(described.choices.get(value, value))
    if kind == "choices":
        return listed(described.choices.get(item, item) for item in value)
    if kind == "tags":
        return listed(value)
    if kind == "reference":
        return str(title_of(described, value) or _("Unavailable"))
    if kind == "boolean":
        return str(_("Yes") if value else _("No"))
    if isinstance(value, str):
        try:
            value = described.load(value)
        except (ValueError, ArithmeticError):  # what was typed and does not fit
            return str(value)
    return _typed_text(described, value, values or {}, outer)


def _typed_text(described: Field, value: Any, values: Mapping[str, Any], outer: Mapping[str, Any] | None) -> str:
    kind = described.kind.name
    if kind == "references":
        ids = [as_id(item) for item in value]
        names = titles(described.reference, ids)
        return listed(names.get(id) or _("Unavailable") for id in ids)
    if kind in ("file", "image"):
        return str(file_names([value]).get(value) or _("Unavailable"))
    if kind in NUMERIC:
        if kind == "money":
            unit: Any = currency_of(described, values, outer)
        else:
            unit = values.get(described.unit) if isinstance(described.unit, str) else described.unit
        text, unit = number_parts(described, value, unit)
        return f"{text} {unit}" if unit else text
    show = BY_VALUE.get(kind, str)
    return str(show(value))


def number_parts(described: Field, value: Any, unit: object) -> tuple[str, Any]:
    """Return a number as people read it, and the currency or unit that has to stand beside it, or "".

    `unit` is that of its record; an amount without a currency of its own is in that of the business.
    """
    kind = described.kind.name
    if kind == "money":
        base = base_currency()
        return formats.amount(value, str(unit or base)), unit if unit and unit != base else ""
    if kind == "quantity":
        return formats.number(value), unit or ""
    return formats.number(value) + ("%" if kind == "percent" else ""), ""


def file_names(ids: Iterable[Any]) -> dict[Any, str]:
    """Return the names of stored files, in one statement."""
    wanted = list(ids)
    if not wanted:
        return {}
    statement = select(StoredFile.id, StoredFile.name).where(
        StoredFile.tenant_id == current.tenant.id, StoredFile.id.in_(wanted)
    )
    return {row.id: row.name for row in current.session.execute(statement)}


def title_of(described: Field, value: Any) -> str:
    """Return the title of the record that a reference leads to, "" where it is gone."""
    if not value:
        return ""
    try:
        key = value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:  # what was typed comes back with its error
        return str(value)
    return titles(described.reference, [key]).get(key, "")


def spoken_text(value: Any) -> str:
    """Return a bilingual value in the reader's language, or in the other."""
    return spoken(value, current.language) if isinstance(value, Mapping) else str(value)


def address_text(value: Any) -> str:
    """Return an address as one line."""
    if not isinstance(value, Mapping):
        return str(value)
    parts = {**value, "country": formats.country(value["country"]) if value.get("country") else ""}
    return listed(parts[key] for key in ADDRESS if parts.get(key))


BY_VALUE: dict[str, Callable[[Any], Any]] = {
    "country": formats.country, "datetime": lambda value: formats.moment(value, current.tenant.timezone),
    "date": formats.day, "duration": clock_span, "longtext": lambda value: value[:200],
    "richtext": lambda value: plain_text(value)[:200], "bilingual": spoken_text, "address": address_text,
    "json": lambda value: str(as_json(value))[:200], "phone": show_phone,
}  # fmt: skip
"""How one value of a kind is written; other kinds are as they are."""
