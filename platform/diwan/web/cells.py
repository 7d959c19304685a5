"""Values as the screens show them: a list's cells, a form's controls, a history's changes.

It must return plain data for the templates; no HTML here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from diwan.db import current
from diwan.kit import formats
from diwan.kit.i18n import LANGUAGES, _, listed
from diwan.resources import Field, Resource, people
from diwan.resources.amounts import base_currency, currency_of
from diwan.resources.kinds.texts import clean_html
from diwan.resources.kinds.times import clock_span
from diwan.resources.search import titles
from diwan.resources.secrets import longest
from diwan.resources.showing import (
    BY_VALUE,
    NUMERIC,
    address_text,
    file_names,
    number_parts,
    spoken_text,
    text_of,
    title_of,
)
from diwan.resources.values import as_id

TONES = ("info", "ok", "violet", "warn", "bad")


def beside(resource: Resource, names: Iterable[str]) -> list[str]:
    """Return the further fields that the cells of these need: currencies of amounts, units of quantities."""
    shown = list(names)
    wanted: list[str] = []
    for name in shown:
        described = resource.fields.get(name)
        sibling = (described.currency or described.unit) if described else ""
        if isinstance(sibling, str) and sibling in resource.fields and sibling not in (*shown, *wanted):
            wanted.append(sibling)
    return wanted


def column_cells(
    described: Field, values: Sequence[Any], others: Mapping[str, Sequence[Any]] | None = None
) -> list[Any]:
    """Return the cells of one column of a list; what they refer to is named with one statement for the whole column.

    `others` holds the values of further columns by name: those that `beside` asks for.
    """
    kind = described.kind.name
    if kind in NUMERIC:
        return _numbers(described, values, others or {})
    if make := BY_COLUMN.get(described.name if described.name.startswith("@") else kind):  # @tags is no field
        return make(described, values)
    if show := BY_VALUE.get(kind):
        return [show(value) if value not in (None, "") else "" for value in values]
    return ["" if value is None else value for value in values]


def _numbers(described: Field, values: Sequence[Any], others: Mapping[str, Sequence[Any]]) -> list[Any]:
    sibling = described.currency or described.unit
    column = others.get(sibling) if isinstance(sibling, str) else None
    fixed = "" if isinstance(sibling, str) else sibling  # a text is the name of a field
    cells: list[Any] = []
    for place, value in enumerate(values):
        if value is None:
            cells.append("")
            continue
        text, unit = number_parts(described, value, column[place] if column else fixed)
        cells.append({"text": text, "unit": unit} if unit else text)
    return cells


def _badges(described: Field, values: Sequence[Any]) -> list[Any]:
    badges = choice_badges(described)
    if described.kind.several:
        return [[badges.get(item, item) for item in value or ()] or "" for value in values]
    return [badges.get(value, value) for value in values]


def _links(described: Field, values: Sequence[Any]) -> list[Any]:
    several = described.kind.several
    names = titles(described.reference, {i for value in values for i in value or ()} if several else values)
    base = record_base(described.reference) if described.reference != people.KEY else ""  # people have no page there

    def link(id: Any) -> dict[str, Any]:
        return {"text": names.get(id) or _("Unavailable"), "href": f"{base}/{id}" if base else ""}

    if several:
        return [[link(id) for id in value or ()] or "" for value in values]
    return [link(value) if value else "" for value in values]


def _files(described: Field, values: Sequence[Any]) -> list[Any]:
    known = file_names({value for value in values if value})
    return [{"text": known.get(v) or _("Unavailable"), "href": file_address(v)} if v else "" for v in values]


def file_address(id: Any) -> str:
    """Return where a stored file is downloaded."""
    return f"/t/{current.tenant.slug}/files/{id}"


BY_COLUMN: dict[str, Callable[[Field, Sequence[Any]], list[Any]]] = {
    "choice": _badges, "choices": _badges, "reference": _links, "references": _links, "file": _files, "image": _files,
    "tags": lambda described, values: [list(value or ()) or "" for value in values],
}  # fmt: skip


def choice_badges(described: Field) -> dict[str, dict[str, Any]]:
    """Return the badge of each choice: its text and one of five tones by its place."""
    return {
        value: {"text": str(label), "tone": described.tones.get(value) or TONES[number % len(TONES)]}
        for number, (value, label) in enumerate(described.choices.items())
    }


def record_base(key: str) -> str:
    """Return the address of a resource's list in the current tenant."""
    return f"/t/{current.tenant.slug}/{key.replace('.', '/')}"


