"""Whether an account may act as an operator now: the mark alone is not enough, a second factor belongs to it.

It must ask outside the page's transaction: an operator enters a business in the middle of opening its scope.
"""

from __future__ import annotations

from uuid import UUID

from flask import current_app

from diwan.config import Config
from diwan.db import current
from diwan.db.session import rollback
from diwan.operators import accounts
from diwan.users.factors import factors_of


def may_operate(user_id: UUID) -> bool:
    """Return whether this account is an operator with a second factor, or one that needs none here."""
    return accounts.is_operator(user_id) and has_second_factor(user_id)


def has_second_factor(user_id: UUID) -> bool:
    """Return whether a password alone does not open this account, or need not (DIWAN_OPERATOR_WITHOUT_2FA)."""
    config: Config = current_app.config["DIWAN"]
    if config.operator_without_2fa:
        return True
    try:
        return bool(factors_of(user_id))
    finally:
        rollback(current.session)  # the tenant of this request is not open yet: it begins a transaction of its own
