"""Records on paper: any record as a PDF, in the language that is asked for.

It must show what the person may read on the screen and nothing else.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Flask, Response, request

from diwan import files
from diwan.db import current
from diwan.db.base import now
from diwan.documents import Letterhead, render_pdf
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
        if key != RECORD:
            raise NotFound(_("There is no such document."))
        pdf = render_pdf(record_data(resource, record), letterhead(), printed=_printed())
        title = str(getattr(record, resource.title) or resource.label)
    finally:
        i18n.reset_language(token)
    way = "attachment" if request.args.get("download") else "inline"
    answer = Response(pdf, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f"{way}; filename=\"{key}.pdf\"; filename*=UTF-8''{quote(title)}.pdf"
    answer.headers["Cache-Control"] = "no-store"
    return answer


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
