"""Pages without a business: sign-up, login, reset, invitation, choice of business, preferences.

They must answer the same whether an address has an account or not, and redirect only within this site.
"""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Bind the pages."""
    from diwan.web.auth import businesses, invitation, login, preferences, reset, second, signup

    for part in (signup, login, second, reset, invitation, businesses, preferences):
        app.register_blueprint(part.pages)
