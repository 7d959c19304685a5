"""The frame around every page behind the login: navigation, breadcrumbs, tenant switch, messages.

The navigation is derived (web.menu); nothing is registered by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, get_flashed_messages, render_template

from diwan.db import current
from diwan.kit.i18n import LANGUAGES, _
from diwan.web import shortcuts, support, viewing
from diwan.web.menu import modules, navigation

Crumb = tuple[Any, str]


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
        "palette_href": f"{base}/palette",
        "favourites_href": f"{base}/palette/favourites",
        "look_action": f"{base}/preferences/look",
        "keys": shortcuts.targets(base),
        "bell_href": f"{base}/notifications/bell",
        "modules": modules(base),
        "user_menu": _user_menu(base),
        "support": support.banner(),
        "viewing": viewing.banner(),
    }
    return render_template(
        template,
        shell=shell,
        nav=navigation(base),
        breadcrumbs=[{"label": label, "href": href} for label, href in crumbs],
        flashes=_flashes(),
        **context,
    )


def _user_menu(base: str) -> list[dict[str, Any]]:
    items = [
        {"label": _("My account"), "icon": "user", "href": f"/account?from={current.tenant.slug}"},
        {"label": _("My tasks"), "icon": "checklist", "href": f"{base}/tasks"},
        {"label": _("Preferences"), "icon": "adjustments", "href": f"{base}/preferences"},
        {"label": _("Customise navigation"), "icon": "list-details", "href": f"{base}/preferences/navigation"},
        {"label": _("Keyboard shortcuts"), "icon": "keyboard", "href": f"{base}/shortcuts"},
    ]
    if current.user.can("core.token.manage"):
        items.append({"label": _("API tokens"), "icon": "key", "href": f"{base}/tokens"})
    return items


def tell(tone: str, text: object, undo: UUID | str | None = None) -> None:
    """Show a message on the next page: tone is ok, info, warn or bad; `undo` a step (resources.undo) to take back, or
    the address where a post takes it back."""
    said: Any = str(text) if undo is None else {"text": str(text), "undo": undo_href(undo)}
    flash(said, tone)


def undo_href(step: UUID | str) -> str:
    """Return where a step is undone, by POST."""
    if str(step).startswith("/"):
        return str(step)
    return f"{home()}/undo/{step}"


def _flashes() -> list[dict[str, Any]]:
    messages: Any = get_flashed_messages(with_categories=True)
    return [{"tone": tone, **(said if isinstance(said, dict) else {"text": said})} for tone, said in messages]
