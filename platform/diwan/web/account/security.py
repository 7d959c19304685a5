"""Password and address of one's own account; other parts add their sections (`extra`, `account/_factors.html`).

Each act here asks for the password itself: a browser that was left open is not enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.errors import DiwanError
from diwan.kit import ids
from diwan.kit.i18n import _
from diwan.tenants import account_log
from diwan.tenants import service as tenants
from diwan.users import email_change
from diwan.users import service as users
from diwan.web.account import frame
from diwan.web.auth import form
from diwan.web.context import server_session
from diwan.web.sessions import SignedIn
from diwan.web.shell import tell

pages = Blueprint("account_security", __name__, url_prefix="/account")
PAGE = "/account/security"

extra: list[Callable[[SignedIn], dict[str, Any]]] = []
"""What `account/_factors.html` and its like need: each function returns variables for the template."""


@pages.get("/security")
@frame.for_me
def index(me: SignedIn) -> ResponseReturnValue:
    return page(me)


@pages.post("/password")
@frame.for_me
def change_password(me: SignedIn) -> ResponseReturnValue:
    mine, businesses = server_session(), tenants.tenants_of(me.id)
    try:
        users.change_password(
            me.id,
            request.form.get("current", ""),
            request.form.get("password", ""),
            *(tenant.name for tenant in businesses),
            session=ids.sha256(mine.token),
            device=form.device(),
        )
    except DiwanError as error:
        return page(me, password=error)
    account_log.note(me.id, "password_changed")
    mine.rotate()
    tell("ok", _("Your new password is set. You were logged out everywhere else."))
    return redirect(PAGE, 303)


@pages.post("/email")
@frame.for_me
def change_email(me: SignedIn) -> ResponseReturnValue:
    email = request.form.get("email", "")
    try:
        email_change.request_change(me.id, email, request.form.get("password", ""), ip=form.client_ip())
    except DiwanError as error:
        return page(me, email=error)
    tell("ok", _("We sent a link to %(email)s. Your address changes when you open it.", email=email.strip()))
    return redirect(PAGE, 303)


def page(me: SignedIn, *, password: DiwanError | None = None, email: DiwanError | None = None) -> ResponseReturnValue:
    """Return the page, with what was wrong in one of its forms."""
    context: dict[str, Any] = {}
    for part in extra:
        context.update(part(me))
    return frame.show(
        "security",
        me,
        password or email,
        password=frame.card("password", _password_fields(), password),
        email=frame.card("email", _email_fields(kept=email is not None), email),
        **context,
    )


def _password_fields() -> list[dict[str, Any]]:
    current = {
        **form.password_field(new=False), "name": "current", "label": _("Current password"),
    }  # fmt: skip
    return [current, {**form.password_field(new=True), "label": _("New password")}]


def _email_fields(*, kept: bool) -> list[dict[str, Any]]:
    new = {**form.email_field(), "label": _("New e-mail address"), "autocomplete": "email"}
    return [{**new, "value": new["value"] if kept else ""}, form.password_field(new=False)]
