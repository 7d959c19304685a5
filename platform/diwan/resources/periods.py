"""Days that move with the calendar: "today", "this month", "last 7 days" as a first day and the day after the last.

It must not read a clock or the database: the filter says which day it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from diwan.kit.i18n import _

Span = tuple[date, date]

PERIODS = {
    "today": _("today"),
    "yesterday": _("yesterday"),
    "tomorrow": _("tomorrow"),
    "this_week": _("this week"),
    "last_week": _("last week"),
    "next_week": _("next week"),
    "this_month": _("this month"),
    "last_month": _("last month"),
    "next_month": _("next month"),
    "this_quarter": _("this quarter"),
    "last_quarter": _("last quarter"),
    "this_year": _("this year"),
    "last_year": _("last year"),
    "last_7_days": _("the last 7 days"),
    "last_30_days": _("the last 30 days"),
    "last_90_days": _("the last 90 days"),
    "next_7_days": _("the next 7 days"),
    "next_30_days": _("the next 30 days"),
    "past": _("the past"),
    "future": _("the future"),
}


def span(name: str, today: date, first_weekday: int = 0) -> Span:
    """Return the first day of a period and the day after its last. `first_weekday` is 0 for Monday.

    Raises KeyError for a period that does not exist.
    """
    if name not in PERIODS:
        raise KeyError(name)
    if name == "past":
        return date.min, today
    if name == "future":
        return today + timedelta(1), date.max
    which, *rest = name.split("_")
    if len(rest) == 2:
        days = int(rest[0])
        if which == "last":
            return today - timedelta(days - 1), today + timedelta(1)
        return today + timedelta(1), today + timedelta(days + 1)
    step = {"this": 0, "last": -1, "next": 1, "today": 0, "yesterday": -1, "tomorrow": 1}[which]
    make = UNITS[rest[0] if rest else "day"]
    return make(today, step, first_weekday)


@lru_cache(maxsize=300)
def first_weekday(country: str) -> int:
    """Return the first day of the week in a country, 0 for Monday."""
    try:
        return int(Locale.parse(f"und_{country.upper()}").first_week_day)
    except (UnknownLocaleError, ValueError):
        return 0


def month_start(day: date, months: int = 0) -> date:
    """Return the first day of the month so many months later."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _day(today: date, step: int, _first: int) -> Span:
    day = today + timedelta(step)
    return day, day + timedelta(1)


def _week(today: date, step: int, first: int) -> Span:
    start = today - timedelta((today.weekday() - first) % 7) + timedelta(7 * step)
    return start, start + timedelta(7)


def _month(today: date, step: int, _first: int) -> Span:
    return month_start(today, step), month_start(today, step + 1)


def _quarter(today: date, step: int, _first: int) -> Span:
    start = month_start(today, -((today.month - 1) % 3) + 3 * step)
    return start, month_start(start, 3)


def _year(today: date, step: int, _first: int) -> Span:
    return date(today.year + step, 1, 1), date(today.year + step + 1, 1, 1)


UNITS: dict[str, Callable[[date, int, int], Span]] = {
    "day": _day, "week": _week, "month": _month, "quarter": _quarter, "year": _year
}  # fmt: skip
