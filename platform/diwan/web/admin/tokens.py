"""A person's API tokens in this business.

A token is shown once, in the answer to the request that made it, and never stored as it is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.db.base import now
from diwan.errors import Invalid
from diwan.kernel.catalogue import installed
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.users import tokens
from diwan.users.models import ApiToken
from diwan.web.shell import home, render, tell

pages = Blueprint("tokens", __name__, url_prefix="/t/<slug>/tokens")

ALL, READ = "all", "read"
LIVES = {"30": _("30 days"), "90": _("90 days"), "365": _("one year"), "": _("no end")}


@pages.get("")
def index(error: Invalid | None = None, fresh: dict[str, str] | None = None, **_slug: str) -> ResponseReturnValue:
    current.require("core.token.manage")
    base = f"{home()}/tokens"
    shown = {
        "create": {"action": base, "fields": _fields(error.errors if error else {}, keep=fresh is None)},
        "docs_href": f"{home()}/api",
        "fresh": fresh,
        "items": [_item(token, base) for token in tokens.mine() if token.revoked_at is None],
    }
    page = render("tokens.html", [(_("API tokens"), base)], tokens=shown)
    return page, error.status if error else 200


@pages.post("")
def create(**_slug: str) -> ResponseReturnValue:
    current.require("core.token.manage")
    days = request.form.get("expires", "90")
    try:
        if days not in LIVES:
            raise Invalid({"expires": _("Choose from the list.")})
        until = now() + timedelta(days=int(days)) if days else None
        token, text = tokens.create(request.form.get("name", ""), _grants(request.form.get("scope", ALL)), until)
    except Invalid as error:
        current.session.rollback()
        return index(error)
    return index(fresh={"name": token.name, "token": text})


@pages.post("/<uuid:id>/revoke")
def revoke(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require("core.token.manage")
    token = tokens.revoke(id)
    tell("ok", _("The token “%(name)s” was revoked.", name=token.name))
    return redirect(f"{home()}/tokens", 303)


def _grants(scope: str) -> list[str]:
    if scope == ALL:
        return ["*"]
    if scope == READ:
        return sorted(key for key in current.lineup.permissions if key.endswith(".read"))
    if scope in current.lineup:
        return [f"{scope}.*"]
    raise Invalid({"scope": _("Choose from the list.")})


def _scopes() -> list[tuple[str, object]]:
    modules: list[tuple[str, object]] = [
        (name, _("Only %(module)s", module=installed()[name].label)) for name in current.lineup.plugins
    ]
    return [(ALL, _("Whatever I may do")), (READ, _("Only reading")), *modules]


def _fields(errors: dict[str, Any], *, keep: bool) -> list[dict[str, Any]]:
    typed = request.form if keep else {}
    return [
        {"name": "name", "kind": "text", "label": _("Name"), "required": True, "value": typed.get("name", ""),
         "placeholder": _("What is it for?"), "error": errors.get("name")},
        {"name": "scope", "kind": "choice", "label": _("It may do"), "required": True, "value": typed.get("scope", ALL),
         "choices": [{"value": value, "label": label} for value, label in _scopes()],
         "error": errors.get("scope") or errors.get("grants")},
        {"name": "expires", "kind": "choice", "label": _("It works for"), "required": True,
         "value": typed.get("expires", "90"), "error": errors.get("expires"),
         "choices": [{"value": value or "", "label": label} for value, label in LIVES.items()]},
    ]  # fmt: skip


def _item(token: ApiToken, base: str) -> dict[str, Any]:
    zone, moment = current.tenant.timezone, now()
    expires = None
    if token.expires_at is not None:
        expires = (
            _("expired")
            if token.expires_at <= moment
            else _("works until %(when)s", when=formats.moment(token.expires_at, zone))
        )
    return {
        "name": token.name,
        "prefix": token.prefix,
        "created": _("made %(when)s", when=formats.ago(token.created_at, moment)),
        "last_used": _("used %(when)s", when=formats.ago(token.used_at, moment)) if token.used_at else None,
        "expires": expires,
        "scope": _scope_label(token.grants),
        "revoke_action": f"{base}/{token.id}/revoke",
    }


def _scope_label(grants: list[str]) -> object:
    if grants == ["*"]:
        return _("Whatever I may do")
    if all(grant.endswith(".read") for grant in grants):
        return _("Only reading")
    return ", ".join(grants)
