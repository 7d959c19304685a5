"""Kinds of time: days, moments and lengths of time.

It must not know a time zone: moments without one are UTC here, and the screens convert.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from diwan.db.columns import Seconds
from diwan.kit.i18n import _
from diwan.resources.kinds.kind import DATE_OPERATORS, ORDER_OPERATORS, Kind
from diwan.resources.kinds.numbers import DIGITS, check_bounds

if TYPE_CHECKING:
    from diwan.resources.fields import Field

LONGEST_SPAN = timedelta(days=366 * 1000)
CLOCK = re.compile(r"(-?)(\d{1,7}):([0-5]\d)(?::([0-5]\d))?")
ISO = re.compile(r"(-?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?", re.IGNORECASE)
UNITS = {
    "d": 86400, "day": 86400, "days": 86400, "يوم": 86400, "أيام": 86400, "ي": 86400,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "ساعة": 3600, "ساعات": 3600, "س": 3600,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "دقيقة": 60, "دقائق": 60, "د": 60,
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "ثانية": 1, "ثوان": 1, "ث": 1,
    "w": 604800, "week": 604800, "weeks": 604800, "أسبوع": 604800, "أسابيع": 604800,
}  # fmt: skip
PART = re.compile(r"(\d+(?:\.\d+)?)\s*([^\W\d_]+)")


def _date(field: Field, raw: Any) -> date | None:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    text = str(raw).translate(DIGITS).strip()
    if not text:
        return None
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise ValueError(_("Enter a date as YYYY-MM-DD."))


def _datetime(field: Field, raw: Any) -> datetime | None:
    if isinstance(raw, datetime):
        return raw if raw.tzinfo else raw.replace(tzinfo=UTC)
    text = str(raw).strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(_("Enter a date and time as YYYY-MM-DD HH:MM.")) from None


def _duration(field: Field, raw: Any) -> timedelta | None:
    if isinstance(raw, timedelta):
        span: timedelta | None = raw - raw % timedelta(seconds=1)
    elif isinstance(raw, str):
        text = raw.translate(DIGITS).strip()
        if not text:
            return None
        span = read_span(text)
    else:
        span = None
    if span is None or abs(span) > LONGEST_SPAN:
        raise ValueError(_("Enter a length of time, like 1:30 or 90m."))
    check_bounds(field, span)
    return span


def read_span(text: str) -> timedelta | None:
    """Return the length of time of "1:30" (hours and minutes), "90m", "1h 30m" or ISO 8601; None if it is none."""
    try:
        if found := CLOCK.fullmatch(text):
            span = timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4] or 0))
            return -span if found[1] else span
        if (found := ISO.fullmatch(text)) and any(found.groups()[1:]):
            weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
            span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
            return -span if found[1] else span
        parts = PART.findall(text.lower())
        if parts and not PART.sub("", text.lower()).strip(" ,،و") and all(unit in UNITS for _n, unit in parts):
            return timedelta(seconds=int(sum(float(number) * UNITS[unit] for number, unit in parts)))
    except OverflowError:
        pass
    return None


def clock_span(span: timedelta) -> str:
    """Return a length of time as hours and minutes, 1:30, and seconds where there are some."""
    seconds = abs(span) // timedelta(seconds=1)
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return ("-" if span < timedelta(0) else "") + f"{hours}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


TIMES = (
    Kind("date", _date, {"type": "string", "format": "date"}, DATE_OPERATORS, load=date.fromisoformat),
    Kind("datetime", _datetime, {"type": "string", "format": "date-time"}, DATE_OPERATORS,
         load=datetime.fromisoformat),
    Kind("duration", _duration, {"type": "string", "format": "duration"}, ORDER_OPERATORS, column=Seconds(),
         load=read_span),
)  # fmt: skip
