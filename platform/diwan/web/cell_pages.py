"""One cell of a list, changed in its place: the control of its field, and the cell again when it is saved.

It must save as the form does: validated, audited, and refused where somebody else saved first.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from diwan import resources
from diwan.audit.models import AuditEntry
from diwan.db import current
from diwan.errors import Invalid, NotFound, Refuse, Stale
from diwan.kit.i18n import _
from diwan.resources import Resource, store
from diwan.resources.showing import text_of
from diwan.web import cells, forms
from diwan.web.finding import find
from diwan.web.list_columns import editable
from diwan.web.rows import cell, title_cell

pages = Blueprint("cells", __name__, url_prefix="/t/<slug>/<plugin>/<name>")


def register(app: Flask) -> None:
    """Add the page of a cell."""
    app.register_blueprint(pages)


@pages.route("/<uuid:id>/cell/<field>", methods=["GET", "POST"])
def edit(plugin: str, name: str, id: UUID, field: str, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "update")
    if not editable(resource, field):
        raise NotFound(_("This field cannot be changed here."))
    if request.method == "GET":
        return _control(resource, field, store.get(resource, id, action="update"))
    raw = _typed(resource, field)
    try:
        saved = resources.update(resource, id, {field: raw}, forms.version(request.form))
    except Stale as error:
        current.session.rollback()
        return _control(resource, field, store.get(resource, id), raw, stale=error), error.status
    except (Invalid, Refuse) as error:
        current.session.rollback()
        told = error.errors.get(field) if isinstance(error, Invalid) else error.message
        return _control(resource, field, store.get(resource, id), raw, told or str(error)), error.status
    answer = make_response(_shown(resource, field, saved))
    answer.headers["HX-Trigger"] = "list-cell-saved"
    return answer


def _typed(resource: Resource, field: str) -> Any:
    """The value as the form of a record would send it."""
    kind, form = resource.fields[field].kind, request.form
    if kind.operators and "has" in kind.operators:
        return [value for value in form.getlist(field) if value]
    return (field in form) if kind.name == "boolean" else form.get(field, "")


def _control(
    resource: Resource, field: str, record: Any, raw: Any = None, error: object = "", stale: Stale | None = None
) -> str:
    described = resource.fields[field]
    value = store.values_of(resource, record)[field]
    shown = cells.control(described, value if raw is None else raw, error)
    theirs = None
    if stale is not None:
        theirs = {"who": _last_writer(resource, id=record.id), "value": text_of(described, value) or "–"}
    return render_template(
        "partials/list_cell.html",
        field={**shown, "bare": True, "help": ""},
        version=record.version,
        action=f"{cells.record_base(resource.key)}/{record.id}/cell/{field}",
        theirs=theirs,
    )


def _last_writer(resource: Resource, *, id: UUID) -> Any:
    statement = select(AuditEntry.actor_name).where(
        AuditEntry.tenant_id == current.tenant.id, AuditEntry.resource == resource.key, AuditEntry.record_id == id
    )
    return current.session.scalar(statement.order_by(AuditEntry.id.desc()).limit(1)) or _("Somebody")


def _shown(resource: Resource, field: str, record: Any) -> str:
    described = resource.fields[field]
    values = store.values_of(resource, record)
    [value] = cells.column_cells(described, [values[field]], {name: [other] for name, other in values.items()})
    if request.form.get("title") == "1":
        href = f"{cells.record_base(resource.key)}/{record.id}"
        shown = {"text": value, "avatar": not described.sequence} if field == resource.title else value
        return title_cell(shown, href, described.kind.name)
    return cell(described.kind.name, value)
