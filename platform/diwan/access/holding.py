"""What a member holds: the grants of their roles today, read once and kept until roles of the business change.

It must never answer with what was: whoever asks names the number that `core.tenant.rights` has now.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from diwan.db.context import Tenant
from diwan.db.direct import fetch_row


def grants_held(tenant: Tenant, membership_id: UUID, rights: int, moment: datetime) -> tuple[str, ...]:
    """Return the grants of a member. `rights` comes with the session or token that is opened."""
    return _grants(tenant.id, membership_id, rights, moment.astimezone(ZoneInfo(tenant.timezone)).date())


@lru_cache(maxsize=20_000)
def _grants(tenant_id: int, membership_id: UUID, rights: int, day: date) -> tuple[str, ...]:
    row = fetch_row("SELECT core.grants_of(%s, %s, %s) AS grants", (tenant_id, membership_id, day))
    return tuple(row.grants)
