"""The command palette: records, pages and actions in one box, as the person types.

It must show nothing that the person may not open or do, and every entry is a plain link or a form's button.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue

from diwan import collaboration
from diwan.db import current
from diwan.kit.i18n import LANGUAGES, LazyText, _
from diwan.kit.text import words
from diwan.resources import Resource
from diwan.resources.finding import find
from diwan.web import menu
from diwan.web.cells import record_base
from diwan.web.core_widgets import titled
from diwan.web.shell import home

pages = Blueprint("palette", __name__, url_prefix="/t/<slug>/palette")
LONGEST = 100
EACH = 6
MOST_PLACES = 6
AT_ONCE = 8

Entry = dict[str, Any]
Group = dict[str, Any]


def register(app: Flask) -> None:
    """Add the address that the palette asks."""
    app.register_blueprint(pages)


@pages.get("/favourites")
def favourites(**_slug: str) -> ResponseReturnValue:
    """Answer with the records with a star, for the side bar."""
    return render_template("favourites.html", items=titled(collaboration.favourites()))


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    phrase = request.args.get("q", "").strip()[:LONGEST]
    groups = _found(phrase) if phrase else _offered()
    return render_template("palette.html", groups=[group for group in groups if group["items"]], phrase=phrase)


def readable() -> dict[str, Resource]:
    """Return the resources whose records the person may read, by key."""
    can = current.user.can
    return {r.key: r for r in current.lineup.resources.values() if not r.part_of and can(r.permission("read"))}


def _offered() -> list[Group]:
    """Return what is there before anything is typed: where one was, where one may go, what one may do."""
    base = home()
    return [
        *_remembered(),
        {"label": _("Go to"), "items": list(_places(base))[:AT_ONCE]},
        {"label": _("Do"), "items": list(_actions(base))[:AT_ONCE]},
    ]


def _found(phrase: str) -> list[Group]:
    base, typed = home(), words(phrase)
    groups: list[Group] = [
        {"label": _("Go to"), "items": _matching(_places(base), typed)},
        {"label": _("Do"), "items": _matching(_actions(base), typed)},
    ]
    resources = readable()
    for key, records in find(list(resources), phrase, each=EACH).items():
        resource = resources[key]
        address = record_base(key)
        items = [
            {"label": title or _("Untitled"), "icon": resource.icon or "table", "href": f"{address}/{id}"}
            for id, title in records
        ]
        groups.append({"label": resource.labels, "items": items})
    everything = {
        "label": _("Search everything for “%(phrase)s”", phrase=phrase),
        "icon": "search",
        "href": f"{base}/search?{urlencode({'q': phrase})}",
    }
    return [*groups, {"label": _("Search"), "items": [everything]}]


def _remembered() -> list[Group]:
    recent = [entry for entry in titled(collaboration.recent(AT_ONCE + 1)) if entry["href"] != request.args.get("at")]
    return [
        {"label": _("Seen lately"), "items": recent[:EACH]},
        {"label": _("Favourites"), "items": titled(collaboration.favourites(EACH))},
    ]


def _places(base: str) -> Iterator[Entry]:
    for section in menu.arranged(base):
        for item in section["items"]:
            yield {**item, "hint": section["label"]}
    for label, icon, place in (
        (_("My tasks"), "checkbox", "tasks"),
        (_("Notifications"), "bell", "notifications"),
        (_("Preferences"), "adjustments", "preferences"),
        (_("Customise navigation"), "list-details", "preferences/navigation"),
        (_("Keyboard shortcuts"), "keyboard", "shortcuts"),
    ):
        yield {"label": label, "icon": icon, "href": f"{base}/{place}"}
    if current.user.can("core.token.manage"):
        yield {"label": _("API tokens"), "icon": "key", "href": f"{base}/tokens"}


def _actions(base: str) -> Iterator[Entry]:
    can = current.user.can
    own = [r for r in current.lineup.resources.values() if r.menu and not r.part_of]
    for r in own:
        if can(r.permission("create")):
            label = _("New: %(name)s", name=r.label)
            yield {"label": label, "icon": "plus", "href": f"{base}/{r.plugin}/{r.name}/new", "terms": (r.label,)}
    for r in own:
        if can(r.permission("import")):
            label = _("Import: %(name)s", name=r.labels)
            href = f"{base}/{r.plugin}/{r.name}/import"
            yield {"label": label, "icon": "table-import", "href": href, "terms": (r.labels,)}
    for code, name in LANGUAGES.items():
        if code != current.language:
            yield {"label": name, "icon": "language", "action": "/preferences/language", "name": "language",
                   "value": code, "lang": code, "terms": (_("Language"),)}  # fmt: skip
    for code, label, icon in (
        ("dark", _("Dark mode"), "moon"),
        ("light", _("Light mode"), "sun"),
        ("auto", _("Theme like the system"), "device-desktop"),
    ):
        yield {"label": label, "icon": icon, "action": f"{base}/preferences/look", "name": "theme", "value": code,
               "terms": (_("Theme"),)}  # fmt: skip
    yield {"label": _("Arrange the home page"), "icon": "layout-dashboard", "href": f"{base}/arrange"}
    yield {"label": _("Switch business"), "icon": "arrows-exchange", "href": "/choose"}
    yield {"label": _("Log out"), "icon": "logout", "action": "/logout"}


def _matching(entries: Iterator[Entry], typed: list[str]) -> list[Entry]:
    """Return the entries of which every typed word begins some word, in the reader's language or in English."""
    if not typed:
        return []
    found = []
    for entry in entries:
        known = [w for term in (entry["label"], *entry.get("terms", ())) for w in words(_spoken(term))]
        if all(any(w.startswith(t) for w in known) for t in typed):
            found.append(entry)
    return found[:MOST_PLACES]


def _spoken(term: object) -> str:
    """Return a text in the reader's language and as it was written, for those who know the English name."""
    return f"{term} {term.text}" if isinstance(term, LazyText) else str(term)
