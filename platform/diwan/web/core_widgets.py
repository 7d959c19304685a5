"""The widgets that Diwan itself brings to the home page: what happened lately, and what is one's own.

Each returns what `widget.html` shows; none may ask for more than a handful of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from diwan import collaboration
from diwan.audit.models import AuditEntry
from diwan.db import current
from diwan.db.base import now
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.web.admin.audit import told
from diwan.web.cells import record_base
from diwan.web.shell import home

LATEST = 8


@dataclass(frozen=True, slots=True)
class CoreWidget:
    """A widget of Diwan itself."""

    key: str
    label: object
    make: Callable[[], dict[str, Any]]
    permission: str = ""
    size: str = "small"


def activity() -> dict[str, Any]:
    """Return the latest changes of records."""
    entries = current.session.scalars(
        select(AuditEntry)
        .where(AuditEntry.tenant_id == current.tenant.id, AuditEntry.resource != "")
        .order_by(AuditEntry.id.desc())
        .limit(LATEST)
    )
    lines = []
    for entry in entries:
        what, icon = told(entry)
        lines.append(
            {"who": entry.actor_name or _("System"), "what": what, "icon": icon, "when": formats.ago(entry.at, now())}
        )
    return {"timeline": lines, "more": {"label": _("All"), "href": f"{home()}/audit"}}


def tasks() -> dict[str, Any]:
    """Return the person's own open tasks, the most urgent first."""
    opened, _done = collaboration.my_tasks()
    zone = current.tenant.timezone
    items = [
        {
            "label": task.title,
            "icon": "checkbox",
            "href": f"{record_base(task.resource)}/{task.record_id}"
            if task.resource and task.record_id
            else f"{home()}/tasks",
            "hint": formats.moment(task.due_at, zone) if task.due_at else "",
        }
        for task in opened[:LATEST]
    ]
    return {"records": items, "empty": _("Nothing is waiting for you.")}


def recent() -> dict[str, Any]:
    """Return the records that the person looked at lately."""
    return {"records": titled(collaboration.recent(LATEST)), "empty": _("Records that you open appear here.")}


def favourites() -> dict[str, Any]:
    """Return the records that the person marked with a star."""
    return {"records": titled(collaboration.favourites(LATEST)), "empty": _("Mark a record with its star.")}


def titled(records: Sequence[tuple[str, UUID, str]]) -> list[dict[str, Any]]:
    """Return records as entries with icon, link and the name of their kind."""
    resources = current.lineup.resources
    return [
        {
            "label": title or _("Untitled"),
            "icon": resources[key].icon or "table",
            "href": f"{record_base(key)}/{id}",
            "hint": resources[key].label,
        }
        for key, id, title in records
        if key in resources
    ]


WIDGETS = {
    widget.key: widget
    for widget in (
        CoreWidget("core.tasks", _("My tasks"), tasks),
        CoreWidget("core.recent", _("Seen lately"), recent),
        CoreWidget("core.favourites", _("Favourites"), favourites),
        CoreWidget("core.activity", _("What happened lately"), activity, "core.audit.read"),
    )
}
