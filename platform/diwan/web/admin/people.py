"""Who works here: members, their roles, invitations.

It must offer only what the person may do; the services refuse the rest.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.access import service as access
from diwan.access.models import Role
from diwan.access.permissions import OWNER
from diwan.access.terms import Held
from diwan.db import current
from diwan.db.base import now
from diwan.errors import DiwanError, Invalid, Refuse, TooMany
from diwan.kit import formats
from diwan.kit.i18n import _, listed
from diwan.tenants import people
from diwan.tenants.people import Member
from diwan.web.account.business import avatar_href
from diwan.web.shell import home, render, tell

pages = Blueprint("people", __name__, url_prefix="/t/<slug>/people")


@pages.get("")
def index(error: DiwanError | None = None, **_slug: str) -> ResponseReturnValue:
    current.require("core.member.read")
    base, can = f"{home()}/people", current.user.can
    roles, members = access.roles(), people.members()
    shown = {
        "can_invite": can("core.member.invite"),
        "invite": {"action": f"{base}/invitations", "fields": _invite_fields(roles, error)},
        "members": [_member(member, base) for member in members],
        "invitations": [_invitation(i, roles, base) for i in people.invitations()] if can("core.member.invite") else [],
        "roles": [_role(role, members, base) for role in roles] if can("core.role.update") else [],
        "new_role_href": f"{base}/roles/new",
    }
    page = render("people.html", [(_("People"), base)], people=shown)
    return page, error.status if error else 200


@pages.post("/invitations")
def invite(**_slug: str) -> ResponseReturnValue:
    current.require("core.member.invite")
    try:
        invitation = people.invite(request.form.get("email", ""), request.form.getlist("roles"))
    except (Invalid, Refuse, TooMany) as error:
        return index(error)
    tell("ok", _("The invitation to %(email)s is on its way.", email=invitation.email))
    return redirect(f"{home()}/people", 303)


@pages.post("/invitations/<uuid:id>/<any(resend, revoke):verb>")
def change_invitation(id: UUID, verb: str, **_slug: str) -> ResponseReturnValue:
    current.require("core.member.invite")
    if verb == "resend":
        people.resend_invitation(id)
        tell("ok", _("The invitation was sent again, with a new link."))
    else:
        people.revoke_invitation(id)
        tell("ok", _("The invitation was revoked; its link no longer works."))
    return redirect(f"{home()}/people", 303)


@pages.post("/<uuid:id>/<any(enable, disable):verb>")
def switch_member(id: UUID, verb: str, **_slug: str) -> ResponseReturnValue:
    current.require("core.member.update")
    try:
        if verb == "disable":
            people.disable_member(id)
        else:
            people.enable_member(id)
    except Refuse as error:
        current.session.rollback()
        tell("bad", error.message)
    else:
        tell("ok", _("They can no longer open this business.") if verb == "disable" else _("They can work here again."))
    return redirect(f"{home()}/people", 303)


def _invite_fields(roles: Any, error: DiwanError | None) -> list[dict[str, Any]]:
    errors = error.errors if isinstance(error, Invalid) else {}
    email = {
        "name": "email",
        "kind": "email",
        "label": _("E-mail"),
        "required": True,
        "value": request.form.get("email", ""),
        "error": errors.get("email") or (error.message if error and not errors else None),
    }
    field = _roles_field(roles, request.form.getlist("roles") or ["member"])
    return [email, {**field, "error": errors.get("roles")}]


def _roles_field(roles: Any, chosen: list[str]) -> dict[str, Any]:
    choices = [{"value": role.key, "label": access.label(role)} for role in roles]
    return {"name": "roles", "kind": "choices", "label": _("Roles"), "choices": choices, "value": chosen, "wide": True}


def _member(member: Member, base: str) -> dict[str, Any]:
    you, may = member.user_id == current.user.id, current.user.can("core.member.update")
    active = member.state == "active"
    return {
        "name": member.name,
        "email": member.email,
        "job_title": member.job_title,
        "picture": avatar_href(member.avatar),
        "you": you,
        "owner": any(role.key == OWNER for role in member.roles),
        "disabled": not active,
        "roles": [_role_badge(held) for held in member.held],
        "role_label": listed(access.label(role) for role in member.roles) or _("no role"),
        "last_seen": formats.ago(member.seen_at, now()) if member.seen_at else None,
        "href": f"{base}/{member.id}" if may and active else None,
        "remove_action": f"{base}/{member.id}/disable" if may and active and not you else None,
        "enable_action": f"{base}/{member.id}/enable" if may and not active else None,
    }


def _role_badge(held: Held) -> dict[str, Any]:
    """Return a role as somebody has it: its name, and the days that matter."""
    days: object = ""
    if held.state == "later" and held.since is not None:
        days = _("from %(day)s", day=formats.day(held.since))
    elif held.until is not None:
        days = _("until %(day)s", day=formats.day(held.until))
    owner = held.role.key == OWNER
    return {"label": access.label(held.role), "days": days, "over": held.state == "over", "owner": owner}


def _invitation(invitation: Any, roles: Any, base: str) -> dict[str, Any]:
    names = [access.label(role) for role in roles if role.key in invitation.role_keys]
    expired = invitation.expires_at <= now()
    until = formats.moment(invitation.expires_at, current.tenant.timezone)
    return {
        "email": invitation.email,
        "role": listed(names),
        "sent": _("sent %(when)s", when=formats.ago(invitation.created_at, now())),
        "expires": _("expired") if expired else _("works until %(when)s", when=until),
        "resend_action": f"{base}/invitations/{invitation.id}/resend",
        "revoke_action": f"{base}/invitations/{invitation.id}/revoke",
    }


def _role(role: Role, members: list[Member], base: str) -> dict[str, Any]:
    return {
        "name": role.key,
        "label": access.label(role),
        "description": _("suggested by a module") if role.plugin else "",
        "members": sum(role.id in {held.id for held in member.roles} for member in members),
        "href": None if role.key == OWNER else f"{base}/roles/{role.id}",
    }
