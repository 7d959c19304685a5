"""Challenges of passkeys: made here, kept in the session, good for one answer and five minutes.

It must take the name of this site from the settings, never from the request.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

from flask import Response, current_app

from diwan.db.base import now
from diwan.errors import Refuse
from diwan.kit.i18n import _
from diwan.users.factors.passkeys import Site, site_of
from diwan.web.context import server_session

KEY = "ceremony"
LIFE = 5 * 60


def is_possible() -> bool:
    """Return whether browsers allow passkeys at this site's address."""
    return site_of(current_app.config["DIWAN"].base_url) is not None


def site() -> Site:
    """Return who asks for passkeys. Raises Refuse where there can be none."""
    found = site_of(current_app.config["DIWAN"].base_url)
    if found is None:
        raise Refuse(_("Passkeys need an address with https and a name. Ask whoever runs this Diwan."))
    return found


def begin(purpose: str, options: str, challenge: bytes) -> Response:
    """Keep the challenge for one answer and send the browser what it needs."""
    server_session()[KEY] = {
        "for": purpose,
        "challenge": b64encode(challenge).decode(),
        "until": now().timestamp() + LIFE,
    }
    return Response(options, mimetype="application/json", headers={"Cache-Control": "no-store"})


def end(purpose: str) -> bytes:
    """Return the challenge, which is forgotten whatever comes of it. Raises Refuse."""
    kept = server_session().pop(KEY, None)
    if not isinstance(kept, dict) or kept["for"] != purpose or kept["until"] < now().timestamp():
        raise Refuse(_("This took too long, or your browser does not know passkeys. Please try again."))
    return b64decode(kept["challenge"])
