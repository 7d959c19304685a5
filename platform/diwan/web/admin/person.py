"""One person of the business: their roles and for how long, and what these let them do.

It must offer only roles that the administrator may give.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.access import holders
from diwan.access import service as access
from diwan.access.models import Role
from diwan.access.permissions import OWNER, covers_all
from diwan.access.terms import Held, Term, held_by_members, read_term
from diwan.db import current
from diwan.errors import Denied, Invalid, Refuse
from diwan.kit import formats
from diwan.kit.i18n import _, listed
from diwan.tenants import people
from diwan.users.factors import factors_of
from diwan.users.models import User
from diwan.web.admin import person_about, role_sheet, role_sum
from diwan.web.shell import home, render, tell

pages = Blueprint("member", __name__, url_prefix="/t/<slug>/people")


@pages.route("/<uuid:id>", methods=["GET", "POST"])
def member(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require("core.member.update")
    if request.method == "GET":
        return _show(id)
    keys = request.form.getlist("roles")
    try:
        people.set_roles(id, keys, _terms(keys))
    except (Invalid, Refuse, Denied) as error:
        current.session.rollback()
        return _show(id, error), error.status
    tell("ok", _("The roles were changed."))
    return redirect(f"{home()}/people/{id}", 303)


def _terms(keys: list[str]) -> Mapping[str, Term]:
    form = request.form
    return {key: read_term(form.get(f"from.{key}", ""), form.get(f"until.{key}", "")) for key in keys}


def _show(member_id: UUID, error: Invalid | Refuse | Denied | None = None) -> str:
    membership, user = people.find_member(member_id)
    person = holders.holder(user.id)
    held = {found.role.id: found for found in held_by_members(member_id).get(member_id, [])}
    base, may_edit = f"{home()}/people", current.user.can("core.role.update")
    roles, grants, again = access.roles(), access.grants_by_role(), error is not None
    fixed = {role.id for role in roles if not covers_all(current.user.grants, grants.get(role.id, []))}
    fixed |= {role.id for role in roles if role.key == OWNER and not access.is_owner(current.user.id)}
    groups = role_sum.groups(person)
    shown = {
        "title": user.name,
        "email": user.email,
        "about": person_about.about(membership, user),
        "action": f"{base}/{member_id}",
        "roles": [_role(role, held.get(role.id), role.id in fixed, again) for role in roles],
        "error": error.errors.get("roles") if isinstance(error, Invalid) else error.message if error else None,
        "groups": [group for group in groups if group["any"]],
        "nothing": listed(str(group["label"]) for group in groups if not group["any"]),
        "columns": role_sheet.columns(),
        "legend": role_sheet.legend(),
        "new_role_href": f"{base}/roles/new?for={member_id}" if may_edit else None,
        "why_href": f"{home()}/why?user={user.id}" if may_edit else None,
        "view_action": f"{home()}/viewing/{user.id}" if _may_view(person) else None,
        "cards": _factor_cards(user, f"{base}/{member_id}"),
        "disabled": not person.active,
    }
    return render("person.html", [(_("People"), base), (user.name, "")], person=shown)


def _factor_cards(user: User, address: str) -> list[dict[str, Any]]:
    """Return the card that helps somebody who lost their second factors, if they have some."""
    if user.id == current.user.id or not factors_of(user.id):
        return []
    return [{
        "title": _("Two-step sign-in"),
        "help": _("If they lost their phone and their recovery codes: take the second step away. They are logged out"
                  " everywhere and log in with their password; a mail tells them. Make sure that it is them who ask."),
        "action": f"{address}/reset-factors",
        "submit_label": _("Reset two-step sign-in"),
        "confirm": _("%(name)s will log in with the password alone until they set it up again.", name=user.name),
    }]  # fmt: skip


def _may_view(person: holders.Holder) -> bool:
    user = current.user
    able = user.can("core.role.update") and person.active and person.id != user.id
    if not able or not holders.reaches_all(user.grants, person.texts):
        return False
    return not person.is_owner or access.is_owner(user.id)


def _role(role: Role, held: Held | None, fixed: bool, again: bool) -> dict[str, Any]:
    """Return one line of the form: a role, whether the person has it, and since and until when."""
    form = request.form
    since, until = (held.since, held.until) if held else (None, None)
    on = role.key in form.getlist("roles") if again else held is not None or request.args.get("give") == role.key
    return {
        "key": role.key,
        "label": access.label(role),
        "on": on,
        "fixed": fixed,
        "since": form.get(f"from.{role.key}", "") if again else since.isoformat() if since else "",
        "until": form.get(f"until.{role.key}", "") if again else until.isoformat() if until else "",
        "timeless": role.key == OWNER,
        "state": held.state if held else "now",
        "note": _note(held),
        "href": f"{home()}/people/roles/{role.id}" if current.user.can("core.role.update") else None,
    }


def _note(held: Held | None) -> object:
    if held is None or held.state == "now":
        return ""
    if held.state == "over":
        return _("ended on %(day)s", day=formats.day(held.until)) if held.until else ""
    return _("begins on %(day)s", day=formats.day(held.since)) if held.since else ""
