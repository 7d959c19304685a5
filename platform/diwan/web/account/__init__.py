"""One's own account, outside any business: profile, security, sessions.

It must show and change only what belongs to the person who is signed in.
"""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Bind the pages."""
    from diwan.web.account import business, confirm, email, factors, profile, security, sessions

    for part in (profile, security, sessions, email, business, confirm, factors):
        app.register_blueprint(part.pages)
