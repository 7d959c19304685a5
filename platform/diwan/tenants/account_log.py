"""What a person does to their account, written into the log of each business that they work in.

It must hold no secrets, and leave the scope as it found it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from diwan import audit
from diwan.db import enter_tenant
from diwan.db.context import current, replace_scope
from diwan.tenants.service import actor_of, tenants_of
from diwan.users.models import User

ACCOUNT = "core.account"


def note(
    user_id: UUID, action: str, before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None
) -> None:
    """Record an act of a person on their own account in all their businesses, in this transaction."""
    user = current.session.get_one(User, user_id)
    # What was changed so far belongs to no business; it must be written before one is entered.
    current.session.flush()
    scope = current.scope
    try:
        # In the order of their ids, as everybody does who writes to several logs: nobody waits in a circle.
        for tenant in sorted(tenants_of(user_id), key=lambda tenant: tenant.id):
            enter_tenant(tenant)
            replace_scope(user=actor_of(user, ()))
            audit.record(action, ACCOUNT, user_id, user.name, before, after)
    finally:
        replace_scope(tenant=scope.tenant, user=scope.user)
    before_that = "''" if scope.tenant is None else f"'{scope.tenant.id:d}'"
    current.session.connection().exec_driver_sql(f"SET LOCAL app.tenant_id = {before_that}")
