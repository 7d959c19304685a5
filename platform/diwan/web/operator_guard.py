"""Whether this browser may act as an operator: the mark of the account is not enough, a second factor belongs to it.

It must ask nothing of the page's transaction: an operator enters a business before its scope is open.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import current_app, request

from diwan.config import Config
from diwan.users.factors import PROVEN
from diwan.web.sessions import ServerSession


def has_proven(mine: ServerSession) -> bool:
    """Return whether this session took a second factor, or need not have (DIWAN_OPERATOR_WITHOUT_2FA)."""
    config: Config = current_app.config["DIWAN"]
    return config.operator_without_2fa or bool(mine.get(PROVEN))


def to_prove() -> str:
    """Return where an operator proves the second factor, or sets one up, and comes back from."""
    return f"/account/second-step?{urlencode({'next': request.path})}"
