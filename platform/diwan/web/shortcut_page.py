"""The page that lists the keyboard shortcuts; a script shows its part as the sheet that "?" opens.

It must not hold keys of its own.
"""

from __future__ import annotations

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.kit.i18n import _
from diwan.web.shell import home, render
from diwan.web.shortcuts import EVERYWHERE, FORMS, LISTS, places

pages = Blueprint("shortcuts", __name__, url_prefix="/t/<slug>/shortcuts")


def register(app: Flask) -> None:
    """Add the page that lists the keys."""
    app.register_blueprint(pages)


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    groups = [
        (_("Everywhere"), EVERYWHERE),
        (_("Go to"), tuple((f"g {letter}", label) for letter, label, _href in places(home()))),
        (_("In lists"), LISTS),
        (_("In forms"), FORMS),
    ]
    return render(
        "shortcuts.html",
        [(_("Keyboard shortcuts"), "")],
        groups=[{"label": label, "keys": [(keys.split(), text) for keys, text in rows]} for label, rows in groups],
        switched_off=current.user.preferences.get("shortcuts") is False,
        preferences_href=f"{home()}/preferences",
    )
