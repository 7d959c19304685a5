"""The button "Undo" of a message: takes back what the person just did.

It must answer scripts with JSON and plain forms with the page they came from.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.errors import Refuse
from diwan.kit.i18n import ngettext
from diwan.resources import undo as steps
from diwan.web.shell import home, tell

pages = Blueprint("undo", __name__, url_prefix="/t/<slug>")


def register(app: Flask) -> None:
    """Add the one address of all steps."""
    app.register_blueprint(pages)


@pages.post("/undo/<uuid:id>")
def undo(id: Any, **_slug: str) -> ResponseReturnValue:
    try:
        done = steps.undo(id)
    except Refuse as error:
        current.session.rollback()
        tell("warn", error.message)
    else:
        tell("warn" if done.kept else "ok", told(done))
    return redirect(came_from(), 303)


def told(done: steps.Undone) -> str:
    """Return what an undo did, in words."""
    text = str(ngettext("Undone: %(n)s record is as it was.", "Undone: %(n)s records are as they were.", done.undone))
    if not done.kept:
        return text
    kept = ngettext(
        "%(n)s record was changed by somebody since and stays.", "%(n)s records were changed since and stay.", done.kept
    )
    return f"{text} {kept}" if done.undone else str(kept)


def came_from() -> str:
    """Return the page of this business from which a form was sent, or its first screen."""
    page = urlsplit(request.referrer or "")
    if page.netloc == request.host and (page.path + "/").startswith(home() + "/") and "/undo/" not in page.path:
        return page.path + (f"?{page.query}" if page.query else "")
    return home()
