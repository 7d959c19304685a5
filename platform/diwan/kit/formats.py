"""How values are written for people: numbers, dates, times, countries and money, in the current language.

Calendar and digits are those that the reader chose (kit.dates); it must not know fields or records.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal, get_territory_currencies

from diwan.kit import dates
from diwan.kit.i18n import _, language, listed, locale

NO_COUNTRY = {"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO"}
ARABIC_MARKS = str.maketrans("", "", "\u200e\u200f\u061c")


def number(value: int | Decimal) -> str:
    """Return a number with its groups: 1,234.50."""
    return dates.number_digits(format_decimal(value, locale="en", decimal_quantization=False))


def money(amount: Decimal, currency: str) -> str:
    """Return an amount with its ISO 4217 currency, at the currency's own number of decimals."""
    written = format_currency(amount, currency, locale="en", format="#,##0.00 ¤¤", currency_digits=True)
    return dates.number_digits(written)


def amount(value: Decimal, currency: str) -> str:
    """Return an amount without its currency, at the currency's own number of decimals: 1,234.500."""
    return format_currency(value, currency, locale="en", format="#,##0.00", currency_digits=True)


def day(value: date) -> str:
    """Return a date such as 24 Nov 2026, in the reader's calendar or in both."""
    calendar = dates.manner().calendar
    hijri = dates.hijri_text(value, locale().language) if calendar != "gregorian" else ""
    if hijri and calendar == "hijri":
        return dates.with_digits(hijri)
    gregorian = format_date(value, "d MMM y", locale=locale()).translate(ARABIC_MARKS)
    return dates.with_digits(f"{gregorian} · {hijri}" if hijri else gregorian)


def span(value: date, unit: str) -> str:
    """Return the name of the day, week, month, quarter or year that begins on a day."""
    if unit == "day":
        return day(value)
    if unit == "week":
        return str(_("Week of %(day)s", day=day(value)))
    pattern = {"month": "MMM y", "quarter": "QQQ y", "year": "y"}[unit]
    return dates.with_digits(format_date(value, pattern, locale=locale()).translate(ARABIC_MARKS))


def moment(value: datetime, timezone: str = "UTC") -> str:
    """Return a date and time in a time zone."""
    local = value.astimezone(ZoneInfo(timezone))
    return listed((day(local), dates.with_digits(format_datetime(local, "HH:mm", locale=locale()))))


def both_calendars(value: datetime, timezone: str = "UTC") -> str:
    """Return the day in full, in the Gregorian and the Hijri (Umm al-Qura) calendar."""
    local = value.astimezone(ZoneInfo(timezone)).date()
    gregorian = listed(format_date(local, pattern, locale=locale()) for pattern in ("EEEE", "d MMMM y"))
    gregorian = gregorian.translate(ARABIC_MARKS)
    hijri = dates.hijri_text(local, locale().language)
    return dates.with_digits(f"{gregorian} · {hijri}" if hijri else gregorian)


def ago(value: datetime, now: datetime) -> str:
    """Return how long ago something was: 5 minutes ago."""
    return dates.with_digits(format_timedelta(value - now, add_direction=True, locale=locale()))


def country(code: str) -> str:
    """Return the name of an ISO 3166-1 alpha-2 country in the current language."""
    return _territories(language()).get(code, code)


def countries() -> list[tuple[str, str]]:
    """Return (code, name) of all countries, sorted by name."""
    return sorted(_territories(language()).items(), key=lambda item: item[1])


def currencies() -> list[tuple[str, str]]:
    """Return (code, name) of the currencies in use today, sorted by code."""
    return list(_currencies(language()))


@lru_cache(maxsize=4)
def _currencies(code: str) -> tuple[tuple[str, str], ...]:
    names = locale(code).currencies
    today = {c for country in _territories("en") for c in get_territory_currencies(country)}
    return tuple((c, names.get(c, c)) for c in sorted(today))


@lru_cache(maxsize=4)
def _territories(code: str) -> dict[str, str]:
    names = locale(code).territories
    return {key: name for key, name in names.items() if len(key) == 2 and key.isalpha() and key not in NO_COUNTRY}
