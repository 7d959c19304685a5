"""The addresses that machines know by heart: security.txt (RFC 9116), robots.txt, where to change a password.

It must tell nothing but what the operator set; nothing here needs a session.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Flask, Response, current_app, redirect
from flask.typing import ResponseReturnValue

from diwan.config import Config
from diwan.db.base import now
from diwan.errors import NotFound
from diwan.kit.i18n import LANGUAGES, _

pages = Blueprint("well_known", __name__)
VALID = timedelta(days=180)
"""How long the answer says that it holds; it is made anew each day, as long as this server runs."""
DAY = 24 * 3600
ROBOTS = "User-agent: *\nDisallow: /\n"


def register(app: Flask) -> None:
    """Add the addresses."""
    app.register_blueprint(pages)


@pages.get("/.well-known/security.txt")
def security() -> Response:
    """Tell whom to write to about a hole. NotFound where the operator named nobody."""
    config: Config = current_app.config["DIWAN"]
    if not config.security_contact:
        raise NotFound(_("There is nothing at this address. It may have moved, or you may lack access to it."))
    ends = (now() + VALID).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        *(f"Contact: {contact}" for contact in config.security_contact.split(",")),
        f"Expires: {ends.isoformat().replace('+00:00', 'Z')}",
        f"Preferred-Languages: {', '.join(LANGUAGES)}",
        f"Canonical: {config.base_url.rstrip('/')}/.well-known/security.txt",
    ]
    return _text("\n".join(lines) + "\n")


@pages.get("/robots.txt")
def robots() -> Response:
    return _text(ROBOTS)


@pages.get("/.well-known/change-password")
def change_password() -> ResponseReturnValue:
    return redirect("/account/security", 302)


def _text(body: str) -> Response:
    response = Response(body, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={DAY}"
    return response
