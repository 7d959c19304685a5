"""Proving again who one is, before something that a browser left open must not allow, or that a business demands.

What was proven counts for ten minutes; a second factor counts until the session ends.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.db.base import now
from diwan.errors import DiwanError, Refuse
from diwan.kit.i18n import _
from diwan.users import factors
from diwan.users import service as users
from diwan.users.factors import passkeys
from diwan.users.models import User
from diwan.web.account import frame
from diwan.web.auth import ceremony, form, second
from diwan.web.context import server_session
from diwan.web.sessions import SignedIn

pages = Blueprint("account_confirm", __name__, url_prefix="/account")
CONFIRMED = "confirmed"
AFTER = "after_factor"
LIFE = 10 * 60
PASSWORD = "password"  # noqa: S105  (the name of a way)


def first(target: str) -> ResponseReturnValue | None:
    """Return where somebody must go who did not prove lately who they are (log in, or confirm); None if they did."""
    mine, moment = server_session(), now().timestamp()
    began = mine.created_at.timestamp() if mine.created_at else 0.0
    if moment - max(began, mine.get(CONFIRMED, 0)) < LIFE:
        return None
    return redirect(f"/account/confirm?{urlencode({'next': target})}", 303)


def after_factor(default: str) -> str:
    """Return where somebody goes who has a second factor now: to the business that asked for it."""
    return form.local_path(server_session().pop(AFTER, "")) or default


@pages.get("/confirm")
@frame.for_me
def ask(me: SignedIn, error: DiwanError | None = None) -> ResponseReturnValue:
    user = current.session.get_one(User, me.id)
    wanted = {"next": form.next_path("/account/security"), **({"second": "1"} if _second_only() else {})}
    more: dict[str, Any] = {}
    if not _second_only():
        field = {**form.password_field(new=False), "autofocus": True}
        more[PASSWORD] = (_("Use your password"), "key", field)
    way = request.form.get("way") or request.args.get("way", "")
    page = second.asked(user, way, f"/account/confirm?{urlencode(wanted)}", **more)
    return form.show("confirm", error=error, form={"hidden": list(wanted.items())}, back_href="/", **page)


@pages.post("/confirm")
@frame.for_me
def check(me: SignedIn) -> ResponseReturnValue:
    user, way, mine = current.session.get_one(User, me.id), request.form.get("way", ""), server_session()
    try:
        if way != PASSWORD:
            second.prove(user, way)
        elif _second_only():
            raise Refuse(_("Choose how to prove that it is you."))
        else:
            users.confirm_password(me.id, request.form.get("password", ""))
    except DiwanError as error:
        return ask(error=error)
    mine[CONFIRMED] = round(now().timestamp())
    if way != PASSWORD:
        mine[factors.PROVEN] = True
    mine.rotate()
    return redirect(form.next_path("/account/security"), 303)


@pages.post("/confirm/options")
@frame.for_me
def options(me: SignedIn) -> ResponseReturnValue:
    return ceremony.begin("second", *passkeys.question(ceremony.site(), me.id))


@pages.get("/second-step")
@frame.for_me
def second_step(me: SignedIn) -> ResponseReturnValue:
    """A business asks for a second factor: prove the one that is there, or set one up; then back."""
    mine, target = server_session(), form.next_path()
    if mine.get(factors.PROVEN):
        return redirect(target, 303)
    if factors.factors_of(me.id):
        return redirect(f"/account/confirm?{urlencode({'next': target, 'second': 1})}", 303)
    mine[AFTER] = target
    return form.show("second_missing", [], "", passkeys=ceremony.is_possible())


def _second_only() -> bool:
    return request.values.get("second") == "1"
