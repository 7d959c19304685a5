"""API tokens of a business: a person's own, and for who may, everybody's and those of the business.

A token is shown once, in the answer to the request that made it, and never stored as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, make_response, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.db.base import now
from diwan.errors import Denied, Invalid
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.users import token_ends, tokens
from diwan.users.models import ApiToken
from diwan.users.tokens import MANAGE_ALL, SERVICE
from diwan.web.admin import token_rights as rights
from diwan.web.shell import Crumb, home, render, tell

pages = Blueprint("tokens", __name__, url_prefix="/t/<slug>/tokens")

MANAGE = "core.token.manage"
LIVES = {"30": _("30 days"), "90": _("90 days"), "365": _("one year"), "": _("no end")}
USUAL = "365"


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    """Show the person's own tokens."""
    if not current.user.can(MANAGE):
        current.require(MANAGE_ALL)
        return redirect(f"{home()}/tokens/all", 303)
    return _list([_item(token) for token in tokens.mine() if token.revoked_at is None], whole=False)


@pages.get("/all")
def everybodys(**_slug: str) -> ResponseReturnValue:
    """Show all tokens of the business."""
    current.require(MANAGE_ALL)
    try:
        before = UUID(request.args["before"]) if request.args.get("before") else None
    except ValueError:
        before = None
    found = tokens.everybodys(before)
    shown = found[: tokens.PAGE]
    more = f"{home()}/tokens/all?before={shown[-1][0].id}" if len(found) > tokens.PAGE else ""
    return _list([_item(token, name, whole=True) for token, name in shown], whole=True, more=more)


@pages.route("/new", methods=["GET", "POST"])
def new(**_slug: str) -> ResponseReturnValue:
    """Make a token: `?kind=service` one of the business."""
    service = request.args.get("kind") == SERVICE
    current.require(MANAGE_ALL if service else MANAGE)
    if request.method == "GET":
        return _form(service)
    days = request.form.get("expires", USUAL)
    try:
        if days not in LIVES:
            raise Invalid({"expires": _("Choose from the list.")})
        until = now() + timedelta(days=int(days)) if days else None
        make = tokens.create_service if service else tokens.create
        token, secret = make(request.form.get("name", ""), rights.read_form(request.form), until)
    except (Invalid, Denied) as error:
        current.session.rollback()
        return _form(service, error), error.status
    fresh = {"name": token.name, "token": secret, "service": service, "back": _place(service)}
    answer = make_response(_render(_("Your new token"), "tokens_new.html", {"fresh": fresh}, service))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.post("/<uuid:id>/revoke")
def revoke(id: UUID, **_slug: str) -> ResponseReturnValue:
    """End a token at once."""
    all_of_them = current.user.can(MANAGE_ALL)
    if not all_of_them:
        current.require(MANAGE)
    token = tokens.revoke(id, anybodys=all_of_them)
    tell("ok", _("The token “%(name)s” was revoked.", name=token.name))
    return redirect(_place(request.form.get("from") == "all" and all_of_them), 303)


def _place(whole: bool) -> str:
    return f"{home()}/tokens/all" if whole and current.user.can(MANAGE_ALL) else f"{home()}/tokens"


def _list(items: Sequence[dict[str, Any]], *, whole: bool, more: str = "") -> ResponseReturnValue:
    base, may_all, may_own = f"{home()}/tokens", current.user.can(MANAGE_ALL), current.user.can(MANAGE)
    tabs = [
        {"label": _("My tokens"), "href": base, "active": not whole},
        {"label": _("All tokens of the business"), "href": f"{base}/all", "active": whole},
    ]
    shown = {
        "tabs": tabs if may_all and may_own else [],
        "whole": whole,
        "items": items,
        "more_href": more,
        "new_href": f"{base}/new" if may_own else "",
        "new_service_href": f"{base}/new?kind={SERVICE}" if may_all else "",
        "docs_href": f"{home()}/api",
    }
    return render("tokens.html", [(_("API tokens"), "")], tokens=shown)


def _form(service: bool, error: Invalid | Denied | None = None) -> str:
    errors = error.errors if isinstance(error, Invalid) else {}
    typed = request.form
    usual = rights.READ if service else rights.ALL
    fields = [
        {"name": "name", "kind": "text", "label": _("Name"), "required": True, "value": typed.get("name", ""),
         "placeholder": _("What is it for?"), "error": errors.get("name"), "autofocus": True},
        {"name": "expires", "kind": "choice", "label": _("It works for"), "required": True,
         "value": typed.get("expires", USUAL), "error": errors.get("expires"),
         "choices": [{"value": value, "label": label} for value, label in LIVES.items()]},
        {"name": "scope", "kind": "radio", "label": _("It may do"), "required": True, "wide": True,
         "value": typed.get("scope", usual), "error": errors.get("scope") or errors.get("grants"),
         "choices": [{"value": value, "label": label} for value, label in rights.scopes(service=service)]},
    ]  # fmt: skip
    page = {
        "service": service,
        "action": f"{home()}/tokens/new" + (f"?kind={SERVICE}" if service else ""),
        "cancel_href": _place(service),
        "fields": fields,
        "groups": rights.groups(typed.getlist("grants")),
        "error": error.message if isinstance(error, Denied) else None,
    }
    title = _("New token of the business") if service else _("New token")
    return _render(title, "tokens_new.html", page, service)


def _render(title: object, template: str, page: dict[str, Any], service: bool) -> str:
    crumbs: list[Crumb] = [(_("API tokens"), _place(service)), (title, "")]
    return render(template, crumbs, page={**page, "title": title})


def _item(token: ApiToken, person: str = "", *, whole: bool = False) -> dict[str, Any]:
    zone, moment, service = current.tenant.timezone, now(), token.kind == SERVICE
    ends = token.expires_at
    expires: object = _("no end")
    tone = ""
    if ends is not None:
        expires = (
            _("expired")
            if ends <= moment
            else _("works until %(when)s", when=formats.day(ends.astimezone(ZoneInfo(zone)).date()))
        )
        tone = "bad" if ends <= moment else "warn" if ends - moment <= timedelta(days=max(token_ends.DAYS)) else ""
    owner: object = ""
    if whole:
        owner = _("of the business, made by %(name)s", name=person or _("somebody who left")) if service else person
    used: object = _("never used")
    if token.used_at is not None:
        used = _("used %(when)s", when=formats.ago(token.used_at, moment))
    return {
        "name": token.name,
        "prefix": token.prefix,
        "service": service,
        "owner": owner,
        "created": _("made %(when)s", when=formats.ago(token.created_at, moment)),
        "used": used,
        "used_ip": token.used_ip,
        "expires": expires,
        "tone": tone,
        "rights": rights.told(token.grants, service=service),
        "revoke_action": f"{home()}/tokens/{token.id}/revoke",
    }
