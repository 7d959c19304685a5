"""Signing in to the business: second factor, allowed networks, length of sessions; and help for who lost a factor.

It must keep what was typed when something is wrong, and let nobody shut themselves out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.errors import Denied, Invalid, Refuse
from diwan.kit.i18n import _
from diwan.tenants import factor_reset
from diwan.tenants import policy as policies
from diwan.tenants.policy import Policy
from diwan.users.factors import PROVEN
from diwan.web.context import server_session
from diwan.web.shell import home, render, tell

pages = Blueprint("policy", __name__, url_prefix="/t/<slug>")
FIELDS = ("second_factor_required", "addresses", "session_hours", "idle_minutes")
ANY = "0"
DAY = 24


@pages.get("/settings/policy")
def index(error: Invalid | None = None, **_slug: str) -> ResponseReturnValue:
    current.require("core.tenant.update")
    errors: Mapping[str, Any] = error.errors if error else {}
    values = _typed() if error else _stored(Policy.of(current.tenant.policy))
    fields = [
        {**field, "value": values[field["name"]], "error": errors.get(field["name"])} for field in _fields(values)
    ]
    steps, network, sessions = [fields[0]], [fields[1]], fields[2:]
    card = {
        "title": _("Who may come in, and how"),
        "help": _("It holds for everybody who opens this business, and for nothing else in their accounts."),
        "action": f"{home()}/settings/policy",
        "fields": [*steps, *network, *sessions],
        "submit_label": _("Save"),
    }
    page = {"title": _("Signing in"), "lead": _("What this business asks of those who sign in."), "cards": [card]}
    crumbs = [(_("Settings"), f"{home()}/settings"), (_("Signing in"), "")]
    return render("settings.html", crumbs, settings=page), error.status if error else 200


@pages.post("/settings/policy")
def save(**_slug: str) -> ResponseReturnValue:
    current.require("core.tenant.update")
    try:
        policies.save(
            policies.read(_typed()), address=request.remote_addr or "", proven=bool(server_session().get(PROVEN))
        )
    except Invalid as error:
        current.session.rollback()
        return index(error)
    tell("ok", _("The settings were saved."))
    return redirect(f"{home()}/settings/policy", 303)


@pages.post("/people/<uuid:id>/reset-factors")
def reset_factors(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require("core.member.update")
    try:
        factor_reset.reset_factors(id)
    except (Refuse, Denied) as error:
        current.session.rollback()
        tell("bad", error.message)
    else:
        tell("ok", _("Their two-step sign-in was reset, and they were logged out. A mail tells them."))
    return redirect(f"{home()}/people/{id}", 303)


def _typed() -> dict[str, str]:
    return {name: request.form.get(name, "") for name in FIELDS}


def _stored(policy: Policy) -> dict[str, str]:
    return {
        "second_factor_required": policy.second_factor_required,
        "addresses": "\n".join(policy.addresses),
        "session_hours": str(policy.session_hours),
        "idle_minutes": str(policy.idle_minutes),
    }


def _fields(values: Mapping[str, str]) -> list[dict[str, Any]]:
    who = {
        policies.NOBODY: _("Nobody must"),
        policies.ADMINISTRATORS: _("Administrators"),
        policies.EVERYBODY: _("Everybody"),
    }
    hours = {ANY: _("As long as Diwan allows (90 days)"), "8": _("8 hours"), "12": _("12 hours"), "24": _("1 day"),
             str(7 * DAY): _("7 days"), str(30 * DAY): _("30 days")}  # fmt: skip
    minutes = {ANY: _("As long as Diwan allows (14 days)"), "15": _("15 minutes"), "30": _("30 minutes"),
               "60": _("1 hour"), "240": _("4 hours"), "480": _("8 hours")}  # fmt: skip
    mine = request.remote_addr or ""
    return [
        {
            "name": "second_factor_required",
            "kind": "radio",
            "label": _("Who must sign in with two steps"),
            "choices": [{"value": key, "label": label} for key, label in who.items()],
            "help": _("Administrators are those who may change people, roles, modules or settings. Whoever has no"
                      " second step yet is led through it when they next come in."),
            "wide": True,
        },
        {
            "name": "addresses",
            "kind": "longtext",
            "label": _("Networks from which the business can be opened"),
            "help": _("One address or network a line, such as 203.0.113.7 or 203.0.113.0/24; empty: from everywhere."
                      " It holds for pages and for API tokens. You come from %(address)s.", address=mine),
        },
        {
            "name": "session_hours",
            "kind": "choice",
            "label": _("Log in again at the latest after"),
            "required": True,
            "choices": _with(hours, values["session_hours"], _("%(n)s hours", n=values["session_hours"])),
        },
        {
            "name": "idle_minutes",
            "kind": "choice",
            "label": _("Log in again after a pause of"),
            "required": True,
            "choices": _with(minutes, values["idle_minutes"], _("%(n)s minutes", n=values["idle_minutes"])),
        },
    ]  # fmt: skip


def _with(known: Mapping[str, Any], value: str, label: Any) -> list[dict[str, Any]]:
    """Return choices that hold the value that is set, should a program have set another one."""
    every = known if value in known or not value.isdecimal() else {**known, value: label}
    return [{"value": key, "label": text} for key, text in every.items()]
