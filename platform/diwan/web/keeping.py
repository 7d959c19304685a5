"""The button that keeps a closed business: an owner opens it again before it is erased.

It must answer anybody who is no member of it like any unknown address.
"""

from __future__ import annotations

from flask import Blueprint, Flask, redirect
from flask.typing import ResponseReturnValue

from diwan.leaving import closing
from diwan.web.context import signed_in, to_login

pages = Blueprint("keeping", __name__, url_prefix="/closed")


def register(app: Flask) -> None:
    """Bind the button."""
    app.register_blueprint(pages)


@pages.post("/<address>/keep")
def keep(address: str) -> ResponseReturnValue:
    me = signed_in()
    if me is None:
        return to_login()
    closing.keep(address, me.id)
    return redirect(f"/t/{address}", 303)
