"""The navigation of a business for one person: derived from the lineup and their rights, in the order they chose.

It must not ask the database: the arrangement comes with the session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request

from diwan.db import current
from diwan.kernel.catalogue import installed
from diwan.kit.i18n import _

ADMIN = (
    ("people", _("People"), "users", "core.member.read"),
    ("modules", _("Modules"), "apps", "core.plugin.manage"),
    ("settings", _("Settings"), "settings", "core.tenant.update"),
    ("settings/policy", _("Signing in"), "shield-lock", "core.tenant.update"),
    ("settings/branding", _("Branding"), "palette", "core.tenant.update"),
    ("settings/fields", _("Your own fields"), "forms", "core.tenant.update"),
    ("settings/support", _("Support access"), "lifebuoy", "core.support.grant"),
    ("tokens/all", _("API tokens"), "key", "core.service_token.manage"),
    ("settings/data", _("Data and closing"), "package-export", "core.tenant.export"),
    ("audit", _("Audit log"), "history", "core.audit.read"),
)
CORE = "core"
HOME = "core.home"


def arrangement() -> Mapping[str, list[str]]:
    """Return what the person arranged here: keys in `order`, and which are `hidden`, `pinned` or `closed`."""
    menus = current.user.preferences.get("menus", {})
    found: Mapping[str, list[str]] = menus.get(str(current.tenant.id), {})
    return found


def navigation(base: str) -> list[dict[str, Any]]:
    """Return the sections of the side bar as the person arranged them, without what they hid."""
    mine = arrangement()
    hidden, pinned, closed = (set(mine.get(key, ())) for key in ("hidden", "pinned", "closed"))
    sections = arranged(base)
    top = sections[0]
    every = [item for section in sections[1:] for item in section["items"]]
    top["items"] = [*top["items"], *(item for item in every if item["key"] in pinned)]
    shown = [top]
    for section in sections[1:]:
        # What is hidden is still marked while one is there, so that nobody wonders where they are.
        items = [i for i in section["items"] if i["key"] not in pinned and (i["key"] not in hidden or i["active"])]
        if items:
            is_open = section["key"] not in closed or any(item["active"] for item in items)
            shown.append({**section, "items": items, "open": is_open})
    return shown


def arranged(base: str) -> list[dict[str, Any]]:
    """Return all sections and items that the person may see, in their order; the first section is Home."""
    sections = derived(base)
    place = {key: number for number, key in enumerate(arrangement().get("order", ()))}
    if place:
        last = len(place)
        for section in sections[1:]:
            section["items"].sort(key=lambda item: place.get(item["key"], last))
        sections[1:] = sorted(sections[1:], key=lambda section: place.get(section["key"], last))
    return sections


def derived(base: str) -> list[dict[str, Any]]:
    """Return the sections as they follow from the lineup: home, each module with something to see, administration."""
    path, can = request.path, current.user.can

    def item(key: str, label: Any, icon: str, href: str, *, exact: bool = False) -> dict[str, Any]:
        active = path == href or (not exact and path.startswith(href + "/"))
        return {"key": key, "label": label, "icon": icon, "href": href, "active": active}

    sections: list[dict[str, Any]] = [
        {"key": CORE, "label": "", "open": True, "items": [item(HOME, _("Home"), "home", base, exact=True)]}
    ]
    for name in current.lineup.plugins:
        items = [
            item(r.key, r.labels, r.icon or "table", f"{base}/{r.plugin}/{r.name}")
            for r in current.lineup.resources.values()
            if r.plugin == name and r.menu and can(r.permission("read"))
        ]
        items += [
            item(page.key, page.label, page.options["icon"] or "layout", f"{base}/{name}{page.options['rule']}")
            for page in current.lineup.pages
            if page.plugin == name and page.options["menu"] and can(page.permission)
        ]
        if items:
            sections.append({"key": name, "label": installed()[name].label, "open": True, "items": items})
    admin = [
        item(
            f"{CORE}.{place}", label, icon, f"{base}/{place}", exact=any(p.startswith(f"{place}/") for p, *_r in ADMIN)
        )
        for place, label, icon, right in ADMIN
        if can(right)
    ]
    if admin:
        sections.append({"key": "core.admin", "label": _("Administration"), "open": True, "items": admin})
    return sections


def modules(base: str) -> list[dict[str, Any]]:
    """Return the modules with something to see, for the launcher: label, icon and where each begins."""
    found = []
    for section in arranged(base)[1:]:
        items = section["items"]
        found.append({
            "label": section["label"], "icon": _icon(section["key"], items), "href": items[0]["href"],
            "active": any(item["active"] for item in items),
        })  # fmt: skip
    return found


def _icon(key: str, items: Sequence[Mapping[str, Any]]) -> str:
    entry = installed().get(key)
    manifest = entry.manifest if entry else None
    return (manifest.icon if manifest else "") or ("settings" if entry is None else str(items[0]["icon"]))
