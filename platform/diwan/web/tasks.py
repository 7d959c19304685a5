"""The page "My tasks": late, today, later, done; each is settled or put off with one click.

It must work with plain forms; every act leads back to the page.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, redirect, request
from flask.typing import ResponseReturnValue

from diwan import collaboration
from diwan.collaboration.models import Task
from diwan.db import current
from diwan.db.base import now
from diwan.errors import Invalid, Stale
from diwan.kit.i18n import _, listed
from diwan.web import around_view
from diwan.web.shell import home, render, tell
from diwan.web.when import in_days, moment_of, today_ends

pages = Blueprint("tasks", __name__, url_prefix="/t/<slug>/tasks")
SNOOZES = {"day": 1, "week": 7}


def register(app: Flask) -> None:
    """Add the pages."""
    app.register_blueprint(pages)


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    return _page()


@pages.post("")
def create(**_slug: str) -> ResponseReturnValue:
    form = request.form
    try:
        collaboration.create_task(
            form.get("title", ""), due_at=moment_of(form.get("due", ""), "due"),
            remind_at=moment_of(form.get("remind", ""), "remind"),
        )  # fmt: skip
    except Invalid as error:
        current.session.rollback()
        return _page(dict(form), listed(error.errors.values())), 422
    return redirect(f"{home()}/tasks", 303)


@pages.route("/<uuid:id>", methods=["GET", "POST"])
def change(id: UUID, **_slug: str) -> ResponseReturnValue:
    """Show a task as a form, and save it; what is wrong or stale is said over what was typed."""
    task, form = collaboration.find_task(id), request.form
    if request.method == "GET":
        return _form(task, _values(task))
    try:
        version = int(form.get("version", "")) if form.get("version", "").isdecimal() else -1
        collaboration.edit_task(
            id, min(version, 2**31), title=form.get("title", ""), note=form.get("note", ""),
            assignee_id=_assignee(form.get("assignee", "")), due_at=_due(task, form.get("due", "")),
            remind_at=_kept(task.remind_at, form.get("remind", "")),
        )  # fmt: skip
    except (Invalid, Stale) as error:
        current.session.rollback()
        errors = error.errors if isinstance(error, Invalid) else {}
        stale = error.message if isinstance(error, Stale) else ""
        return _form(collaboration.find_task(id), dict(form), errors, stale), error.status
    tell("ok", _("The task was changed."))
    return redirect(around_view.record_href(task.resource, task.record_id) or f"{home()}/tasks", 303)


def _values(task: Task) -> dict[str, str]:
    """A task as its form shows it, in the time zone of the business."""
    return {
        "title": task.title, "note": task.note, "assignee": str(task.assignee_id or ""),
        "due": _local(task.due_at)[:10], "remind": _local(task.remind_at),
    }  # fmt: skip


def _local(moment: datetime | None) -> str:
    zone = ZoneInfo(current.tenant.timezone)
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if moment else ""


def _due(task: Task, text: str) -> datetime | None:
    """The end of the day that was chosen; the same day keeps its moment."""
    return task.due_at if text == _local(task.due_at)[:10] else moment_of(text, "due")


def _kept(moment: datetime | None, text: str) -> datetime | None:
    return moment if text == _local(moment) else moment_of(text, "remind")


def _assignee(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid({"assignee": _("Choose somebody from the list.")}) from None


def _form(task: Task, values: dict[str, str], errors: Any = None, stale: object = "") -> str:
    resource = current.lineup.resources.get(task.resource) if task.resource else None
    members = collaboration.people(resource=resource, record=task.record_id)
    back = around_view.record_href(task.resource, task.record_id) or f"{home()}/tasks"
    return render(
        "around/task.html", [(_("My tasks"), f"{home()}/tasks"), (_("Change the task"), "")],
        task={**values, "id": task.id, "version": task.version, "back_href": back},
        assignees=[{"id": str(p.id), "name": p.name} for p in members if p.may or resource is None],
        errors=errors or {}, stale=stale,
    )  # fmt: skip


@pages.post("/<uuid:id>/<any(done, open):verb>")
def settle(id: UUID, verb: str, **_slug: str) -> ResponseReturnValue:
    collaboration.complete_task(id, done=verb == "done")
    return redirect(f"{home()}/tasks", 303)


@pages.post("/<uuid:id>/snooze/<any(day, week):span>")
def snooze(id: UUID, span: str, **_slug: str) -> ResponseReturnValue:
    collaboration.snooze_task(id, in_days(SNOOZES[span]))
    return redirect(f"{home()}/tasks", 303)


@pages.post("/<uuid:id>/delete")
def delete(id: UUID, **_slug: str) -> ResponseReturnValue:
    collaboration.delete_task(id)
    tell("ok", _("The task was deleted."))
    return redirect(f"{home()}/tasks", 303)


def _page(typed: dict[str, str] | None = None, error: str = "") -> str:
    opened, done = collaboration.my_tasks()
    moment, evening = now(), today_ends()
    groups: dict[str, list[dict[str, Any]]] = {"late": [], "today": [], "later": []}
    for task in opened:
        late = task.due_at is not None and task.due_at < moment
        group = "late" if late else "today" if task.due_at is not None and task.due_at < evening else "later"
        groups[group].append(around_view.task_line(task, {}))
    shown = [
        {"label": _("Overdue"), "tone": "bad", "tasks": groups["late"]},
        {"label": _("Today"), "tone": "warn", "tasks": groups["today"]},
        {"label": _("Later"), "tone": "info", "tasks": groups["later"]},
        {"label": _("Done"), "tone": "ok", "tasks": [around_view.task_line(task, {}) for task in done]},
    ]
    context = {"groups": [group for group in shown if group["tasks"]], "typed": typed or {}, "error": error}
    return render("around/tasks.html", [(_("My tasks"), "")], **context)
