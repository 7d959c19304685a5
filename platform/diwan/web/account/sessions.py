"""Where one is signed in, and the end of it from afar.

What is ended stops working with the next request: a session is a row, and the row is gone.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from diwan.db.base import now
from diwan.errors import NotFound
from diwan.kit import formats, ids
from diwan.kit.i18n import _, ngettext
from diwan.tenants import account_log
from diwan.users import agents
from diwan.users import sessions as own
from diwan.users.sessions import OpenSession
from diwan.web.account import frame
from diwan.web.auth import form
from diwan.web.context import server_session
from diwan.web.sessions import SignedIn
from diwan.web.shell import tell

pages = Blueprint("account_sessions", __name__, url_prefix="/account/sessions")
PAGE = "/account/sessions"


@pages.get("")
@frame.for_me
def index(me: SignedIn) -> ResponseReturnValue:
    found = own.sessions_of(me.id, _this())
    return frame.show("sessions", me, sessions=[_shown(session) for session in found], others=len(found) > 1)


@pages.post("/<id>/end")
@frame.for_me
def end(me: SignedIn, id: str) -> ResponseReturnValue:
    try:
        own.end_session(me.id, id)
    except NotFound as error:
        tell("warn", error.message)
    else:
        account_log.note(me.id, "session_ended")
        tell("ok", _("That device was logged out."))
    return redirect(PAGE, 303)


@pages.post("/end-others")
@frame.for_me
def end_others(me: SignedIn) -> ResponseReturnValue:
    ended = own.end_sessions(me.id, but=_this(), device=form.device())
    if ended:
        account_log.note(me.id, "sessions_ended", after={"count": ended})
    tell("ok", ngettext("%(n)d device was logged out.", "%(n)d devices were logged out.", ended))
    return redirect(PAGE, 303)


def _this() -> bytes:
    return ids.sha256(server_session().token)


def _shown(session: OpenSession) -> dict[str, Any]:
    moment, agent = now(), session.place.user_agent
    return {
        "device": agents.device_name(agent),
        "icon": "device-mobile" if agents.is_handheld(agent) else "device-desktop",
        "place": session.place.text() or _("Unknown place"),
        "since": _("logged in %(when)s", when=formats.ago(session.since, moment)),
        "since_full": f"{formats.moment(session.since)} UTC",
        "seen": _("active now") if session.is_this else _("active %(when)s", when=formats.ago(session.seen_at, moment)),
        "seen_full": f"{formats.moment(session.seen_at)} UTC",
        "this": session.is_this,
        "end_action": None if session.is_this else f"{PAGE}/{session.id}/end",
    }
