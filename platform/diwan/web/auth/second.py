"""The second step of a sign-in: a code of the app, a recovery code, a passkey.

Until the second step is done the session belongs to nobody: it holds who could become its person, and no more.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from typing import Any
from uuid import UUID

from flask import Blueprint, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from diwan.db import current
from diwan.db.base import now
from diwan.errors import DiwanError, NotFound, Refuse
from diwan.kit.i18n import _
from diwan.tenants import account_log
from diwan.users import factors
from diwan.users.factors import passkeys
from diwan.users.factors.service import PASSKEY_PLACE
from diwan.users.models import User
from diwan.users.throttle import network
from diwan.web.auth import ceremony, form
from diwan.web.context import server_session, signed_in
from diwan.web.shell import tell

log = logging.getLogger(__name__)

pages = Blueprint("second", __name__, url_prefix="/login")
PENDING = "pending"
LIFE = 10 * 60
PASSKEY = "passkey"


def enter(user: User, target: str) -> ResponseReturnValue:
    """Let in somebody who proved the password: straight away, or to the second step if they have one."""
    if not factors.factors_of(user.id):
        return let_in(user, target)
    mine = server_session()
    mine.load()
    mine.clear()
    mine.rotate()
    g.pop("csrf_token", None)
    generate_csrf()
    mine["language"] = user.language
    mine[PENDING] = {"user": str(user.id), "of": _mark(user), "until": now().timestamp() + LIFE, "next": target}
    return redirect("/login/second", 303)


def let_in(user: User, target: str, *, proven: bool = False) -> ResponseReturnValue:
    """Sign somebody in; `proven` says that they showed two factors."""
    form.sign_in(user)
    if proven:
        server_session()[factors.PROVEN] = True
    return form.remember_device(redirect(target, 303), user)  # type: ignore[arg-type]


@pages.get("/second")
def ask(error: DiwanError | None = None) -> ResponseReturnValue:
    user = _pending()
    if user is None:
        return _again()
    way = request.form.get("way") or request.args.get("way", "")
    return form.show("second", error=error, other_href="/login?other=1", **asked(user, way, "/login/second"))


@pages.post("/second")
def check() -> ResponseReturnValue:
    user = _pending()
    if user is None:
        return _again()
    way = request.form.get("way", "")
    try:
        prove(user, way)
    except DiwanError as error:
        log.info("second step refused (%s) from %s", error.code, form.client_ip())
        return ask(error)
    return _done(user)


@pages.post("/second/options")
def options() -> ResponseReturnValue:
    user = _pending()
    if user is None:
        raise NotFound(_("This took too long. Log in again."))
    return ceremony.begin("second", *passkeys.question(ceremony.site(), user.id))


def prove(user: User, way: str) -> None:
    """Take what was typed or what the browser answered as a second factor. Raises Refuse, TooMany."""
    if way == PASSKEY:
        PASSKEY_PLACE.take(network(form.client_ip()))
        passkeys.check(ceremony.site(), request.form.get("credential", ""), ceremony.end("second"), user.id)
        return
    if way not in (factors.APP, factors.RECOVERY):
        raise Refuse(_("Choose how to prove that it is you."))
    factors.prove(user, way, request.form.get("code", ""), ip=form.client_ip(), device=form.device())
    if way == factors.RECOVERY:
        left = factors.factors_of(user.id)
        if left.few_codes:
            tell("warn", _("You have few recovery codes left. Make new ones under Security."))
        account_log.note(user.id, "recovery_code_used", after={"left": left.codes})


def asked(user: User, way: str, address: str, **more: Any) -> dict[str, Any]:
    """Return what a page at `address` shows to ask for a second factor: one way, with links to the others.

    `more` are further ways: name to (label, icon, field).
    """
    found = factors.factors_of(user.id)
    ways: dict[str, tuple[object, str, form.Field | None]] = {}
    if found.app:
        code = form.text_field("code", "code", _("Code from your app"), maxlength=12, autofocus=True)
        ways[factors.APP] = _("Use your authenticator app"), "device-mobile", code
    if found.passkeys and ceremony.is_possible():
        ways[PASSKEY] = _("Use a passkey"), "fingerprint", None
    if found.codes:
        paper = form.text_field("code", "text", _("Recovery code"), maxlength=40, autofocus=True, dir="ltr",
                                autocomplete="off", placeholder="····-····-····-····")  # fmt: skip
        ways[factors.RECOVERY] = _("Use a recovery code"), "file-text", paper
    ways.update(more)
    way = way if way in ways else next(iter(ways), "")
    label, _icon, field = ways.get(way, (_("Continue"), "", None))
    sign = "&" if "?" in address else "?"
    return {
        "fields": [field] if field else [],
        "submit_label": label if way == PASSKEY else _("Continue"),
        "ways": {
            "way": way,
            "options": f"{address.partition('?')[0]}/options",
            "others": [
                {"label": label, "icon": icon, "href": f"{address}{sign}way={name}"}
                for name, (label, icon, _field) in ways.items()
                if name != way
            ],
        },
    }


def _pending() -> User | None:
    """Return who has proven the password in this session, lately, and not changed it since."""
    mine = server_session()
    found = mine.get(PENDING)
    if not isinstance(found, dict) or found["until"] < now().timestamp():
        return None
    user = current.session.get(User, UUID(found["user"]))
    if user is None or user.disabled_at is not None or not hmac.compare_digest(found["of"], _mark(user)):
        return None
    return user


def _done(user: User) -> ResponseReturnValue:
    target = form.local_path(server_session()[PENDING]["next"]) or "/"
    return let_in(user, target, proven=True)


def _again() -> ResponseReturnValue:
    if signed_in() is not None:  # the form was sent twice
        return redirect("/", 303)
    server_session().pop(PENDING, None)
    tell("info", _("This took too long. Log in again."))
    return redirect("/login", 303)


def _mark(user: User) -> str:
    """Return what changes with the password: a new one ends sign-ins that are half done."""
    return hashlib.sha256(f"{user.id}\n{user.password_hash}".encode()).hexdigest()[:32]
