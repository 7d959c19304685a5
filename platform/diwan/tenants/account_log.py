"""What a person does to their account, written into the log of each business that they work in.

It must hold no secrets, and leave the scope as it found it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from diwan import audit
from diwan.db.context import current, replace_scope
from diwan.tenants.service import actor_of
from diwan.users.models import User

ACCOUNT = "core.account"


def note(
    user_id: UUID, action: str, before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None
) -> None:
    """Record an act of a person on their own account in all their businesses, in this transaction.

    A link in a mail works without a login: it is the person who acts, all the same.
    """
    user, actor = current.session.get_one(User, user_id), current.scope.user
    replace_scope(user=actor_of(user, ()))
    try:
        audit.record_everywhere(user_id, audit.Entry(action, ACCOUNT, user_id, user.name, before, after))
    finally:
        replace_scope(user=actor)
