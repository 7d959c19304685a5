"""What a person does to their account, written into the log of each business that they work in.

It must write no secrets, and leave the scope as it found it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update

from diwan import audit
from diwan.db import enter_tenant
from diwan.db.base import now
from diwan.db.context import current, replace_scope
from diwan.db.engine import tenant_setting
from diwan.tenants.service import actor_of, tenants_of
from diwan.users.models import ApiToken, User

ACCOUNT = "core.account"
NO_TENANT = "SET LOCAL app.tenant_id = ''"


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


def end_tokens(user_id: UUID, since: datetime) -> int:
    """Revoke the API tokens that were made in a person's name since then, in all their businesses; return how many."""
    user, before, ended = current.session.get_one(User, user_id), current.scope, 0
    current.session.flush()
    try:
        for tenant in sorted(tenants_of(user_id), key=lambda tenant: tenant.id):
            enter_tenant(tenant)
            replace_scope(user=actor_of(user, ()))
            statement = (
                update(ApiToken)
                .where(ApiToken.user_id == user_id, ApiToken.created_at >= since, ApiToken.revoked_at.is_(None))
                .values(revoked_at=now())
                .returning(ApiToken.id, ApiToken.name)
            )
            revoked = current.session.execute(statement).all()
            audit.record_many(audit.Entry("revoked", "core.api_token", id, name) for id, name in revoked)
            ended += len(revoked)
    finally:
        replace_scope(tenant=before.tenant, user=before.user)
    opened = before.tenant.id if before.tenant else None
    current.session.connection().exec_driver_sql(tenant_setting(opened) if opened else NO_TENANT)
    return ended
