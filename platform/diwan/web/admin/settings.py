"""Settings of the business: name, country, language, time zone, base currency.

It must keep what was typed when something is wrong.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.errors import Invalid
from diwan.kit.i18n import LANGUAGES, _
from diwan.tenants import countries
from diwan.tenants import service as tenants
from diwan.web.shell import home, render, tell

pages = Blueprint("settings", __name__, url_prefix="/t/<slug>/settings")


@pages.get("")
def index(error: Invalid | None = None, **_slug: str) -> ResponseReturnValue:
    current.require("core.tenant.update")
    card = {
        "title": _("The business"),
        "help": _("What documents, dates and amounts look like."),
        "action": f"{home()}/settings",
        "fields": _fields(error.errors if error else {}),
        "submit_label": _("Save"),
    }
    page = render("settings.html", [(_("Settings"), "")], settings={"title": _("Settings"), "cards": [card]})
    return page, error.status if error else 200


@pages.post("")
def save(**_slug: str) -> ResponseReturnValue:
    current.require("core.tenant.update")
    try:
        tenants.update_settings({name: request.form.get(name, "") for name in tenants.SETTINGS})
    except Invalid as error:
        current.session.rollback()
        return index(error)
    tell("ok", _("The settings were saved."))
    return redirect(f"{home()}/settings", 303)


def _fields(errors: dict[str, Any]) -> list[dict[str, Any]]:
    tenant = current.tenant
    choices = {
        "country": countries.countries(),
        "language": list(LANGUAGES.items()),
        "timezone": countries.timezone_names(),
        "currency": countries.currencies(),
    }
    labels = {
        "name": _("Name"),
        "country": _("Country"),
        "language": _("Language"),
        "timezone": _("Time zone"),
        "currency": _("Base currency"),
    }
    return [
        {
            "name": name,
            "kind": "text" if name == "name" else name,
            "label": label,
            "required": True,
            "value": request.form.get(name, getattr(tenant, name)),
            "error": errors.get(name),
            "choices": [{"value": value, "label": text} for value, text in choices.get(name, [])],
            "wide": name == "name",
        }
        for name, label in labels.items()
    ]
