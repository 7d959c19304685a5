"""Who works here: members as a list to search in, open invitations, roles.

It must offer only what the person may do; the services refuse the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.access import service as access
from diwan.access import teams
from diwan.access.models import Role
from diwan.access.permissions import OWNER
from diwan.access.terms import Held
from diwan.db import current
from diwan.db.base import now
from diwan.errors import Refuse
from diwan.kit import formats
from diwan.kit.i18n import _, listed
from diwan.tenants import directory, people
from diwan.tenants.directory import Asked, Found
from diwan.tenants.people import Member
from diwan.web.account.business import avatar_href
from diwan.web.shell import home, render, tell

pages = Blueprint("people", __name__, url_prefix="/t/<slug>/people")
LONGEST_SEARCH = 200


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    current.require("core.member.read")
    base, can = f"{home()}/people", current.user.can
    may, asked, roles = can("core.member.update"), _asked(), access.roles()
    found = directory.find_people(asked, factors=may)
    tree = teams.lines()
    whole = asked == Asked()
    shown = {
        "tabs": tabs("people", teams=len(tree)),
        "invite_href": f"{base}/invite" if can("core.member.invite") else None,
        "search": _search(asked, roles, tree, base, may=may),
        "members": [_member(member, found, base) for member in found.members],
        "total": found.total,
        "most": directory.MOST if found.total > directory.MOST else None,
        "clear_href": None if whole else base,
        "invitations": _invitations(roles, base) if whole and can("core.member.invite") else [],
        "roles": _roles(roles, base) if whole and can("core.role.update") else [],
        "new_role_href": f"{base}/roles/new",
    }
    return render("people.html", [(_("People"), base)], people=shown)


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


def tabs(active: str, **counts: int) -> list[dict[str, Any]]:
    """Return the ways through the pages of people; `counts` is what stands beside them."""
    base = f"{home()}/people"
    ways = {"people": (_("Members"), base), "teams": (_("Teams"), f"{base}/teams")}
    return [
        {"label": label, "href": href, "active": key == active, "count": counts.get(key)}
        for key, (label, href) in ways.items()
    ]


def _asked() -> Asked:
    """Return what the address asks for; what makes no sense there is not asked."""
    asked, state = request.args, request.args.get("state", "")
    return Asked(
        search=" ".join(asked.get("q", "")[:LONGEST_SEARCH].split()),
        role=_id("role"),
        team=_id("team"),
        state=state if state in directory.STATES else "",
        unprotected=asked.get("factor") == "none" and current.user.can("core.member.update"),
    )


def _id(name: str) -> UUID | None:
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None


def _search(
    asked: Asked, roles: Sequence[Role], tree: Sequence[teams.Line], base: str, *, may: bool
) -> dict[str, Any]:  # fmt: skip
    """Return the form above the list: what was asked, and what else could be."""

    def select(name: str, label: object, every: object, value: object, choices: Sequence[tuple[object, object]]) -> Any:
        options = [{"value": str(each), "label": text} for each, text in choices]
        return {
            "name": name, "kind": "choice", "label": label, "empty_label": every, "choices": options,
            "value": str(value or ""),
        }  # fmt: skip

    states = (("active", _("Works here")), ("disabled", _("Disabled")))
    fields = [
        select("role", _("Role"), _("All roles"), asked.role, [(role.id, access.label(role)) for role in roles]),
        select("team", _("Team"), _("All teams"), asked.team, [(line.team.id, indented(line)) for line in tree]),
        select("state", _("State"), _("Any state"), asked.state, states),
    ]
    if may:
        value = "none" if asked.unprotected else ""
        fields.append(
            select("factor", _("Two-step sign-in"), _("With and without 2FA"), value, [("none", _("Without 2FA"))])
        )
    return {"action": base, "value": asked.search, "fields": [f for f in fields if f["choices"]]}


def indented(line: teams.Line) -> str:
    """Return a team's name for a list of choices, as far in as it is below others."""
    return "\u2003" * line.depth + line.team.name


def _member(member: Member, found: Found, base: str) -> dict[str, Any]:
    you, may = member.user_id == current.user.id, current.user.can("core.member.update")
    active, address = member.state == "active", f"{base}/{member.id}"
    return {
        "name": member.name,
        "email": member.email,
        "job_title": member.job_title,
        "picture": avatar_href(member.avatar),
        "you": you,
        "owner": any(role.key == OWNER for role in member.roles),
        "disabled": not active,
        "protected": member.user_id in found.protected,
        "teams": found.teams.get(member.user_id, []),
        "roles": [_role_badge(held) for held in member.held],
        "role_label": listed(access.label(role) for role in member.roles) or _("no role"),
        "last_seen": formats.ago(member.seen_at, now()) if member.seen_at else None,
        "href": address if may and active else None,
        "name_href": address if may else f"{home()}/profile" if you else None,
        "leave_href": f"{address}/leaving" if may and not you else None,
        "enable_action": f"{address}/enable" if may and not active else None,
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


def _invitations(roles: Sequence[Role], base: str) -> list[dict[str, Any]]:
    return [_invitation(invitation, roles, base) for invitation in people.invitations()]


def _invitation(invitation: Any, roles: Sequence[Role], base: str) -> dict[str, Any]:
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


def _roles(roles: Sequence[Role], base: str) -> list[dict[str, Any]]:
    numbers: Mapping[UUID, int] = directory.members_by_role()
    return [
        {
            "name": role.key,
            "label": access.label(role),
            "description": _("suggested by a module") if role.plugin else "",
            "members": numbers.get(role.id, 0),
            "href": None if role.key == OWNER else f"{base}/roles/{role.id}",
        }
        for role in roles
    ]
