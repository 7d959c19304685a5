"""The screens of every resource: list, form, archive, delete, and the choices of reference pickers.

They must work for any declared resource; nothing here may know one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from diwan import collaboration, resources
from diwan.db import current
from diwan.errors import Invalid, Refuse, Stale
from diwan.kit.i18n import _
from diwan.kit.ids import uuid7
from diwan.resources import Resource, drafts, rights, store
from diwan.resources.values import title_text
from diwan.web import form_saving, forms, once, screens
from diwan.web.cells import record_base
from diwan.web.finding import find
from diwan.web.shell import render, tell
from diwan.web.state import ListState

pages = Blueprint("resources", __name__, url_prefix="/t/<slug>")
BASE = "/<plugin>/<name>"
MOST_OPTIONS = 20
HINTS = ("text", "email", "phone")


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
        if copied := request.args.get("copy"):
            resource.require("read")
            return show_form(resource, None, forms.copied(resource, store.get(resource, copied)))
        return show_form(resource, None, {n: v for n, v in request.args.items() if n in resource.editable})
    raw, key = forms.read(resource, request.form), request.form.get("form_key", "")
    made, same = once.claim(key, repr(form_saving.pairs()).encode())
    if made is not None:
        return form_saving.again(resource, store.get(resource, made), same=same)
    try:
        record = resources.create(resource, raw)
    except (Invalid, Refuse) as error:
        current.session.rollback()
        return show_form(resource, None, raw, error), 422
    once.settle(key, record.id)
    collaboration.follow(resource, record.id, [current.user.id])
    drafts.forget(resource)
    if form_saving.wants_record():
        return form_saving.tell_record(resource, record)
    tell("ok", _("%(title)s was created.", title=_name(resource, record)))
    return form_saving.go(form_saving.after(resource, record.id))


@pages.route(f"{BASE}/<uuid:id>", methods=["GET", "POST"])
def record(plugin: str, name: str, id: Any, **_slug: str) -> ResponseReturnValue:
    if request.method == "GET":
        resource = find(plugin, name, "read")
        return show_form(resource, store.get(resource, id), {})
    resource = find(plugin, name, "update")
    stored = store.get(resource, id) if resource.reach else None  # what may be written depends on the record
    raw, seen = forms.read(resource, request.form, stored), forms.version(request.form)
    try:
        saved = resources.update(resource, id, raw, seen)
    except (Invalid, Refuse, Stale) as error:
        current.session.rollback()
        return show_form(resource, store.get(resource, id), raw, error, seen), error.status
    drafts.forget(resource, id)
    tell("ok", _("%(title)s was saved.", title=_name(resource, saved)))
    if not rights.reaches(resource, [id], "read"):
        tell("warn", _("It is now out of your reach: your roles show you other records only."))
        return form_saving.go(record_base(resource.key))
    return form_saving.go(form_saving.after(resource, id))


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
    """Answer a reference picker: the first records that match what was typed, and what fits the form (`f.<field>`)."""
    resource = find(plugin, name, "read", picker=True)
    where = [[n.removeprefix("f."), "eq", v] for n, v in request.args.items() if n.startswith("f.") and v]
    hint = next((n for n in resource.columns if n != resource.title and resource.fields[n].kind.name in HINTS), "")
    columns = [resource.title, hint] if hint else [resource.title]
    page = resources.list_page(resource, columns, where, search=request.args.get("q", ""), limit=MOST_OPTIONS)
    items = [
        {
            "id": row[0],
            "label": title_text(resource, {resource.title: row[1]}, current.language),
            "hint": str(row[2] or "") if hint else "",
        }
        for row in page.rows
    ]
    made = _creation(resource) if resource.may("create") else None
    return Response(orjson.dumps({"items": items, "create": made}), content_type="application/json")


def _creation(resource: Resource) -> dict[str, Any]:
    """How a picker creates what it does not find: at once by the title alone, or in a dialog."""
    base = record_base(resource.key)
    needed = {n for n in resource.editable if resource.fields[n].required}
    quick = needed <= {resource.title} and resource.title in resource.editable
    return {"title": resource.title, "href": f"{base}/new", "quick": f"{base}/quick" if quick else "",
            "label": str(_("Create “%(title)s”"))}  # fmt: skip


def _name(resource: Resource, record: Any) -> str:
    return title_text(resource, {resource.title: getattr(record, resource.title)}, current.language) or str(
        resource.label
    )


def show_form(
    resource: Resource, record: Any, raw: Mapping[str, Any], error: Invalid | Refuse | Stale | None = None,
    seen: int | None = None,
) -> str:  # fmt: skip
    draft = None if error or raw else drafts.find(resource, record.id if record is not None else drafts.NEW)
    restored = draft is not None and request.args.get("draft") == "restore"
    if draft is not None and restored:
        raw, seen = forms.read(resource, MultiDict(draft.pairs)), draft.version
    state = form_saving.opened_from(resource)
    title = _name(resource, record) if record is not None else _("New: %(label)s", label=resource.label)
    query = request.args.get("from", "")
    shown = forms.build(resource, record, raw, error, seen, query)
    shown |= {
        "title": title,
        "unsaved": restored or error is not None,
        "draft": form_saving.offer(draft) if draft is not None and not restored else None,
        "form_key": (request.form.get("form_key") or uuid7().hex) if record is None else None,
    }
    if record is not None:
        shown |= form_saving.around(state, record)
    crumbs = [(resource.labels, state.link() if query else state.href), (title, request.path)]
    dialog = "dialog" in request.args or form_saving.wants_record()
    if dialog:  # it opens over a form with fields of the same names
        for field in (field for section in shown["sections"] for field in section["fields"]):
            field["id"] = f"dialog-{field['name']}"
    return render("form.html", crumbs, form=shown, partial=dialog)
