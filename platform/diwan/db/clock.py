"""What day it is where the business is.

It must not be asked of the server's own time zone.
"""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from diwan.db.base import now
from diwan.db.context import current


def today() -> date:
    """Return the day in the time zone of the business; in UTC outside of any."""
    tenant = current.tenant_or_none
    return now().astimezone(ZoneInfo(tenant.timezone if tenant else "UTC")).date()
