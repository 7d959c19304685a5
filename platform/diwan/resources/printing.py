"""Records on paper: what a document holds, and the PDF that it becomes, in the language that is asked for.

It must not check permissions: who may read a record may print it, and nothing else stands on the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from diwan import files
from diwan.db.base import now
from diwan.db.context import current
from diwan.documents import Letterhead, render_pdf
from diwan.documents.rendering import RECORD as TEMPLATE
from diwan.errors import NotFound
from diwan.kit import formats, i18n
from diwan.kit.i18n import LANGUAGES, _
from diwan.resources import store
from diwan.resources.declare import Resource
from diwan.resources.fields import Field
from diwan.resources.showing import ENDING, text_of

RECORD = "record"
"""The key of the document that every record has."""
EMPTY: tuple[Any, ...] = (None, "", [], {})
OWN_DIRECTION = ("integer", "decimal", "money", "quantity", "percent", "duration", "date", "datetime", "phone", "email")


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that is made: its bytes, and the title of its record."""

    pdf: bytes
    title: str


def papers_of(resource: Resource) -> dict[str, Any]:
    """Return the labels of the documents that modules make of the records of a resource, by key."""
    return {
        found.name: found.label for found in current.lineup.all("document") if found.options["resource"] == resource.key
    }


def make_paper(resource: Resource, record: Any, key: str, language: str = "") -> Paper:
    """Return a document of a record in a language (the reader's). Raises NotFound, or BrokenTemplate."""
    token = i18n.set_language(language if language in LANGUAGES else current.language)
    try:
        data, template = (record_data(resource, record), None) if key == RECORD else _of_plugin(resource, record, key)
        printed = formats.moment(now(), current.tenant.timezone)
        pdf = render_pdf(data, letterhead(), template=template or TEMPLATE, printed=printed)
        return Paper(pdf, str(getattr(record, resource.title) or resource.label))
    finally:
        i18n.reset_language(token)


def _of_plugin(resource: Resource, record: Any, key: str) -> tuple[dict[str, Any], Path | None]:
    """Return the data and the template of a document that a module makes. Raises NotFound."""
    found = current.lineup.find("document", f"{resource.plugin}.{key}")
    if found is None or found.options["resource"] != resource.key:
        raise NotFound(_("There is no such document."))
    given = current.lineup.call(found, record) or {}
    data = {name: _plain(value) for name, value in given.items()}
    labels = {
        other.name: {name: str(described.label) for name, described in other.fields.items()}
        for other in current.lineup.resources.values()
        if other.plugin == resource.plugin
    }
    whole = record_data(resource, record)
    whole["title"] = f"{found.label}: {getattr(record, resource.title) or ''}".strip(": ")
    return {**whole, **data, "labels": {**labels, "document": str(found.label)}}, found.options["template"]


def _plain(value: Any) -> Any:
    """Return what a document's function gives as its template reads it: a record as the texts of its fields."""
    own = getattr(type(value), "__resource__", None)
    if own is not None:
        resource = current.lineup.resources.get(own.key, own)
        values = store.values_of(resource, value)
        return {name: _shown(described, values[name], values) for name, described in resource.fields.items()}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def letterhead() -> Letterhead:
    """Return the head of the documents of this business."""
    tenant, brand = current.tenant, current.tenant.brand
    # Typst reads no WebP.
    drawn = brand.get("logo_type") in ("image/png", "image/jpeg")
    logo = files.path_of(UUID(brand["logo"])).read_bytes() if drawn else b""
    return Letterhead(tenant.name, [formats.country(tenant.country)], brand.get("colour", ""), logo)


def record_data(resource: Resource, record: Any) -> dict[str, Any]:
    """Return a record as `record.typ` takes it: sections of labels and values, child rows as tables."""
    values = store.values_of(resource, record)
    sections = [
        {
            "label": str(section.label),
            "facts": [
                {
                    "label": str(resource.fields[name].label),
                    "value": _shown(resource.fields[name], values[name], values),
                    "wide": resource.fields[name].wide,
                }
                for name in section.fields
                if values.get(name) not in EMPTY
            ],
        }
        for section in resource.sections
    ]
    tables = [table for part in resource.parts.values() if (table := _table(part, record, values))]
    return {
        "title": f"{resource.label}: {getattr(record, resource.title) or ''}".strip(": "),
        "sections": sections,
        "tables": tables,
    }


def _table(part: Resource, record: Any, outer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the child rows as columns, so that the names of what they refer to come in one statement each."""
    rows = store.parts_of(part, record)
    if not rows:
        return None
    names = [n for n in part.fields if n != part.part_of and any(getattr(row, n) not in EMPTY for row in rows)]
    return {
        "label": str(part.labels),
        "columns": [{"label": str(part.fields[n].label), "end": part.fields[n].kind.name in ENDING} for n in names],
        "rows": [_row(part, names, row, outer) for row in rows],
    }


def _row(part: Resource, names: Sequence[str], row: Any, outer: Mapping[str, Any]) -> list[Any]:
    values = {name: getattr(row, name) for name in part.fields}
    return [_shown(part.fields[name], values[name], values, outer) for name in names]


def _shown(described: Field, value: Any, values: Mapping[str, Any], outer: Mapping[str, Any] | None = None) -> Any:
    text = text_of(described, value, values, outer)
    return {"ltr": True, "text": text} if described.kind.name in OWN_DIRECTION else text
