"""The page on which people are invited, one or many at once, and what became of each address.

It must keep what was typed of those that could not be invited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.access import service as access
from diwan.access.permissions import MEMBER, OWNER, covers_all
from diwan.db import current
from diwan.errors import DiwanError, Invalid
from diwan.kit.i18n import _, ngettext
from diwan.tenants import inviting
from diwan.tenants.inviting import AGAIN, Outcome
from diwan.web.shell import home, render, tell

pages = Blueprint("inviting", __name__, url_prefix="/t/<slug>/people")
TONES = {"invited": "ok", "again": "ok", "member": "info", "disabled": "warn", "wrong": "bad", "later": "warn"}


@pages.get("/invite")
def index(**_slug: str) -> ResponseReturnValue:
    current.require("core.member.invite")
    return _show(request.args.get("email", ""), [MEMBER])


@pages.post("/invitations")
def invite(**_slug: str) -> ResponseReturnValue:
    current.require("core.member.invite")
    typed, roles = request.form.get("email", ""), request.form.getlist("roles")
    try:
        outcomes = inviting.invite_many(typed, roles)
    except Invalid as error:
        return _show(typed, roles, error=error), error.status
    sent = [outcome for outcome in outcomes if outcome.is_sent]
    if len(sent) == len(outcomes):
        _say(sent)
        return redirect(f"{home()}/people", 303)
    rest = "\n".join(outcome.text for outcome in outcomes if not outcome.is_sent and outcome.state != inviting.MEMBER)
    return _show(rest, roles, outcomes), 200 if sent else 422


def _say(sent: Sequence[Outcome]) -> None:
    if len(sent) > 1:
        tell("ok", ngettext("%(n)s invitation is on its way.", "%(n)s invitations are on their way.", len(sent)))
    elif sent[0].state == AGAIN:
        tell("ok", _("The invitation was sent again, with a new link."))
    else:
        tell("ok", _("The invitation to %(email)s is on its way.", email=sent[0].text))


def _show(
    typed: str, chosen: list[str], outcomes: Sequence[Outcome] = (), error: DiwanError | None = None
) -> str:  # fmt: skip
    base = f"{home()}/people"
    errors = error.errors if isinstance(error, Invalid) else {}
    if len(outcomes) == 1 and not outcomes[0].is_sent:  # one address: the answer stands at the field
        (only,), outcomes = outcomes, ()
        errors, typed = {"email": inviting.WORDS[only.state]}, only.text
    sent = sum(outcome.is_sent for outcome in outcomes)
    shown = {
        "action": f"{base}/invitations",
        "back_href": base,
        "fields": _fields(typed, chosen, errors),
        "most": inviting.MOST,
        "summary": ngettext("%(n)s invitation is on its way.", "%(n)s invitations are on their way.", sent),
        "sent": sent,
        "outcomes": [
            {"text": o.text, "said": inviting.WORDS[o.state], "tone": TONES[o.state]}
            for o in sorted(outcomes, key=lambda outcome: outcome.is_sent)
        ],
    }
    return render("people_invite.html", [(_("People"), base), (_("Invite people"), "")], invite=shown)


def _fields(typed: str, chosen: list[str], errors: Any) -> list[dict[str, Any]]:
    grants = access.grants_by_role()
    choices = [
        {"value": role.key, "label": access.label(role)}
        for role in access.roles()
        if covers_all(current.user.grants, grants.get(role.id, []))
        and (role.key != OWNER or access.is_owner(current.user.id))
    ]
    return [
        {
            "name": "email", "kind": "longtext", "label": _("E-mail addresses"), "required": True, "value": typed,
            "rows": 5 if "\n" in typed else 3, "error": errors.get("email"),
            "help": _("One on each line, or with commas between them. “Name <address>” and cells of a table do, too."),
        },
        {
            "name": "roles", "kind": "choices", "label": _("Roles"), "choices": choices, "value": chosen,
            "wide": True, "error": errors.get("roles"),
        },
    ]  # fmt: skip
