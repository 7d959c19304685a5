"""The widgets that Diwan itself brings to the home page: what happened lately, and what is one's own.

Each returns what `widget.html` shows; none may ask for more than a handful of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from diwan.audit.models import AuditEntry
from diwan.db import current
from diwan.db.base import now
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.web.admin.audit import told
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


WIDGETS = {
    widget.key: widget
    for widget in (CoreWidget("core.activity", _("What happened lately"), activity, "core.audit.read"),)
}
