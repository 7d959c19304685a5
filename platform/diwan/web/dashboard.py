"""The home page as a person, or their role, arranged it: which widgets, in which order, how large.

It must not run a widget: each loads in a request of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Flask, redirect, request
from flask.typing import ResponseReturnValue

from diwan import preferences
from diwan.access import service as access
from diwan.db import current
from diwan.errors import Invalid
from diwan.kit.i18n import _
from diwan.preferences import defaults
from diwan.web import core_widgets
from diwan.web.shell import home, render, tell
from diwan.web.sorting import moved

pages = Blueprint("dashboard", __name__, url_prefix="/t/<slug>/arrange")
KEY = "home"
SIZES = {"small": _("Small"), "wide": _("Wide"), "tall": _("Tall"), "large": _("Full width")}
MOST = 200


@dataclass(frozen=True, slots=True)
class Placed:
    """A widget at its place."""

    key: str
    title: object
    src: str
    size: str = "small"
    shown: bool = True


def register(app: Flask) -> None:
    """Add the page on which widgets are arranged."""
    app.register_blueprint(pages)


def placed() -> list[Placed]:
    """Return the widgets that the person may see in their order, the hidden ones too."""
    layout = preferences.get(KEY)
    if layout is None:
        layout = defaults.for_roles(KEY)
    return arranged(available(), layout)


def available() -> list[Placed]:
    """Return all widgets for this person as they are declared: those of modules, then the core's own."""
    base, can = home(), current.user.can
    found = [
        Placed(w.key, w.label, f"{base}/widgets/{w.key}", w.options["size"])
        for w in current.lineup.widgets
        if can(w.permission)
    ]
    own = [
        Placed(w.key, w.label, f"{base}/widgets/{w.key}", w.size)
        for w in core_widgets.WIDGETS.values()
        if not w.permission or can(w.permission)
    ]
    return [*found, *own]


def arranged(widgets: Iterable[Placed], layout: Any) -> list[Placed]:
    """Return the widgets as a stored layout says. What it does not name (a new module's) stands at the end."""
    left = {widget.key: widget for widget in widgets}
    result: list[Placed] = []
    for entry in layout if isinstance(layout, list) else ():
        widget = left.pop(entry.get("key", ""), None) if isinstance(entry, Mapping) else None
        if widget is not None:
            size = entry.get("size") if entry.get("size") in SIZES else widget.size
            result.append(replace(widget, size=size, shown=entry.get("shown") is not False))
    return [*result, *left.values()]


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    widgets = placed()
    roles = access.roles() if current.user.can("core.tenant.update") else []
    return render(
        "arrange.html",
        [(_("Arrange the home page"), "")],
        shown=[widget for widget in widgets if widget.shown],
        hidden=[widget for widget in widgets if not widget.shown],
        sizes=SIZES,
        roles=[{"value": role.key, "label": access.label(role)} for role in roles],
        action=f"{home()}/arrange",
        home_href=home(),
        is_own=preferences.get(KEY) is not None,
    )


@pages.post("")
def save(**_slug: str) -> ResponseReturnValue:
    form, here = request.form, f"{home()}/arrange"
    if "reset" in form:
        preferences.forget(KEY)
        tell("ok", _("The home page is as your role has it."))
        return redirect(home(), 303)
    layout = _sent()
    if "save_as" in form:
        role = _role(form.get("role", ""))
        defaults.put_for_role(role.key, KEY, layout)
        tell("ok", _("Everybody with the role %(role)s now begins with this home page.", role=access.label(role)))
        return redirect(here, 303)
    preferences.put(KEY, layout)
    if "move" in form or "show" in form:
        return redirect(here, 303)
    tell("ok", _("Your home page was saved."))
    return redirect(home(), 303)


def _sent() -> list[dict[str, Any]]:
    """Return the layout that the form holds; a widget that the person may not see is not in it."""
    form = request.form
    known = {widget.key: widget for widget in available()}
    order = [key for key in dict.fromkeys(form.getlist("order")) if key in known][:MOST]
    shown = {*form.getlist("shown"), *form.getlist("show")}
    layout = []
    for key in moved(order, form.get("move", "")):
        size = form.get(f"size-{key}", "")
        layout.append({"key": key, "size": size if size in SIZES else known[key].size, "shown": key in shown})
    return layout


def _role(key: str) -> Any:
    current.require("core.tenant.update")
    role = next((role for role in access.roles() if role.key == key), None)
    if role is None:
        raise Invalid({"role": _("There is no such role.")})
    return role
