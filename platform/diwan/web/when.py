"""Moments that people type into forms, in the time zone of the business.

It must not guess: what is no date is refused at its field.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from diwan.db import current
from diwan.db.base import now
from diwan.errors import Invalid
from diwan.kit.i18n import _

END_OF_DAY = time(23, 59)


def moment_of(text: str, name: str) -> datetime | None:
    """Return the moment of "2026-11-24" (its end) or "2026-11-24T10:30", None for nothing. Raises Invalid."""
    if not text.strip():
        return None
    try:
        local = datetime.fromisoformat(text.strip())
        if len(text.strip()) <= 10:
            local = datetime.combine(local.date(), END_OF_DAY)
        return local.replace(tzinfo=ZoneInfo(current.tenant.timezone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid({name: _("This is not a date.")}) from None


def today_ends() -> datetime:
    """Return when today ends in the business."""
    local = now().astimezone(ZoneInfo(current.tenant.timezone))
    return datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo).astimezone(UTC)


def in_days(number: int) -> datetime:
    """Return the end of the day so many days from today."""
    return today_ends() + timedelta(days=number, minutes=-1)
