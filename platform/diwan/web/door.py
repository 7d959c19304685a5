"""The door of a business: whether this session is what the business demands of those who sign in.

It must cost no query, and send people to where they can put it right, and back.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from flask import Response, flash, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db.base import now
from diwan.db.context import current
from diwan.kit.i18n import _
from diwan.tenants.policy import Policy
from diwan.users.factors import PROVEN
from diwan.web.sessions import SEEN_CLOSELY, ServerSession

BELL = "notifications.bell"
"""What a page asks by itself every minute: no sign that somebody sits there."""


def check(mine: ServerSession) -> ResponseReturnValue | None:
    """Return where the person must go first, or None. Raises Denied for an address that is not allowed."""
    mine.passive = request.endpoint == BELL
    stored = current.tenant.policy
    if not stored:
        return None
    policy = Policy.of(stored)
    policy.require_address(request.remote_addr or "")
    if policy.idle_minutes:
        mine.seen_every = min(mine.seen_every, SEEN_CLOSELY)
    age = now() - mine.created_at if mine.created_at else None
    if age is not None and policy.is_too_old(age):
        return _send("/login", _("This business asks you to log in again from time to time."), other="1")
    if policy.is_too_idle(mine.longest_pause()):
        return _send("/login", _("You were away for a while, so this business asks you to log in again."), other="1")
    if policy.wants_second_factor(current.user) and not mine.get(PROVEN):
        return _send("/account/second-step")
    return None


def _send(address: str, why: object = "", **asked: str) -> ResponseReturnValue:
    """Send the whole window elsewhere, and afterwards back to the page that is open now."""
    if why:
        flash(str(why), "info")
    is_part = request.headers.get("HX-Request") == "true"
    back = ""
    if is_part:
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
        if shown.netloc == request.host:
            back = shown.path + (f"?{shown.query}" if shown.query else "")
    elif request.method == "GET":
        back = request.full_path.rstrip("?")
    where = f"{address}?{urlencode({**asked, 'next': back or f'/t/{current.tenant.slug}'})}"
    if is_part:
        return Response(status=204, headers={"HX-Redirect": where})
    return redirect(where, 303)
