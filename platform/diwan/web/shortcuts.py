"""Keyboard shortcuts, declared in one place: what each does, in the person's language, and where `g` and a letter go.

It must hold no key that only a script knows; a sheet lists them all, and the person can switch single keys off.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.kit.i18n import LazyText, _
from diwan.web import menu

pages = Blueprint("shortcuts", __name__, url_prefix="/t/<slug>/shortcuts")

Keys = tuple[tuple[str, LazyText], ...]
EVERYWHERE: Keys = (
    ("Ctrl K", _("Search and commands")),
    ("/", _("Search and commands")),
    ("?", _("This list")),
    ("n", _("New record")),
    ("Esc", _("Close what is open")),
)
LISTS: Keys = (
    ("j", _("Next row")),
    ("k", _("Previous row")),
    ("Enter", _("Open the row")),
    ("x", _("Select the row")),
)
FORMS: Keys = (
    ("Ctrl S", _("Save")),
    ("Tab", _("Next field")),
    ("+7", _("In a date: so many days from today")),
)
FIXED = {menu.HOME: "h", "core.people": "p", "core.modules": "m", "core.settings": "s",
         "core.settings/branding": "b", "core.audit": "a"}  # fmt: skip


def register(app: Flask) -> None:
    """Add the page that lists the keys."""
    app.register_blueprint(pages)


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    from diwan.web.shell import home, render  # the shell shows the keys on every page

    groups = [
        (_("Everywhere"), EVERYWHERE),
        (_("Go to"), tuple((f"g {letter}", label) for letter, label, _href in _places(home()))),
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


def targets(base: str) -> dict[str, str]:
    """Return where `g` and a letter go, by letter."""
    return {letter: href for letter, _label, href in _places(base)}


def _places(base: str) -> list[tuple[str, Any, str]]:
    """Give each place of the navigation the first free letter of its own English key, in the order of the modules."""
    items = [item for section in menu.derived(base) for item in section["items"]]
    taken = {FIXED[item["key"]] for item in items if item["key"] in FIXED}
    places = []
    for item in items:
        letter = FIXED.get(item["key"]) or _free(item["key"], taken)
        if letter:
            taken.add(letter)
            places.append((letter, item["label"], item["href"]))
    return places


def _free(key: str, taken: set[str]) -> str:
    name = key.partition(".")[2] or key
    return next((letter for letter in re.sub("[^a-z]", "", name) if letter not in taken), "")
