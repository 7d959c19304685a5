"""Login and logout.

It must say the same, after the same time, for a wrong password and for an address that nobody has.
"""

from __future__ import annotations

import logging

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import logout_user

from diwan import audit
from diwan.errors import DiwanError
from diwan.kit.i18n import _
from diwan.users import service as users
from diwan.users.factors import passkeys
from diwan.users.factors.service import PASSKEY_PLACE
from diwan.users.throttle import network
from diwan.web.auth import ceremony, form, second
from diwan.web.context import ENTERED, server_session, signed_in

log = logging.getLogger(__name__)

pages = Blueprint("login", __name__)


@pages.get("/login")
def login(error: DiwanError | None = None) -> ResponseReturnValue:
    target = form.next_path("")
    if signed_in() and error is None and not request.args.get("other"):
        return redirect(target or "/", 303)
    fields = [form.email_field(autofocus=True), form.password_field(new=False)]
    return form.show(
        "login",
        fields,
        _("Log in"),
        error,
        form={"action": "/login", "hidden": [("next", target)] if target else []},
        forgot_href="/forgot",
        signup_href="/sign-up",
        passkeys=ceremony.is_possible(),
    )


@pages.post("/login")
def check() -> ResponseReturnValue:
    try:
        user = users.authenticate(
            request.form.get("email", ""),
            request.form.get("password", ""),
            ip=form.client_ip(),
            device=form.device(),
        )
    except DiwanError as error:
        log.info("login refused (%s) from %s", error.code, form.client_ip())
        return login(error)
    return second.enter(user, form.next_path())


@pages.post("/login/passkey/options")
def passkey_options() -> ResponseReturnValue:
    return ceremony.begin("login", *passkeys.question(ceremony.site()))


@pages.post("/login/passkey")
def passkey() -> ResponseReturnValue:
    """A passkey as the whole sign-in: the device checked finger, face or PIN, so it is two factors."""
    try:
        PASSKEY_PLACE.take(network(form.client_ip()))
        user = passkeys.check(ceremony.site(), request.form.get("credential", ""), ceremony.end("login"))
    except DiwanError as error:
        log.info("login with a passkey refused (%s) from %s", error.code, form.client_ip())
        return login(error)
    return second.let_in(user, form.next_path(), proven=True)


@pages.post("/logout")
def logout() -> ResponseReturnValue:
    mine = server_session()
    if mine.user is not None:
        left = audit.Entry("signed_out", "core.member", title=mine.user.name)
        audit.record_everywhere(mine.user.id, left, among=mine.get(ENTERED, []))
    logout_user()
    mine.end()
    answer = redirect("/login", 303)
    # The next person at this browser finds no page of the last one, not by "Back" either.
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer
