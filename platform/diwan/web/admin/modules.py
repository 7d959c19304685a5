"""The catalogue of modules: what is on, what could be, and the switch.

It must not know any module; the kernel answers.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.errors import Refuse
from diwan.kernel import lifecycle
from diwan.kernel.catalogue import installed
from diwan.kernel.health import report
from diwan.kernel.lifecycle import Offer
from diwan.kit.i18n import _
from diwan.web.plugin_settings import has_settings
from diwan.web.shell import home, render, tell

pages = Blueprint("modules", __name__, url_prefix="/t/<slug>/modules")


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    current.require("core.plugin.manage")
    groups: dict[str, dict[str, Any]] = {}
    for offer in lifecycle.available():
        entry = offer.entry
        group = groups.setdefault(
            entry.manifest.category if entry.manifest else "", {"label": entry.category, "items": []}
        )
        group["items"].append(_module(offer))
    shown = {"can_change": True, "groups": list(groups.values()), "health_href": f"{home()}/modules/health"}
    return render("modules.html", [(_("Modules"), "")], modules=shown)


@pages.get("/health")
def health(**_slug: str) -> ResponseReturnValue:
    """Show what all modules of this installation say of themselves, problems first."""
    current.require("core.plugin.manage")
    checks = [
        {"name": check.name, "ok": check.ok, "text": check.text, "module": _label(check.plugin)} for check in report()
    ]
    shown = {"checks": sorted(checks, key=lambda check: bool(check["ok"]))}
    return render("health.html", [(_("Modules"), f"{home()}/modules"), (_("Health"), "")], health=shown)


@pages.post("/<name>/<any(enable, disable):verb>")
def switch(name: str, verb: str, **_slug: str) -> ResponseReturnValue:
    current.require("core.plugin.manage")
    try:
        if verb == "enable":
            lifecycle.enable([name])
        else:
            lifecycle.disable(name)
    except Refuse as error:
        current.session.rollback()
        tell("bad", error.message)
        if name in installed() and installed()[name].state != "ready":
            return redirect(f"{home()}/modules/health", 303)  # where the reason is
    else:
        label = installed()[name].label if name in installed() else name
        text = _("%(name)s is on.") if verb == "enable" else _("%(name)s is off; its data is kept.")
        tell("ok", text % {"name": label})
    return redirect(f"{home()}/modules", 303)


def _module(offer: Offer) -> dict[str, Any]:
    entry, base = offer.entry, f"{home()}/modules/{offer.entry.name}"
    working = entry.state == "ready"
    works = offer.on and working
    state = "on" if works else "off" if working else "broken"
    return {
        "name": entry.name,
        "label": entry.label,
        "summary": entry.summary,
        "icon": entry.manifest.icon if entry.manifest else "puzzle",
        "version": entry.version,
        "author": "",
        "state": state,
        "reason": None if working else _("It does not work here just now. Your data is safe; the operator was told."),
        "requires": [
            {"label": _label(name), "on": name in current.lineup}
            for name in (entry.manifest.requires if entry.manifest else ())
        ],
        "needed_by": [_label(name) for name in offer.needed_by],
        "also_enables": [_label(name) for name in offer.brings],
        "settings_href": f"{home()}/settings/{entry.name}" if works and has_settings(entry.name) else None,
        "href": _first_page(entry.name) if works else None,
        "enable_action": f"{base}/enable",
        "disable_action": f"{base}/disable",
    }


def _label(name: str) -> object:
    return installed()[name].label if name in installed() else name


def _first_page(plugin: str) -> str | None:
    """Return the module's first screen that the person may see."""
    for resource in current.lineup.resources.values():
        if resource.plugin == plugin and resource.menu and resource.may("read"):
            return f"{home()}/{plugin}/{resource.name}"
    for page in current.lineup.pages:
        if page.plugin == plugin and page.options["menu"] and current.user.can(page.permission):
            return f"{home()}/{plugin}{page.options['rule']}"
    return None
