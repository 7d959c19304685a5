"""Name and language of a person, and the way to what each business shows of them.

What belongs to one business only (job title, picture) is changed inside it.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.errors import DiwanError
from diwan.kit.i18n import LANGUAGES, _
from diwan.tenants import account_log
from diwan.tenants import service as tenants
from diwan.users import service as users
from diwan.web.account import frame
from diwan.web.sessions import SignedIn
from diwan.web.shell import tell

pages = Blueprint("account_profile", __name__, url_prefix="/account")
PAGE = "/account/profile"


@pages.get("")
def account() -> ResponseReturnValue:
    query = request.query_string.decode("ascii", "ignore")
    return redirect(PAGE + (f"?{query}" if query else ""), 303)


@pages.get("/profile")
@frame.for_me
def index(me: SignedIn) -> ResponseReturnValue:
    return _page(me)


@pages.post("/profile")
@frame.for_me
def save(me: SignedIn) -> ResponseReturnValue:
    try:
        before = users.rename(me.id, request.form.get("name", ""))
    except DiwanError as error:
        current.session.rollback()
        return _page(me, error)
    users.set_preferences(me.id, language=request.form.get("language"))
    current.session.flush()
    after = users.clean_name(request.form["name"])
    if after != before:
        account_log.note(me.id, "renamed", {"name": before}, {"name": after})
    tell("ok", _("Your profile was saved."))
    return redirect(PAGE, 303)


def _page(me: SignedIn, error: DiwanError | None = None) -> ResponseReturnValue:
    mine = tenants.tenants_of(me.id)
    return frame.show(
        "profile",
        me,
        error,
        tenants=mine,
        profile=frame.card("profile", _fields(me), error),
        businesses=[{"name": tenant.name, "href": f"/t/{tenant.slug}/profile"} for tenant in mine],
    )


def _fields(me: SignedIn) -> list[dict[str, Any]]:
    typed = request.form
    return [
        {"name": "name", "kind": "text", "label": _("Name"), "value": typed.get("name", me.name), "required": True,
         "maxlength": users.LONGEST_NAME, "autocomplete": "name"},
        {"name": "language", "kind": "radio", "label": _("Language"), "value": typed.get("language", current.language),
         "wide": True, "choices": [{"value": code, "label": name} for code, name in LANGUAGES.items()]},
        {"name": "email", "kind": "text", "label": _("E-mail"), "value": me.email, "readonly": True, "dir": "ltr"},
    ]  # fmt: skip
