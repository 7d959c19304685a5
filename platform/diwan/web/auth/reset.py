"""A new password by a link in a mail.

It must not tell whether an address has an account.
"""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from diwan.errors import DiwanError, NotFound, Refuse
from diwan.kit.i18n import _
from diwan.tenants import account_log
from diwan.users import codes
from diwan.users import service as users
from diwan.web.auth import form, second
from diwan.web.shell import tell

pages = Blueprint("reset", __name__)


@pages.get("/forgot")
def forgot(error: DiwanError | None = None, notice: object = None) -> ResponseReturnValue:
    fields = [form.email_field(autofocus=True)]
    return form.show("forgot", fields, _("Send the link"), error, form={"notice": notice}, login_href="/login")


@pages.post("/forgot")
def send() -> ResponseReturnValue:
    try:
        users.request_reset(request.form.get("email", ""), ip=form.client_ip())
    except DiwanError as error:
        return forgot(error)
    return forgot(notice=_("If this address has an account, a link is on its way. It works for one hour."))


@pages.get("/reset/<secret>")
def choose(secret: str, error: DiwanError | None = None) -> ResponseReturnValue:
    codes.find_link(secret)
    return form.show("reset", [form.password_field(new=True)], _("Save the password"), error, login_href="/login")


@pages.post("/reset/<secret>")
def save(secret: str) -> ResponseReturnValue:
    try:
        user = users.reset_password(secret, request.form.get("password", ""))
    except (NotFound, Refuse):
        raise
    except DiwanError as error:
        return choose(secret, error)
    account_log.note(user.id, "password_changed")
    # A link in a mail stands for the password only: whoever has a second factor is asked for it.
    answer = second.enter(user, "/")
    tell("ok", _("Your new password is set. You were logged out everywhere else."))
    return answer
