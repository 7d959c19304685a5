"""Keyboard shortcuts, declared in one place: what each does, in the person's language, and where `g` and a letter go.

It must hold no key that only a script knows; a sheet lists them all, and the person can switch single keys off.
"""

from __future__ import annotations

import re
from typing import Any

from diwan.kit.i18n import LazyText, _
from diwan.web import menu

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


def targets(base: str) -> dict[str, str]:
    """Return where `g` and a letter go, by letter."""
    return {letter: href for letter, _label, href in places(base)}


def places(base: str) -> list[tuple[str, Any, str]]:
    """Return (letter, label, href) of where `g` goes: to each place by the first free letter of its English key."""
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
