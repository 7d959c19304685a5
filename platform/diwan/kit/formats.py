"""How values are written for people: numbers, dates, times, countries and money, in the current language.

Latin digits in both languages, as businesses write them; it must not know fields or records.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal
from hijridate import Gregorian

from diwan.kit.i18n import language, listed, locale

NO_COUNTRY = {"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO"}
ARABIC_MARKS = str.maketrans("", "", "\u200e\u200f\u061c")


def number(value: int | Decimal) -> str:
    """Return a number with its groups: 1,234.50."""
    return format_decimal(value, locale="en", decimal_quantization=False)


def money(amount: Decimal, currency: str) -> str:
    """Return an amount with its ISO 4217 currency, at the currency's own number of decimals."""
    return format_currency(amount, currency, locale="en", format="#,##0.00 ¤¤", currency_digits=True)


def day(value: date) -> str:
    """Return a date such as 24 Nov 2026."""
    return format_date(value, "d MMM y", locale=locale()).translate(ARABIC_MARKS)


def moment(value: datetime, timezone: str = "UTC") -> str:
    """Return a date and time in a time zone."""
    local = value.astimezone(ZoneInfo(timezone))
    return listed((day(local), format_datetime(local, "HH:mm", locale=locale())))


def both_calendars(value: datetime, timezone: str = "UTC") -> str:
    """Return the day in full, in the Gregorian and the Hijri (Umm al-Qura) calendar."""
    local = value.astimezone(ZoneInfo(timezone)).date()
    gregorian = listed(format_date(local, pattern, locale=locale()) for pattern in ("EEEE", "d MMMM y"))
    gregorian = gregorian.translate(ARABIC_MARKS)
    try:
        hijri = Gregorian.fromdate(local).to_hijri()
    except OverflowError:  # the tables end at 1500 AH
        return gregorian
    spoken: Literal["ar", "en"] = "ar" if locale().language == "ar" else "en"
    return f"{gregorian} · {hijri.day} {hijri.month_name(spoken)} {hijri.year} {hijri.notation(spoken)}"


def ago(value: datetime, now: datetime) -> str:
    """Return how long ago something was: 5 minutes ago."""
    return format_timedelta(value - now, add_direction=True, locale=locale())


def country(code: str) -> str:
    """Return the name of an ISO 3166-1 alpha-2 country in the current language."""
    return _territories(language()).get(code, code)


def countries() -> list[tuple[str, str]]:
    """Return (code, name) of all countries, sorted by name."""
    return sorted(_territories(language()).items(), key=lambda item: item[1])


@lru_cache(maxsize=4)
def _territories(code: str) -> dict[str, str]:
    names = locale(code).territories
    return {key: name for key, name in names.items() if len(key) == 2 and key.isalpha() and key not in NO_COUNTRY}
