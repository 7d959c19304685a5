"""The frame around every page behind the login: navigation, breadcrumbs, tenant switch, messages.

It must derive the navigation from the lineup and the person's rights; nothing is registered by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, get_flashed_messages, render_template, request

from diwan.db import current
from diwan.kernel.catalogue import installed
from diwan.kit.i18n import LANGUAGES, _

Crumb = tuple[Any, str]

ADMIN = (
    ("people", _("People"), "users", "core.member.read"),
    ("modules", _("Modules"), "apps", "core.plugin.manage"),
    ("settings", _("Settings"), "settings", "core.tenant.update"),
    ("audit", _("Audit log"), "history", "core.audit.read"),
)


def home() -> str:
    """Return the address of the current tenant's first screen."""
    return f"/t/{current.tenant.slug}"


def render(template: str, crumbs: Sequence[Crumb] = (), **context: Any) -> str:
    """Render a page inside the shell. `crumbs` are (label, href) after the tenant's home; the last is the page."""
    base = home()
    shell = {
        "home_href": base,
        "search_href": f"{base}/search",
        "language_action": "/preferences/language",
        "languages": [{"code": c, "label": n, "active": c == current.language} for c, n in LANGUAGES.items()],
        "logout_action": "/logout",
        "tenants": [{"name": current.tenant.name, "href": base, "active": True}],
        "choose_href": "/choose",
        "new_tenant_href": "/businesses/new",
        "user_menu": [{"label": _("API tokens"), "icon": "key", "href": f"{base}/tokens"}]
        if current.user.can("core.token.manage")
        else [],
    }
    return render_template(
        template,
        shell=shell,
        nav=navigation(base),
        breadcrumbs=[{"label": label, "href": href} for label, href in crumbs],
        flashes=[_flash(tone, said) for tone, said in get_flashed_messages(with_categories=True)],
        **context,
    )


def navigation(base: str) -> list[dict[str, Any]]:
    """Return the sections of the side bar: overview, one per module with something to see, administration."""
    path = request.path

    def item(label: Any, icon: str, href: str, *, exact: bool = False) -> dict[str, Any]:
        active = path == href or (not exact and path.startswith(href + "/"))
        return {"label": label, "icon": icon, "href": href, "active": active}

    sections: list[dict[str, Any]] = [{"label": "", "items": [item(_("Home"), "home", base, exact=True)]}]
    can = current.user.can
    for name in current.lineup.plugins:
        items = [
            item(r.labels, r.icon or "table", f"{base}/{r.plugin}/{r.name}")
            for r in current.lineup.resources.values()
            if r.plugin == name and r.menu and can(r.permission("read"))
        ]
        items += [
            item(page.label, page.options["icon"] or "layout", f"{base}/{name}{page.options['rule']}")
            for page in current.lineup.pages
            if page.plugin == name and page.options["menu"] and can(page.permission)
        ]
        if items:
            sections.append({"label": installed()[name].label, "items": items})
    admin = [item(label, icon, f"{base}/{place}") for place, label, icon, right in ADMIN if not right or can(right)]
    sections.append({"label": _("Administration"), "items": admin})
    return sections


def tell(tone: str, text: object, undo: UUID | None = None) -> None:
    """Show a message on the next page: tone is ok, info, warn or bad; `undo` a step (resources.undo) to take back."""
    flash(str(text) if undo is None else {"text": str(text), "undo": str(undo)}, tone)


def undo_href(step: UUID | str) -> str:
    """Return where a step is undone, by POST."""
    return f"{home()}/undo/{step}"


def _flash(tone: str, said: Any) -> dict[str, Any]:
    if isinstance(said, dict):
        return {"tone": tone, "text": said["text"], "undo": undo_href(said["undo"])}
    return {"tone": tone, "text": said}
