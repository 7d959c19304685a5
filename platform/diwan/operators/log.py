"""The log of what operators did. Entries are only ever added.

It must hold no tenant's data: an action, the business it concerned, and facts such as a level or a job's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from diwan.db.context import current
from diwan.operators.models import OperatorEntry
from diwan.tenants.models import Tenant

PAGE = 50


def note(action: str, *, name: str, operator_id: UUID | None, business_id: int | None = None, **details: Any) -> None:
    """Add an entry in this transaction."""
    entry = OperatorEntry(
        operator_id=operator_id, operator_name=name, action=action, business_id=business_id, details=details
    )
    current.session.add(entry)
    current.session.flush()


def entries(
    *, business_id: int | None = None, before: UUID | None = None, limit: int = PAGE
) -> Sequence[tuple[OperatorEntry, str | None]]:
    """Return entries with the present names of their businesses, newest first; one more than `limit` if there are."""
    statement = (
        select(OperatorEntry, Tenant.name)
        .outerjoin(Tenant, Tenant.id == OperatorEntry.business_id)
        .order_by(OperatorEntry.id.desc())
        .limit(limit + 1)
    )
    if business_id is not None:
        statement = statement.where(OperatorEntry.business_id == business_id)
    if before is not None:
        statement = statement.where(OperatorEntry.id < before)
    return [(row[0], row[1]) for row in current.session.execute(statement)]
