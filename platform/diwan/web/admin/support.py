"""Support access as a business sees it: let support in for a time, end it, and read what support did.

It must show every grant that there is or was; what support did comes from the audit log.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.db.base import now
from diwan.errors import Invalid
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.operators import support
from diwan.operators.models import SupportGrant
from diwan.web.admin.audit import told
from diwan.web.shell import home, render, tell

pages = Blueprint("support_access", __name__, url_prefix="/t/<slug>/settings/support")
PERMISSION = "core.support.grant"


@pages.get("")
def index(error: Invalid | None = None, **_slug: str) -> ResponseReturnValue:
    current.require(PERMISSION)
    base, zone = f"{home()}/settings/support", current.tenant.timezone
    try:
        before = UUID(request.args["before"]) if request.args.get("before") else None
    except ValueError:
        before = None
    found = support.doings(before)
    more = f"{base}?before={found[support.PAGE - 1].id}#did" if len(found) > support.PAGE else None
    grants = support.given()
    shown = {
        "action": base,
        "fields": _fields(error.errors if error else {}),
        "live": [_grant(each, base) for each in grants if each.live],
        "past": [_grant(each, base) for each in grants if not each.live],
        "did": [
            {"who": e.actor_name, "what": told(e)[0], "icon": told(e)[1], "when": formats.moment(e.at, zone),
             "changes": []}
            for e in found[: support.PAGE]
        ],
        "pager": {"next_href": more, "previous_href": base if before else None, "text": ""},
    }  # fmt: skip
    page = render("support.html", [(_("Settings"), f"{home()}/settings"), (_("Support access"), "")], support=shown)
    return page, error.status if error else 200


@pages.post("")
def give(**_slug: str) -> ResponseReturnValue:
    current.require(PERMISSION)
    hours = request.form.get("hours", type=int) or 0
    try:
        grant = support.give(request.form.get("level", ""), hours, request.form.get("reason", ""))
    except Invalid as error:
        current.session.rollback()
        return index(error)
    until = formats.moment(grant.expires_at, current.tenant.timezone)
    tell("ok", _("Support may come in until %(when)s.", when=until))
    return redirect(f"{home()}/settings/support", 303)


@pages.post("/<uuid:id>/revoke")
def revoke(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require(PERMISSION)
    support.revoke(id)
    tell("ok", _("Support access has ended."))
    return redirect(f"{home()}/settings/support", 303)


def _fields(errors: dict[str, Any]) -> list[dict[str, Any]]:
    typed = request.form
    return [
        {"name": "reason", "kind": "text", "label": _("What for?"), "required": True, "wide": True, "maxlength": 300,
         "value": typed.get("reason", ""), "error": errors.get("reason"),
         "help": _("Support reads this, and it stays in your audit log.")},
        {"name": "level", "kind": "choice", "label": _("Support may"), "required": True,
         "value": typed.get("level", support.READ), "error": errors.get("level"),
         "choices": [{"value": value, "label": label} for value, label in support.LEVELS.items()]},
        {"name": "hours", "kind": "choice", "label": _("For"), "required": True,
         "value": typed.get("hours", "4"), "error": errors.get("hours"),
         "choices": [{"value": str(value), "label": label} for value, label in support.LIVES.items()]},
    ]  # fmt: skip


def _grant(grant: SupportGrant, base: str) -> dict[str, Any]:
    zone, moment = current.tenant.timezone, now()
    inside = grant.live and grant.seen_at is not None and grant.seen_at > moment - support.GONE_AFTER
    return {
        "level": support.LEVELS[grant.level],
        "reason": grant.reason,
        "by": grant.granted_by_name,
        "given": formats.moment(grant.created_at, zone),
        "until": formats.moment(grant.revoked_at or grant.expires_at, zone),
        "used": formats.moment(grant.first_used_at, zone) if grant.first_used_at else None,
        "inside": inside,
        "revoke_action": f"{base}/{grant.id}/revoke",
    }
