"""The page "My tasks": late, today, later, done; each is settled or put off with one click.

It must work with plain forms; every act leads back to the page.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, redirect, request
from flask.typing import ResponseReturnValue

from diwan import collaboration
from diwan.db import current
from diwan.db.base import now
from diwan.errors import Invalid
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
