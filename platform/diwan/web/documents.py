"""Records on paper: any record as a PDF, in the language that is asked for.

It must show what the person may read on the screen and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Flask, Response, request

from diwan import files
from diwan.db import current
from diwan.db.base import now
from diwan.documents import Letterhead, render_pdf
from diwan.documents.rendering import RECORD as TEMPLATE
from diwan.errors import NotFound
from diwan.kit import formats, i18n
from diwan.kit.i18n import LANGUAGES, _
from diwan.resources import Field, Resource, store
from diwan.web import cells
from diwan.web.finding import find

pages = Blueprint("documents", __name__, url_prefix="/t/<slug>")
RECORD = "record"
EMPTY: tuple[Any, ...] = (None, "", [], {})
OWN_DIRECTION = ("integer", "decimal", "money", "quantity", "percent", "duration", "date", "datetime", "phone", "email")


def register(app: Flask) -> None:
    """Add the documents of records."""
    app.register_blueprint(pages)


@pages.get("/<plugin>/<name>/<uuid:id>/documents/<key>.pdf")
def show(plugin: str, name: str, id: UUID, key: str, **_slug: str) -> Response:
    """Answer with a document of a record; `lang` chooses its language, `download=1` a file instead of a page."""
    resource = find(plugin, name, "read")
    record = store.get(resource, id)
    token = i18n.set_language(_language())
    try:
        data, template = (record_data(resource, record), None) if key == RECORD else _of_plugin(resource, record, key)
        pdf = render_pdf(data, letterhead(), template=template or TEMPLATE, printed=_printed())
        title = str(getattr(record, resource.title) or resource.label)
    finally:
        i18n.reset_language(token)
    way = "attachment" if request.args.get("download") else "inline"
    answer = Response(pdf, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f"{way}; filename=\"{key}.pdf\"; filename*=UTF-8''{quote(title)}.pdf"
    answer.headers["Cache-Control"] = "no-store"
    return answer


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
        return {name: _shown(described, values[name]) for name, described in resource.fields.items()}
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
                    "value": _shown(resource.fields[name], values[name]),
                    "wide": resource.fields[name].wide,
                }
                for name in section.fields
                if values[name] not in EMPTY
            ],
        }
        for section in resource.sections
    ]
    tables = [table for part in resource.parts.values() if (table := _table(part, record))]
    return {
        "title": f"{resource.label}: {getattr(record, resource.title) or ''}".strip(": "),
        "sections": sections,
        "tables": tables,
    }


def _table(part: Resource, record: Any) -> dict[str, Any] | None:
    """Return the child rows as columns, so that the names of what they refer to come in one statement each."""
    rows = store.parts_of(part, record)
    if not rows:
        return None
    names = [n for n in part.fields if n != part.part_of and any(getattr(row, n) not in EMPTY for row in rows)]
    return {
        "label": str(part.labels),
        "columns": [
            {"label": str(part.fields[n].label), "end": part.fields[n].kind.name in cells.ENDING} for n in names
        ],
        "rows": [[_shown(part.fields[n], getattr(row, n)) for n in names] for row in rows],
    }


def _shown(described: Field, value: Any) -> Any:
    text = cells.text_of(described, value)
    return {"ltr": True, "text": text} if described.kind.name in OWN_DIRECTION else text


def _language() -> str:
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else current.language


def _printed() -> str:
    return formats.moment(now(), current.tenant.timezone)
