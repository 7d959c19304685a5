"""The bell and the page of notifications: what colleagues and the platform told one person.

It must lead only to records that the person may read now.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from diwan import notifications
from diwan.db import current
from diwan.db.base import now
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.notifications import Notification
from diwan.operators import support
from diwan.web.around_view import record_href
from diwan.web.shell import home, render

pages = Blueprint("notifications", __name__, url_prefix="/t/<slug>/notifications")
PAGE = 30
WORDS = {
    "mention": (_("mentioned you"), "at"),
    "comment": (_("commented"), "message"),
    "changed": (_("changed a record that you follow"), "pencil"),
    "support": (_("Support access"), "lifebuoy"),
    "task": (_("gave you a task"), "checklist"),
    "reminder": (_("Reminder"), "alarm"),
    "token": (_("API token"), "key"),
    "takeout": ("", "package-export"),
    "handover": ("", "transfer-in"),
}


def register(app: Flask) -> None:
    """Add the pages."""
    app.register_blueprint(pages)


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    try:
        before = UUID(request.args["before"]) if request.args.get("before") else None
    except ValueError:
        before = None
    found = notifications.latest(before, PAGE)
    more = f"{home()}/notifications?before={found[PAGE - 1].id}" if len(found) > PAGE else None
    context = {"notices": [_shown(each) for each in found[:PAGE]], "more_href": more, "first": before is None}
    return render("around/notifications.html", [(_("Notifications"), "")], **context)


@pages.get("/bell")
def bell(**_slug: str) -> ResponseReturnValue:
    return render_template(
        "partials/bell.html", count=notifications.unread_count(), href=f"{home()}/notifications", support=_support()
    )


def _support() -> dict[str, Any] | None:
    """Return for those who may let support in whether it is inside just now."""
    if not current.user.can("core.support.grant"):
        return None
    inside = support.inside()
    if inside is None:
        return None
    until = formats.moment(inside.expires_at, current.tenant.timezone)
    return {"href": f"{home()}/settings/support", "label": _("Support is inside until %(when)s", when=until)}


@pages.post("/read")
def read_all(**_slug: str) -> ResponseReturnValue:
    notifications.mark_read()
    return redirect(f"{home()}/notifications", 303)


@pages.post("/<uuid:id>")
def go(id: UUID, **_slug: str) -> ResponseReturnValue:
    """Note that one was read, and go where it leads."""
    found = notifications.find(id)
    notifications.mark_read([id])
    target = _target(found) if found else ""
    return redirect(target or f"{home()}/notifications", 303)


def _target(found: Notification) -> str:
    if href := record_href(found.resource, found.record_id):
        return href
    if found.kind == "token":
        return f"{home()}/tokens"
    if found.kind == "takeout":
        return f"{home()}/settings/data"
    return f"{home()}/tasks" if found.kind in ("task", "reminder") else ""


def _shown(found: Notification) -> dict[str, Any]:
    what, icon = WORDS.get(found.kind, ("", "bell"))
    hidden = bool(found.resource) and not record_href(found.resource, found.record_id)
    return {
        "id": found.id,
        "who": "" if found.kind in ("reminder", "token", "takeout") else found.actor_name,
        "what": what,
        "icon": icon,
        "title": _("A record that you may no longer see") if hidden else found.title,
        "body": "" if hidden else found.body,
        "unread": found.read_at is None,
        "when": formats.ago(found.created_at, now()),
        "when_full": formats.moment(found.created_at, current.tenant.timezone),
    }
