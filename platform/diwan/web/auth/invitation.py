"""An invitation's link: join with the account that one has, or with a new one.

The link proves the address, so a new account needs no code.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.errors import DiwanError, Refuse
from diwan.kit.i18n import _
from diwan.tenants import people
from diwan.tenants.people import Invited
from diwan.users import service as users
from diwan.users.models import User
from diwan.web.auth import form
from diwan.web.context import signed_in

pages = Blueprint("invitation", __name__)


@pages.get("/invitation/<secret>")
def look(secret: str) -> ResponseReturnValue:
    invited = people.find_invitation(secret)
    if signed_in() is None and users.find_user(invited.email) is not None:
        return redirect(f"/login?{urlencode({'next': f'/invitation/{secret}'})}", 303)
    return _show(invited)


@pages.post("/invitation/<secret>")
def accept(secret: str) -> ResponseReturnValue:
    invited, me = people.find_invitation(secret), signed_in()
    try:
        if me is not None:
            tenant = people.accept_invitation(secret, current.session.get_one(User, me.id))
            return redirect(f"/t/{tenant.slug}", 303)
        user, tenant = people.accept_as_new(secret, request.form.get("name", ""), request.form.get("password", ""))
    except DiwanError as error:
        return _show(invited, error)
    form.sign_in(user)
    return form.remember_device(redirect(f"/t/{tenant.slug}", 303), user)  # type: ignore[arg-type]


def _show(invited: Invited, error: DiwanError | None = None) -> ResponseReturnValue:
    me = signed_in()
    fields = []
    if me is None:
        fields = [
            form.text_field("name", "text", _("Your name"), autocomplete="name", maxlength=120, autofocus=True),
            form.password_field(new=True),
        ]
    elif me.email != invited.email and error is None:
        error = Refuse(_("You are logged in as %(email)s, but this invitation is for somebody else.", email=me.email))
    other = {"next": request.path, "other": 1}
    return form.show(
        "invite",
        fields,
        _("Join"),
        error,
        invitation={"tenant": invited.tenant.name, "inviter": invited.inviter, "email": invited.email},
        login_href=f"/login?{urlencode(other)}" if me is not None else None,
    )
