"""The pages of actions: the form that one asks for, doing it with a record or with a selection, its progress if long.

They must ask `resources.actions` for everything: a button that is not shown is refused here all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, redirect, request
from flask.typing import ResponseReturnValue

from diwan import bulk, jobs
from diwan.bulk import acting as running
from diwan.db import current
from diwan.errors import DiwanError, Invalid, NotFound, Refuse
from diwan.kit.i18n import _, ngettext
from diwan.resources import Resource, actions, store
from diwan.resources.acts import Action
from diwan.resources.values import title_text
from diwan.web import field_input
from diwan.web.bulk_pages import go, selected
from diwan.web.cells import record_base
from diwan.web.finding import find
from diwan.web.resources import show_form
from diwan.web.shell import render, tell
from diwan.web.state import ListState

pages = Blueprint("actions", __name__, url_prefix="/t/<slug>")
RECORD = "/<plugin>/<name>/<uuid:id>/do/<verb>"


def register(app: Flask) -> None:
    """Add the addresses of all actions; which of them are there depends on the resource."""
    app.register_blueprint(pages)


@pages.get(RECORD)
def ask(plugin: str, name: str, id: UUID, verb: str, **_slug: str) -> ResponseReturnValue:
    """Show what an action asks for, or the question whether to do it."""
    resource = find(plugin, name, "read")
    action = actions.find(resource, verb)
    record = store.get(resource, id, action=action.name)
    return _show(resource, action, {}, title=_title(resource, record), href=_href(resource, id))


@pages.post(RECORD)
def do(plugin: str, name: str, id: UUID, verb: str, **_slug: str) -> ResponseReturnValue:
    """Do it with one record."""
    resource = find(plugin, name, "read")
    action = actions.find(resource, verb)
    raw, href = field_input.read(action.form, request.form), _href(resource, id)
    try:
        if action.long:
            job = running.begin_one(resource, action, id, raw)
            return redirect(f"{href}/do/{verb}/jobs/{job}", 303)
        record = actions.perform(resource, action, id, raw)
    except (Invalid, Refuse) as error:
        current.session.rollback()
        record = store.get(resource, id)
        if action.form:
            return _show(resource, action, raw, error, title=_title(resource, record), href=href), error.status
        return show_form(resource, record, {}, error), error.status
    text = _("%(title)s: %(action)s", title=_title(resource, record), action=str(action.label))
    tell("ok", text, undo=way_back(resource, action, record))
    return redirect(href, 303)


@pages.post("/<plugin>/<name>/do/<verb>")
def do_many(plugin: str, name: str, verb: str, **_slug: str) -> ResponseReturnValue:
    """Do it with the selected records, each on its own."""
    resource = find(plugin, name, "read")
    action = actions.find(resource, verb)
    if not action.bulk:
        raise NotFound(_("There is no such action."))
    selection, state = selected(resource)
    raw = field_input.read(action.form, request.form)
    if action.form and request.form.get("do") != "apply":
        return _show(resource, action, {}, selection=selection, state=state)
    ids = bulk.pick(resource, selection, bulk.MOST_AT_ONCE + 1)
    if not ids:
        tell("warn", _("Select at least one record."))
        return redirect(state.link(), 303)
    try:
        if len(ids) > bulk.MOST_AT_ONCE or action.long:
            job = running.begin_many(resource, action, selection, raw)
            return redirect(f"{state.href}/do/{verb}/jobs/{job}", 303)
        done = actions.perform_many(resource, action, ids, raw)
    except Invalid as error:
        current.session.rollback()
        return _show(resource, action, raw, error, selection=selection, state=state), error.status
    tell("warn" if done.refused else "ok", running.told(action, done))
    return redirect(state.link(), 303)


@pages.get(f"{RECORD}/jobs/<uuid:job>")
def progress_of_one(plugin: str, name: str, id: UUID, verb: str, job: UUID, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "read")
    return _progress(resource, verb, job, _href(resource, id), running.ONE)


@pages.get("/<plugin>/<name>/do/<verb>/jobs/<uuid:job>")
def progress_of_many(plugin: str, name: str, verb: str, job: UUID, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "read")
    return _progress(resource, verb, job, record_base(resource.key), running.MANY)


@pages.post(f"{RECORD}/jobs/<uuid:job>/stop")
def stop_one(plugin: str, name: str, id: UUID, verb: str, job: UUID, **_slug: str) -> ResponseReturnValue:
    return _stop(job, running.ONE, _href(find(plugin, name, "read"), id), _("Stopped. Nothing was changed."))


@pages.post("/<plugin>/<name>/do/<verb>/jobs/<uuid:job>/stop")
def stop_many(plugin: str, name: str, verb: str, job: UUID, **_slug: str) -> ResponseReturnValue:
    text = _("Stopped. What was done until now stays done.")
    return _stop(job, running.MANY, record_base(find(plugin, name, "read").key), text)


def _progress(resource: Resource, verb: str, id: UUID, href: str, kind: str) -> ResponseReturnValue:
    action = actions.find(resource, verb)
    status = _job(id, kind)
    if status.finished:
        _tell_end(action, status, many=kind == running.MANY)
        return go(href)
    shown = {
        "title": action.label,
        "src": request.path,
        "percent": min(100 * status.done / status.total, 100) if status.total else 0,
        "known": bool(status.total),
        "text": status.message,
        "waiting": status.state == "ready" and not status.done,
        "cancel_action": f"{request.path}/stop",
        "leave_href": href,
    }
    return render("action_job.html", [(resource.labels, record_base(resource.key)), (action.label, "")], job=shown)


def _stop(id: UUID, kind: str, href: str, text: object) -> ResponseReturnValue:
    _job(id, kind)
    jobs.cancel(id)
    tell("info", text)
    return redirect(href, 303)


def _job(id: UUID, kind: str) -> jobs.Status:
    """Return a job of this kind that this person began. Raises NotFound."""
    status = jobs.status(id)
    if status is None or status.name != kind or status.actor_id != current.user.id:
        raise NotFound(_("There is no such job."))
    return status


def _tell_end(action: Action, status: jobs.Status, *, many: bool) -> None:
    if status.state == "done":
        tell("ok", status.message if many and status.message else _("Done: %(action)s", action=str(action.label)))
    elif status.state == "cancelled":
        tell("info", _("Stopped. What was done until now stays done.") if many else _("Stopped. Nothing was changed."))
    else:
        tell("bad", _("This could not be finished: %(error)s", error=status.error[:300]))


def _show(
    resource: Resource,
    action: Action,
    raw: Mapping[str, Any],
    error: DiwanError | None = None,
    *,
    title: str = "",
    href: str = "",
    selection: bulk.Selection | None = None,
    state: ListState | None = None,
) -> str:
    """Return the page, or the dialog, of what an action asks for: of one record, or of a selection."""
    back = state.link() if state is not None else href
    place = href or record_base(resource.key)
    total = bulk.count(resource, selection) if selection is not None else 0
    shown = {
        "title": action.label,
        "subject": title or ngettext("%(n)s record", "%(n)s records", total),
        "help": action.help,
        "confirm": action.confirm,
        "action": f"{place}/do/{action.name}",
        "fields": field_input.controls(action.form, raw, error),
        "error": field_input.general(action.form, error),
        "submit_label": action.label,
        "danger": action.tone == "bad",
        "back_href": back,
        "query": state.query if state is not None else "",
        "everything": selection is not None and selection.everything,
        "ids": selection.ids if selection is not None else (),
    }
    crumbs = [(resource.labels, record_base(resource.key)), *([(title, href)] if title else []), (action.label, "")]
    return render("action.html", crumbs, act=shown)


def way_back(resource: Resource, action: Action, record: Any) -> str | None:
    """Return where the action is taken back, if its inverse asks for nothing and can be done now."""
    inverse = next((a for a in actions.possible(resource, record) if a.name == action.undo), None)
    return f"{_href(resource, record.id)}/do/{inverse.name}" if inverse and not inverse.form else None


def _href(resource: Resource, id: UUID) -> str:
    return f"{record_base(resource.key)}/{id}"


def _title(resource: Resource, record: Any) -> str:
    return title_text(resource, {resource.title: getattr(record, resource.title)}) or str(resource.label)
