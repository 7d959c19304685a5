"""Sign-up in three steps: the business, the code from the mail, name and password; then the first screen.

The proof of the address must come from the same browser that asked for it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, redirect, request
from flask.typing import ResponseReturnValue

from diwan.errors import DiwanError, NotFound
from diwan.kit.i18n import _
from diwan.tenants import service as tenants
from diwan.users import codes
from diwan.users import service as users
from diwan.web.auth import form
from diwan.web.context import server_session, signed_in
from diwan.web.shell import tell

pages = Blueprint("signup", __name__, url_prefix="/sign-up")
STARTED = "sign_up"


@pages.get("")
def start(error: DiwanError | None = None) -> ResponseReturnValue:
    if signed_in() and error is None:
        return redirect("/businesses/new", 303)
    typed = _started() or {}
    fields = form.business_fields(value=typed.get("business", ""))
    fields.insert(1, form.email_field(value=typed.get("email", "")))
    return form.show("signup", fields, _("Continue"), error, login_href="/login")


@pages.post("")
def send() -> ResponseReturnValue:
    typed = {name: request.form.get(name, "") for name in ("email", "business", "country", "language")}
    try:
        _send(typed)
    except DiwanError as error:
        return start(error)
    return redirect("/sign-up/code", 303)


@pages.get("/code")
def code(error: DiwanError | None = None) -> ResponseReturnValue:
    started = _started()
    if started is None:
        return redirect("/sign-up", 303)
    fields = [form.text_field("code", "code", _("Code"), maxlength=12, autofocus=True)]
    return form.show(
        "verify",
        fields,
        _("Continue"),
        error,
        email=started["email"],
        resend_action="/sign-up/resend",
        back_href="/sign-up",
        mailbox_hint=None
        if current_app.config["DIWAN"].mail_url
        else _("No mail server is set up here: mails are files in the folder “mail” of Diwan's home."),
    )


@pages.post("/code")
def check() -> ResponseReturnValue:
    started = _started()
    if started is None:
        return redirect("/sign-up", 303)
    try:
        users.check_sign_up(UUID(started["id"]), request.form.get("code", ""), ip=form.client_ip())
    except DiwanError as error:
        return code(error)
    server_session()[STARTED] = {**started, "verified": True}
    return redirect("/sign-up/password", 303)


@pages.post("/resend")
def resend() -> ResponseReturnValue:
    started = _started()
    if started is None:
        return redirect("/sign-up", 303)
    try:
        _send(started)
    except DiwanError as error:
        tell("bad", error.message)
    else:
        tell("ok", _("We sent a new code. Only the newest one works."))
    return redirect("/sign-up/code", 303)


@pages.get("/password")
def password(error: DiwanError | None = None) -> ResponseReturnValue:
    started = _started()
    if started is None or not started.get("verified"):
        return redirect("/sign-up", 303)
    fields = [
        form.text_field("name", "text", _("Your name"), autocomplete="name", maxlength=120, autofocus=True),
        form.password_field(new=True),
    ]
    return form.show("password", fields, _("Create the business"), error, email=started["email"],
                     business=started["business"])  # fmt: skip


@pages.post("/password")
def complete() -> ResponseReturnValue:
    started = _started()
    if started is None or not started.get("verified"):
        return redirect("/sign-up", 303)
    try:
        codes.verified(UUID(started["id"]))
        user, tenant = tenants.complete_sign_up(
            UUID(started["id"]), request.form.get("name", ""), request.form.get("password", "")
        )
    except NotFound as error:
        server_session().pop(STARTED, None)
        tell("bad", error.message)
        return redirect("/sign-up", 303)
    except DiwanError as error:
        return password(error)
    form.sign_in(user)
    return form.remember_device(redirect(f"/t/{tenant.slug}", 303), user)  # type: ignore[arg-type]


def _send(typed: dict[str, Any]) -> None:
    values = {name: typed[name] for name in ("email", "business", "country", "language")}
    challenge_id = tenants.start_sign_up(**values, ip=form.client_ip())
    mine = server_session()
    mine[STARTED] = {**values, "email": users.normal_email(values["email"]), "id": str(challenge_id)}
    mine["language"] = values["language"]


def _started() -> dict[str, Any] | None:
    found = server_session().get(STARTED)
    return found if isinstance(found, dict) else None
