"""Two-step sign-in of one's own account: authenticator app, passkeys, recovery codes.

Each change needs a fresh proof (`confirm`); secrets are shown once and never written where they can be read.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.db.base import now
from diwan.errors import DiwanError
from diwan.kit import formats, sealing
from diwan.kit.i18n import _
from diwan.tenants import account_log
from diwan.users import agents, factors
from diwan.users.factors import passkeys, totp
from diwan.users.models import User
from diwan.web.account import confirm, frame, security
from diwan.web.auth import ceremony, form
from diwan.web.context import server_session
from diwan.web.sessions import SignedIn
from diwan.web.shell import tell

pages = Blueprint("account_factors", __name__, url_prefix="/account/security")
PAGE = "/account/security"
NEW_APP, NEW_CODES = "new_app", "new_codes"
CODES_LIFE = 10 * 60


def section(me: SignedIn) -> dict[str, Any]:
    """Return what `account/_factors.html` shows."""
    found, moment = factors.factors_of(me.id), now()
    keys = passkeys.of(me.id) if found.passkeys else []
    return {
        "factors": {
            "on": bool(found),
            "app": found.app,
            "codes": found.codes,
            "few": found.few_codes,
            "passkeys": [
                {
                    "name": key.name,
                    "added": formats.ago(key.created_at, moment),
                    "used": formats.ago(key.used_at, moment) if key.used_at else None,
                    "synced": key.synced,
                    "href": f"{PAGE}/passkeys/{key.id}",
                    "remove_action": f"{PAGE}/passkeys/{key.id}/remove",
                }
                for key in keys
            ],
            "passkeys_possible": ceremony.is_possible(),
        }
    }


security.extra.append(section)


@pages.get("/app")
@frame.for_me
def app(me: SignedIn, error: DiwanError | None = None) -> ResponseReturnValue:
    if (elsewhere := confirm.first(f"{PAGE}/app")) is not None:
        return elsewhere
    if factors.factors_of(me.id).app:
        return redirect(PAGE, 303)
    secret = _kept(NEW_APP, me.id)
    if not isinstance(secret, str):
        secret = totp.new_secret()
        _keep(NEW_APP, me.id, secret)
    code = form.text_field("code", "code", _("Code from the app"), maxlength=12, autofocus=error is not None)
    shown = {
        "picture": totp.picture(secret, me.email),
        "key": totp.in_groups(secret),
        "address": totp.address(secret, me.email),
    }
    return _unstored(frame.show("security_app", me, error, app=shown, card=frame.card("app", [code], error)))


@pages.post("/app")
@frame.for_me
def enrol(me: SignedIn) -> ResponseReturnValue:
    secret = _kept(NEW_APP, me.id)
    if not isinstance(secret, str) or confirm.first(PAGE) is not None:
        return redirect(f"{PAGE}/app", 303)
    try:
        codes = factors.add_app(_me(me), secret, request.form.get("code", ""), ip=form.client_ip())
    except DiwanError as error:
        return app(error=error)
    server_session().pop(NEW_APP, None)
    return _added(me, "app", codes, _("Your authenticator app is set up."))


@pages.post("/app/off")
@frame.for_me
def turn_off(me: SignedIn) -> ResponseReturnValue:
    if (elsewhere := confirm.first(PAGE)) is not None:
        return elsewhere
    if factors.remove_app(_me(me)):
        _removed(me, "app")
        tell("ok", _("The authenticator app is turned off."))
    return redirect(PAGE, 303)


@pages.get("/passkeys/new")
@frame.for_me
def new_passkey(me: SignedIn, error: DiwanError | None = None) -> ResponseReturnValue:
    if (elsewhere := confirm.first(f"{PAGE}/passkeys/new")) is not None:
        return elsewhere
    guess, help = agents.device_name(request.user_agent.string), _("So that you know later which one it is.")
    name = form.text_field("name", "text", _("Name"), maxlength=120, value=guess, help=help)
    return frame.show("security_passkey", me, error, card=frame.card("passkey", [name], error))


@pages.post("/passkeys/options")
@frame.for_me
def options(me: SignedIn) -> ResponseReturnValue:
    if (elsewhere := confirm.first(f"{PAGE}/passkeys/new")) is not None:
        return elsewhere
    return ceremony.begin("register", *passkeys.registration(ceremony.site(), _me(me)))


@pages.post("/passkeys")
@frame.for_me
def add_passkey(me: SignedIn) -> ResponseReturnValue:
    if (elsewhere := confirm.first(f"{PAGE}/passkeys/new")) is not None:
        return elsewhere
    answer, name = request.form.get("credential", ""), request.form.get("name", "")
    try:
        site, challenge = ceremony.site(), ceremony.end("register")
        _passkey, codes = factors.add_passkey(site, _me(me), answer, challenge, name)
    except DiwanError as error:
        return new_passkey(error=error)
    return _added(me, "passkey", codes, _("The passkey is ready. You can log in with it from now on."))


@pages.route("/passkeys/<uuid:id>", methods=["GET", "POST"])
@frame.for_me
def passkey(me: SignedIn, id: UUID) -> ResponseReturnValue:
    found, error = passkeys.find(me.id, id), None
    if request.method == "POST":
        try:
            passkeys.rename(me.id, id, request.form.get("name", ""))
        except DiwanError as wrong:
            error = wrong
        else:
            return redirect(PAGE, 303)
    name = form.text_field("name", "text", _("Name"), maxlength=120, value=found.name, autofocus=True)
    return frame.show("security_rename", me, error, name=found.name, card=frame.card("passkey", [name], error))


@pages.post("/passkeys/<uuid:id>/remove")
@frame.for_me
def remove_passkey(me: SignedIn, id: UUID) -> ResponseReturnValue:
    if (elsewhere := confirm.first(PAGE)) is not None:
        return elsewhere
    name = factors.remove_passkey(_me(me), id)
    _removed(me, "passkey")
    tell("ok", _("The passkey “%(name)s” was removed.", name=name))
    return redirect(PAGE, 303)


@pages.get("/codes")
@frame.for_me
def codes(me: SignedIn) -> ResponseReturnValue:
    found = _kept(NEW_CODES, me.id)
    if not found:
        return redirect(PAGE, 303)
    return _unstored(frame.show("security_codes", me, codes=found))


@pages.get("/codes.txt")
@frame.for_me
def codes_file(me: SignedIn) -> ResponseReturnValue:
    found = _kept(NEW_CODES, me.id)
    if not found:
        return redirect(PAGE, 303)
    head = _(
        "Recovery codes of %(email)s for Diwan. Each works once, in place of the code from your app.", email=me.email
    )
    lines = [str(head), "", *found, ""]
    answer = Response("\r\n".join(lines), mimetype="text/plain")
    answer.headers["Content-Disposition"] = 'attachment; filename="diwan-recovery-codes.txt"'
    return _unstored(answer)


@pages.post("/codes")
@frame.for_me
def renew_codes(me: SignedIn) -> ResponseReturnValue:
    if (elsewhere := confirm.first(PAGE)) is not None:
        return elsewhere
    try:
        _keep(NEW_CODES, me.id, factors.renew_codes(_me(me)))
    except DiwanError as error:
        tell("bad", error.message)
        return redirect(PAGE, 303)
    account_log.note(me.id, "recovery_codes_made")
    return redirect(f"{PAGE}/codes", 303)


@pages.post("/codes/done")
@frame.for_me
def codes_done(me: SignedIn) -> ResponseReturnValue:
    server_session().pop(NEW_CODES, None)
    return redirect(confirm.after_factor(PAGE), 303)


def _me(me: SignedIn) -> User:
    return current.session.get_one(User, me.id)


def _added(me: SignedIn, factor: str, new_codes: list[str], text: object) -> ResponseReturnValue:
    """Note a new factor, which also counts in this session, and show recovery codes where there are new ones."""
    server_session()[factors.PROVEN] = True
    account_log.note(me.id, "factor_added", after={"factor": factor})
    tell("ok", text)
    if not new_codes:
        return redirect(confirm.after_factor(PAGE), 303)
    _keep(NEW_CODES, me.id, new_codes)
    return redirect(f"{PAGE}/codes", 303)


def _removed(me: SignedIn, factor: str) -> None:
    if not factors.factors_of(me.id):
        server_session().pop(factors.PROVEN, None)
    account_log.note(me.id, "factor_removed", before={"factor": factor})


def _keep(key: str, user_id: UUID, value: str | list[str]) -> None:
    """Keep a secret in the session for a few minutes, sealed: nobody reads it out of the table."""
    sealed = sealing.seal(json.dumps(value).encode(), sealing.place(f"core.session.{key}", user_id))
    server_session()[key] = {"sealed": b64encode(sealed).decode(), "until": round(now().timestamp()) + CODES_LIFE}


def _kept(key: str, user_id: UUID) -> Any:
    kept = server_session().get(key)
    if not isinstance(kept, dict) or kept["until"] < now().timestamp():
        return None
    return json.loads(sealing.unseal(b64decode(kept["sealed"]), sealing.place(f"core.session.{key}", user_id)))


def _unstored(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
