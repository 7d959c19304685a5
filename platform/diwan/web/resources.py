"""The screens of every resource: list, form, archive, delete, and the choices of reference pickers.

They must work for any declared resource; nothing here may know one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, redirect, request
from flask.typing import ResponseReturnValue

from diwan import resources
from diwan.db import current
from diwan.errors import Invalid, Refuse, Stale
from diwan.kit.i18n import _
from diwan.resources import Resource, store
from diwan.web import forms, screens
from diwan.web.cells import record_base
from diwan.web.finding import find
from diwan.web.shell import render, tell
from diwan.web.state import ListState

pages = Blueprint("resources", __name__, url_prefix="/t/<slug>")
BASE = "/<plugin>/<name>"
MOST_OPTIONS = 20


def register(app: Flask) -> None:
    """Add the generic screens; they come last, so that a module's own pages win."""
    app.register_blueprint(pages)


@pages.get(BASE)
def index(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "read")
    return screens.show(ListState.read(resource, request.args), request.args)


@pages.route(f"{BASE}/new", methods=["GET", "POST"])
def new(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "create")
    if request.method == "GET":
        return _show_form(resource, None, {n: v for n, v in request.args.items() if n in resource.editable})
    raw = forms.read(resource, request.form)
    try:
        record = resources.create(resource, raw)
    except (Invalid, Refuse) as error:
        current.session.rollback()
        return _show_form(resource, None, raw, error), 422
    tell("ok", _("%(title)s was created.", title=_name(resource, record)))
    base = record_base(resource.key)
    return redirect(f"{base}/new" if request.form.get("save") == "new" else f"{base}/{record.id}", 303)


@pages.route(f"{BASE}/<uuid:id>", methods=["GET", "POST"])
def record(plugin: str, name: str, id: Any, **_slug: str) -> ResponseReturnValue:
    if request.method == "GET":
        resource = find(plugin, name, "read")
        return _show_form(resource, store.get(resource, id), {})
    resource = find(plugin, name, "update")
    raw = forms.read(resource, request.form)
    try:
        saved = resources.update(resource, id, raw, forms.version(request.form))
    except (Invalid, Refuse, Stale) as error:
        current.session.rollback()
        return _show_form(resource, store.get(resource, id), raw, error), error.status
    tell("ok", _("%(title)s was saved.", title=_name(resource, saved)))
    base = record_base(resource.key)
    return redirect(f"{base}/new" if request.form.get("save") == "new" else f"{base}/{id}", 303)


@pages.post(f"{BASE}/<uuid:id>/<any(archive, restore):verb>")
def set_archived(plugin: str, name: str, id: Any, verb: str, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "update")
    changed = resources.archive(resource, id) if verb == "archive" else resources.restore(resource, id)
    text = _("%(title)s was archived.") if verb == "archive" else _("%(title)s was restored.")
    tell("ok", text % {"title": _name(resource, changed)})
    return redirect(f"{record_base(resource.key)}/{id}", 303)


@pages.post(f"{BASE}/<uuid:id>/delete")
def delete(plugin: str, name: str, id: Any, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "delete")
    title = _name(resource, store.get(resource, id))
    base = record_base(resource.key)
    try:
        resources.delete(resource, id)
    except Refuse as error:
        current.session.rollback()
        tell("bad", error.message)
        return redirect(f"{base}/{id}", 303)
    tell("ok", _("%(title)s was deleted.", title=title))
    return redirect(base, 303)


@pages.get(f"{BASE}/options")
def options(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """Answer a reference picker: the first records that match what was typed."""
    resource = find(plugin, name, "read")
    page = resources.list_page(resource, [resource.title], search=request.args.get("q", ""), limit=MOST_OPTIONS)
    body = [{"id": row[0], "label": row[1] or "", "hint": ""} for row in page.rows]
    return Response(orjson.dumps(body), content_type="application/json")


def _name(resource: Resource, record: Any) -> str:
    return str(getattr(record, resource.title) or resource.label)


def _show_form(
    resource: Resource, record: Any, raw: Mapping[str, Any], error: Invalid | Refuse | Stale | None = None
) -> str:
    base = record_base(resource.key)
    title = _name(resource, record) if record is not None else _("New: %(label)s", label=resource.label)
    shown = forms.build(resource, record, raw, error)
    crumbs = [(resource.labels, base), (title, request.path)]
    return render("form.html", crumbs, form={**shown, "title": title})
