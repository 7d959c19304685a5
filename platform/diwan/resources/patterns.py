"""The pattern of a number, such as "L-{year}-{n:04}": what may stand in it, and how a number looks.

It must not draw numbers.
"""

from __future__ import annotations

import re
from datetime import datetime
from string import Formatter

WIDTH = re.compile(r"0?[1-9]|")
PLACES = ("year", "month", "day", "n")
LONGEST = 60


def check_pattern(pattern: str) -> str | None:
    """Return what is wrong with a pattern such as "L-{year}-{n:04}", or None."""
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError:
        return f"{pattern!r} has a brace too many or too few"
    names = [name for _literal, name, _width, _conversion in parts if name is not None]
    if "n" not in names or set(names) - set(PLACES):
        return f"{pattern!r} needs {{n}} and may have {{year}}, {{month}} and {{day}}"
    if "day" in names and not {"year", "month"} <= set(names):
        return f"{pattern!r} has {{day}} without {{year}} and {{month}}"
    if "month" in names and "year" not in names:
        return f"{pattern!r} has {{month}} without {{year}}"
    if any(conversion or not WIDTH.fullmatch(width or "") for _l, name, width, conversion in parts if name):
        return f"{pattern!r}: write how many digits as in {{n:04}}"
    return None if len(pattern) <= LONGEST else f"{pattern!r} is longer than {LONGEST} characters"


def shape(pattern: str, number: int, moment: datetime) -> str:
    """Return a number as a pattern shows it."""
    return pattern.format(n=number, year=moment.year, month=f"{moment.month:02}", day=f"{moment.day:02}")


def period(pattern: str, moment: datetime) -> str:
    """The span within which numbers go up, after which they begin anew: a day, a month, a year or forever."""
    form = "%Y-%m-%d" if "{day" in pattern else "%Y-%m" if "{month" in pattern else "%Y" if "{year" in pattern else ""
    return moment.strftime(form)
