"""What happens to the selected rows of a list: at once for up to a thousand, else as a job whose progress is shown.

It must take the selection as ids or as the state of the list, and let `diwan.bulk` do the work.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, make_response, redirect, request
from flask.typing import ResponseReturnValue

from diwan import bulk, jobs
from diwan.bulk.service import RUN, told
from diwan.db import current
from diwan.errors import BadRequest, Invalid, NotFound, Refuse
from diwan.kit.i18n import _, ngettext
from diwan.resources import Resource
from diwan.web import cells
from diwan.web.finding import find
from diwan.web.list_columns import editable
from diwan.web.shell import render, tell
from diwan.web.state import ListState

pages = Blueprint("bulk", __name__, url_prefix="/t/<slug>/<plugin>/<name>/bulk")


def register(app: Flask) -> None:
    """Add the acts; their addresses lie below those of the resource."""
    app.register_blueprint(pages)


def selected(resource: Resource) -> tuple[bulk.Selection, ListState]:
    """Return what a list's form has selected, and the state it was in. Raises BadRequest."""
    form = request.form
    state = ListState.of_query(resource, form.get("state", ""))
    if form.get("all") == "1":
        return bulk.Selection((), True, state.tests or None, state.search, state.archived), state
    try:
        ids = tuple(dict.fromkeys(UUID(id) for id in form.getlist("id")))
    except ValueError:
        raise BadRequest(_("A selection is a list of ids.")) from None
    return bulk.Selection(ids), state


@pages.post("/<any(archive, restore, delete):verb>")
def act(plugin: str, name: str, verb: str, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, bulk.VERBS[verb])
    selection, state = selected(resource)
    return _do(resource, verb, selection, state)


@pages.post("/edit")
def edit(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """Ask for a field and its new value, then write it. `apply` says that the form is complete."""
    resource = find(plugin, name, "update")
    selection, state = selected(resource)
    field, form = request.form.get("field", ""), request.form
    if field and not editable(resource, field):
        raise BadRequest(_("This field cannot be changed here."))
    if form.get("do") != "apply" or not field:
        return _show_edit(resource, selection, state, field)
    try:
        return _do(resource, "edit", selection, state, {field: _typed(resource, field)})
    except (Invalid, Refuse) as error:
        current.session.rollback()
        message = error.errors.get(field) if isinstance(error, Invalid) else error.message
        return _show_edit(resource, selection, state, field, message or str(error)), error.status


def _do(
    resource: Resource, verb: str, selection: bulk.Selection, state: ListState, values: dict[str, Any] | None = None
) -> ResponseReturnValue:
    ids = bulk.pick(resource, selection, bulk.MOST_AT_ONCE + 1)
    if not ids:
        tell("warn", _("Select at least one record."))
        return redirect(state.link(), 303)
    if len(ids) > bulk.MOST_AT_ONCE:
        job = bulk.begin(resource, verb, selection, values)
        return redirect(f"{state.href}/bulk/jobs/{job}", 303)
    done = bulk.apply(resource, verb, ids, values)
    tell("warn" if done.refused else "ok", told(verb, done), undo=done.undo)
    return redirect(state.link(), 303)


def _typed(resource: Resource, field: str) -> Any:
    kind, name = resource.fields[field].kind, "value"
    if "has" in kind.operators:
        return [value for value in request.form.getlist(name) if value]
    return request.form.get(name, "")


def _show_edit(
    resource: Resource, selection: bulk.Selection, state: ListState, field: str, error: object = ""
) -> str:  # fmt: skip
    total = bulk.count(resource, selection)
    control = None
    if field:
        described = resource.fields[field]
        typed = _typed(resource, field) if error else None
        control = {**cells.control(described, typed, error), "name": "value", "readonly": False, "id": "bulk-value"}
        if described.kind.name == "boolean":
            choices = [{"value": "1", "label": _("Yes")}, {"value": "0", "label": _("No")}]
            control |= {"kind": "choice", "choices": choices, "required": True}
    shown = {
        "title": ngettext("Edit a field of %(n)s record", "Edit a field of %(n)s records", total),
        "action": f"{state.href}/bulk/edit",
        "fields": [
            {"value": name, "label": f.label, "chosen": name == field}
            for name, f in resource.fields.items()
            if editable(resource, name) and not f.unique
        ],
        "field": field,
        "control": control,
        "ids": [] if selection.everything else selection.ids,
        "everything": selection.everything,
        "query": state.query,
        "many": total > bulk.MOST_AT_ONCE,
        "back_href": state.link(),
    }
    return render("list_bulk.html", [(resource.labels, state.link()), (_("Edit a field"), "")], bulk=shown)


@pages.get("/jobs/<uuid:id>")
def progress(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "read")
    status = _job(id)
    base = cells.record_base(resource.key)
    if status.finished:
        _tell_end(status)
        return go(base)
    percent = 100 * status.done / status.total if status.total else 0
    shown = {
        "src": f"{base}/bulk/jobs/{id}",
        "percent": min(percent, 100),
        "done": status.done,
        "total": status.total,
        "text": status.message,
        "waiting": status.state == "ready" and not status.done,
        "cancel_action": f"{base}/bulk/jobs/{id}/stop",
        "leave_href": base,
    }
    return render("list_bulk_job.html", [(resource.labels, base), (_("Working…"), "")], job=shown)


@pages.post("/jobs/<uuid:id>/stop")
def stop(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "read")
    _job(id)
    jobs.cancel(id)
    tell("info", _("Stopped. What was done until now stays done."))
    return redirect(cells.record_base(resource.key), 303)


def _job(id: UUID) -> jobs.Status:
    """Return a job of this kind that this person began. Raises NotFound."""
    status = jobs.status(id)
    if status is None or status.name != RUN or status.actor_id != current.user.id:
        raise NotFound(_("There is no such job."))
    return status


def _tell_end(status: jobs.Status) -> None:
    if status.state == "done":
        tell("ok", status.message or _("Done."))
    elif status.state == "cancelled":
        tell("info", _("Stopped. What was done until now stays done."))
    else:
        tell("bad", _("This could not be finished: %(error)s", error=status.error[:300]))


def go(href: str) -> ResponseReturnValue:
    """Send the whole window elsewhere, also when only a part of a page was asked for."""
    if request.headers.get("HX-Request") == "true":
        answer = make_response("", 200)
        answer.headers["HX-Redirect"] = href
        return answer
    return redirect(href, 303)