def control(
    described: Field, value: Any, error: object = "", *, readonly: bool = False, values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a field of a form as macros/fields.html takes it. `values` are those of the whole record, if known."""
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
    if described.function is not None or described.formula is not None:
        made["computed"] = True
    if add := EXTRAS.get(kind):
        made |= add(described, value)
    if values and kind in ("money", "quantity"):
        made |= _beside_control(described, value, values)
    return made


def secret_control(
    described: Field, is_set: bool, error: object = "", *, typed: bool = False, readonly: bool = False
) -> dict[str, Any]:
    """Return the control of a secret: whether there is one, never which. `typed`: one was, and must be typed again."""
    again = _("Type it again: a secret is not shown a second time.") if typed and not error else ""
    return {
        "name": described.name, "kind": "secret", "label": described.label, "help": described.help, "value": is_set,
        "error": error or again, "required": False, "readonly": readonly, "wide": described.wide,
        "maxlength": longest(described), "several_lines": described.kind.name == "longtext",
        "text": secret_text(is_set),
    }  # fmt: skip


def secret_text(is_set: object) -> str:
    """Return what people read in the place of a secret."""
    return str(_("Set") if is_set else _("Not set"))


def _beside_control(described: Field, value: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """An amount as its currency writes it, a quantity with its unit, where those are fields of the record."""
    if described.kind.name == "quantity":
        named = isinstance(described.unit, str) and described.unit
        return {"suffix": values.get(described.unit) or ""} if named else {}
    code = currency_of(described, values)
    shown = {"currency": code}
    return {**shown, "value": formats.amount(value, code).replace(",", "")} if isinstance(value, Decimal) else shown


def _choice_extras(described: Field, value: Any) -> dict[str, Any]:
    choices = [{"value": v, "label": label} for v, label in described.choices.items()]
    return {"choices": choices, "required": described.kind.name == "choice" and not described.nullable}


def _reference_extras(described: Field, value: Any) -> dict[str, Any]:
    base = record_base(described.reference)
    href = f"{base}/{value}" if value and described.reference != people.KEY else ""
    return {"src": f"{base}/options", "href": href, "text": title_of(described, value)}


def _references_extras(described: Field, value: Any) -> dict[str, Any]:
    base = record_base(described.reference)
    ids = [id for item in (value if isinstance(value, list | tuple) else []) if (id := as_id(item))]
    names = titles(described.reference, ids)
    chosen = [{"id": str(i), "text": names.get(i) or _("Unavailable"), "href": f"{base}/{i}"} for i in ids]
    return {"src": f"{base}/options", "chosen": chosen, "value": ""}


def _money_extras(described: Field, value: Any) -> dict[str, Any]:
    sibling = described.currency.rpartition(".")[2]
    shown = {"currency": "" if sibling else base_currency(), "currency_field": sibling}
    if isinstance(value, Decimal) and not sibling:
        shown["value"] = formats.amount(value, base_currency()).replace(",", "")
    return shown


def _quantity_extras(described: Field, value: Any) -> dict[str, Any]:
    return {"suffix": "" if isinstance(described.unit, str) else described.unit}


def _file_extras(described: Field, value: Any) -> dict[str, Any]:
    id = as_id(value) if value else None
    purpose = described.purpose
    return {
        "value": str(id) if id else "", "text": file_names([id]).get(id, "") if id else "",
        "href": file_address(id) if id else "", "src": f"/t/{current.tenant.slug}/files", "purpose": purpose,
        "accept": "image/png,image/jpeg,image/gif,image/webp" if described.kind.name == "image" else "",
    }  # fmt: skip


def _parts_extras(described: Field, value: Any) -> dict[str, Any]:
    known = value if isinstance(value, Mapping) else {}
    address = described.kind.name == "address"
    labels = ADDRESS_LABELS if address else LANGUAGES
    pieces = [
        {"name": f"{described.name}.{key}", "label": label, "value": known.get(key) or "", "key": key,
         "choices": [{"value": code, "label": name} for code, name in formats.countries()] if key == "country" else []}
        for key, label in labels.items()
    ]  # fmt: skip
    shown = (address_text(value) if address else spoken_text(value)) if value else ""
    return {"pieces": pieces, "text": shown, "value": ""}


ADDRESS_LABELS = {
    "street": _("Street"), "city": _("City"), "region": _("Region"), "postal_code": _("Postal code"),
    "country": _("Country"),
}  # fmt: skip
EXTRAS: dict[str, Callable[[Field, Any], dict[str, Any]]] = {
    "choice": _choice_extras, "choices": _choice_extras, "reference": _reference_extras,
    "references": _references_extras, "money": _money_extras, "quantity": _quantity_extras,
    "file": _file_extras, "image": _file_extras, "address": _parts_extras, "bilingual": _parts_extras,
    "country": lambda described, value: {
        "choices": [{"value": code, "label": name} for code, name in formats.countries()]},
    "currency": lambda described, value: {
        "choices": [{"value": code, "label": f"{code} – {name}"} for code, name in formats.currencies()]},
    "tags": lambda described, value: {"value": listed(value) if isinstance(value, list | tuple) else value or ""},
    "duration": lambda described, value: {
        "value": clock_span(value) if isinstance(value, timedelta) else value or "", "placeholder": "1:30"},
    "richtext": lambda described, value: {"html": Markup(clean_html(str(value or "")))},  # noqa: S704  (cleaned just now)
}  # fmt: skip


def form_value(value: Any) -> Any:
    """Return a value as a control holds it: dates as ISO, numbers with a point."""
    if value is None or isinstance(value, bool | str | list | dict):
        return "" if value is None else value
    if isinstance(value, timedelta):
        return clock_span(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()[:16] if hasattr(value, "hour") else value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def lines_control(
    part: Resource, rows: Iterable[Mapping[str, Any]], errors: Mapping[str, object], outer: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the control of child rows. `rows` map field names to values, with "id" for stored ones.

    `outer` are the values of the record that they belong to: prices may be in its currency.
    """
    names = [n for n, f in part.fields.items() if n in part.editable or (f.computed is not None and n != part.part_of)]
    columns = [
        {**control(part.fields[name], None), "default": form_value(part.fields[name].initial())} for name in names
    ]
    shown = []
    for number, row in enumerate(rows):
        prefix = f"{part.name}.{number}."
        shown.append(
            {
                "id": row.get("id") or "",
                "values": {name: _line_value(part.fields[name], row, outer) for name in names},
                "texts": _line_texts(part, names, row, outer),
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


def _line_value(described: Field, row: Mapping[str, Any], outer: Mapping[str, Any]) -> Any:
    value = row.get(described.name)
    if described.kind.name == "money" and isinstance(value, Decimal):
        return formats.amount(value, currency_of(described, row, outer)).replace(",", "")
    return form_value(value)


def _line_texts(
    part: Resource, names: Iterable[str], row: Mapping[str, Any], outer: Mapping[str, Any]
) -> dict[str, str]:
    """Return what a child row shows where the value alone says nothing: names of records, computed values."""
    return {
        name: text_of(part.fields[name], row.get(name), row, outer)
        for name in names
        if row.get(name) not in (None, "")
        and (part.fields[name].computed or part.fields[name].kind.name == "reference")
    }


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
        elif name in resource.secrets:
            told = _("Set anew") if old and new else secret_text(new)
            lines.append({"label": resource.secrets[name].label, "before": secret_text(old), "after": told})
        elif name in resource.fields:
            described = resource.fields[name]
            lines.append(
                {"label": described.label, "before": text_of(described, old), "after": text_of(described, new)}
            )
    return lines


def _rows(part: Resource, rows: Any) -> str:
    return "; ".join(str(row.get(part.title) or "") for row in rows or [])
