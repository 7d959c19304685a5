"""The looks of a business: the page where they are chosen, and the style sheet and logo that every page asks for.

Style sheet and logo are the business's own: only who may enter it gets them.
"""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Flask, Response, redirect, request, send_file
from flask.typing import ResponseReturnValue

from diwan import files
from diwan.db import current
from diwan.errors import Invalid, NotFound
from diwan.kit.colours import hex_of
from diwan.kit.i18n import _
from diwan.tenants import branding
from diwan.web import ui
from diwan.web.shell import home, render, tell

pages = Blueprint("branding", __name__, url_prefix="/t/<slug>")
FOR_EVER = "private, max-age=31536000, immutable"


def register(app: Flask) -> None:
    """Add the pages."""
    app.register_blueprint(pages)


@pages.get("/settings/branding")
def index(error: Invalid | None = None, **_slug: str) -> ResponseReturnValue:
    current.require("core.tenant.update")
    base = f"{home()}/settings"
    chosen = current.tenant.brand.get("hue", branding.DEFAULT_HUE)
    page = render(
        "branding.html",
        [(_("Settings"), base), (_("Branding"), "")],
        action=f"{base}/branding",
        hues=[
            {
                "hue": hue,
                "label": label,
                "fill": hex_of((branding.SOLID, branding.CHROMA, hue)),
                "chosen": hue == chosen,
            }
            for hue, label in branding.HUES.items()
        ],
        errors=error.errors if error else {},
    )
    return page, error.status if error else 200


@pages.post("/settings/branding")
def save(**_slug: str) -> ResponseReturnValue:
    current.require("core.tenant.update")
    try:
        if "hue" in request.form:
            typed = request.form["hue"]
            branding.choose_hue(int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else -1)
        upload = request.files.get("logo")
        if "remove_logo" in request.form:
            branding.remove_logo()
        elif upload is not None and upload.filename:
            branding.set_logo(upload.stream, upload.filename)
    except Invalid as error:
        current.session.rollback()
        return index(error)
    tell("ok", _("The looks of the business were saved."))
    return redirect(f"{home()}/settings/branding", 303)


@pages.get("/brand.css")
def stylesheet(**_slug: str) -> ResponseReturnValue:
    hue = current.tenant.brand.get("hue", branding.DEFAULT_HUE)
    answer = Response(ui.brand_stylesheet(hue, branding.CHROMA), mimetype="text/css")
    answer.headers["Cache-Control"] = FOR_EVER
    return answer


@pages.get("/brand/logo")
def logo(**_slug: str) -> ResponseReturnValue:
    brand = current.tenant.brand
    if not brand.get("logo"):
        raise NotFound(_("This business has no logo."))
    answer = send_file(files.path_of(UUID(brand["logo"])), mimetype=brand["logo_type"], download_name="logo")
    answer.headers["Cache-Control"] = FOR_EVER
    return answer
