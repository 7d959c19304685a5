"""An administrator looks at the business as a colleague sees it: nothing can be changed, and it ends by itself.

It must never let the colleague's name appear under anything that is done; the log names who looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from flask import Blueprint, Flask, flash, g, redirect, request, session
from flask.typing import ResponseReturnValue

from diwan import audit
from diwan.access import holders
from diwan.db import current
from diwan.db.base import now
from diwan.db.context import Actor, replace_scope
from diwan.errors import Denied, DiwanError
from diwan.kernel.lineup import lineup_of
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.web import support
from diwan.web.sessions import ServerSession

pages = Blueprint("viewing", __name__, url_prefix="/t/<slug>/viewing")
SESSION = "as"
LONGEST = timedelta(hours=1)
LEAVE = "viewing.leave"
# What leaves the house, or is kept with a name: not under somebody else's.
CLOSED = frozenset({"exports", "documents", "data"})
CLOSED_ENDPOINTS = frozenset({"audit.export"})


@dataclass(frozen=True, slots=True)
class Viewing:
    """Who looks, as whom, and until when."""

    viewer: Actor
    person: Actor
    until: datetime


def register(app: Flask) -> None:
    """Add the two buttons: look, and leave."""
    app.register_blueprint(pages)


def put_on(mine: ServerSession) -> None:
    """Make the colleague the actor of this request, while that is on for the open business. Raises Denied."""
    stored = mine.get(SESSION)
    if stored is None or stored["tenant"] != current.tenant.id or request.endpoint == LEAVE:
        return
    until, viewer = datetime.fromisoformat(stored["until"]), current.user
    try:
        if until <= now():
            raise Denied(_("The hour is over: you are yourself again."))
        person, _member = holders.viewed(UUID(stored["person"]))
    except DiwanError as error:
        if request.method not in support.READING:
            # The form was written as somebody else; it is not sent in one's own name.
            raise Denied(_("You no longer look as somebody else. Open the page again.")) from error
        _end(mine)
        flash(str(error), "info")
        return
    setattr(g, SESSION, Viewing(viewer, person, until))
    replace_scope(user=person, lineup=lineup_of(current.tenant, person))
    if request.method not in support.READING:
        raise Denied(_("You look at this as %(name)s: nothing can be changed. Leave first.", name=person.name))
    if request.blueprint in CLOSED or request.endpoint in CLOSED_ENDPOINTS:
        raise Denied(_("You look at this as %(name)s: nothing can be taken along. Leave first.", name=person.name))


def opened() -> Viewing | None:
    """Return as whom this request looks; None where somebody is themselves."""
    found: Viewing | None = g.get(SESSION)
    return found


def banner() -> dict[str, Any] | None:
    """Return what stands above every page meanwhile."""
    inside = opened()
    if inside is None:
        return None
    return {
        "name": inside.person.name,
        "until": formats.moment(inside.until, current.tenant.timezone),
        "leave_action": f"/t/{current.tenant.slug}/viewing/leave",
    }


@pages.post("/<uuid:id>")
def begin(id: UUID, **_slug: str) -> ResponseReturnValue:
    """Begin to look as a person, by the id of the account."""
    if support.opened() is not None:
        raise Denied(_("Support has no access to this page."))
    person, member = holders.viewed(id)
    until = now() + LONGEST
    mine = _session()
    mine[SESSION] = {
        "tenant": current.tenant.id, "person": str(id), "member": str(member), "name": person.name,
        "until": until.isoformat(),
    }  # fmt: skip
    audit.record("viewed_as", "core.member", member, person.name, after={"until": until.isoformat()})
    return redirect(f"/t/{current.tenant.slug}", 303)


@pages.post("/leave")
def leave(**_slug: str) -> ResponseReturnValue:
    """Be oneself again."""
    mine = _session()
    stored = mine.get(SESSION)
    if stored is not None and stored["tenant"] == current.tenant.id:
        _end(mine)
        return redirect(f"/t/{current.tenant.slug}/people/{stored['member']}", 303)
    return redirect(f"/t/{current.tenant.slug}", 303)


def _session() -> ServerSession:
    return cast(ServerSession, session._get_current_object())  # type: ignore[attr-defined]


def _end(mine: ServerSession) -> None:
    stored = mine.pop(SESSION)
    audit.record("viewed_as", "core.member", UUID(stored["member"]), stored["name"], after={"ended": now().isoformat()})
