"""The language that a person reads, kept with the account, or with the session of a visitor.

It must bring people back to the page from which they came.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.kit.i18n import LANGUAGES
from diwan.users import service as users
from diwan.web.auth.form import local_path
from diwan.web.context import server_session, signed_in

pages = Blueprint("preferences", __name__, url_prefix="/preferences")


@pages.post("/language")
def language() -> ResponseReturnValue:
    chosen, me = request.form.get("language", ""), signed_in()
    if chosen in LANGUAGES:
        if me is not None:
            users.set_preferences(me.id, language=chosen)
        else:
            server_session()["language"] = chosen
    return redirect(came_from(), 303)


def came_from() -> str:
    """Return the page of ours from which a form was sent, or the front door."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host:
        return "/"
    return local_path(parts.path + (f"?{parts.query}" if parts.query else "")) or "/"
