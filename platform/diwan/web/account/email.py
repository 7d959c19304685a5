"""The links of an address that changes: one in the new mailbox confirms it, one in the old mailbox undoes it.

A link alone does nothing when it is opened: mail scanners open them, too. The button on the page does.
"""

from __future__ import annotations

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.errors import Refuse
from diwan.kit.i18n import _
from diwan.tenants import account_log
from diwan.users import codes, email_change
from diwan.web.auth import form
from diwan.web.context import server_session, signed_in
from diwan.web.shell import tell

pages = Blueprint("account_email", __name__, url_prefix="/account/email")


@pages.get("/confirm/<secret>")
def ask(secret: str, error: Refuse | None = None) -> ResponseReturnValue:
    challenge = codes.find_link(secret, email_change.EMAIL)
    lead = _("From then on you log in as %(email)s.", email=challenge.email)
    return form.show("email_link", [], _("Confirm the address"), error, heading=_("Your new address"), lead=lead)


@pages.post("/confirm/<secret>")
def confirm(secret: str) -> ResponseReturnValue:
    try:
        user, old = email_change.confirm_change(secret)
    except Refuse as error:
        current.session.rollback()  # the link was not used
        return ask(secret, error)
    account_log.note(user.id, "email_changed", {"email": old}, {"email": user.email})
    tell("ok", _("Your address is now %(email)s.", email=user.email))
    return redirect("/account/security" if signed_in() else "/login", 303)


@pages.get("/undo/<secret>")
def ask_undo(secret: str, error: Refuse | None = None) -> ResponseReturnValue:
    challenge = codes.find_link(secret, email_change.UNDO)
    lead = _("The account belongs to %(email)s again, everybody is logged out of it, and you choose a new password.",
             email=challenge.email)  # fmt: skip
    heading = _("This was not you?")
    return form.show("email_link", [], _("Take my account back"), error, heading=heading, lead=lead)


@pages.post("/undo/<secret>")
def undo(secret: str) -> ResponseReturnValue:
    try:
        undone = email_change.undo_change(secret)
    except Refuse as error:
        current.session.rollback()
        return ask_undo(secret, error)
    user = undone.user
    account_log.end_tokens(user.id, undone.since)
    account_log.note(user.id, "email_undone", {"email": undone.taken} if undone.taken else None, {"email": user.email})
    server_session().end()
    return redirect(f"/reset/{undone.reset}", 303)
