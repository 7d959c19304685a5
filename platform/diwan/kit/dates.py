"""How the person who reads wants days and digits: Gregorian, Hijri (Umm al-Qura) or both; Latin or Arabic-Indic.

It must not know requests or accounts: the edge calls `set_manner`, as it does for the language.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from hijridate import Gregorian, Hijri

CALENDARS = ("gregorian", "hijri", "both")
DIGITS = ("latn", "arab")
ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
ARABIC_NUMBER = str.maketrans("0123456789,.", "٠١٢٣٤٥٦٧٨٩٬٫")


@dataclass(frozen=True, slots=True)
class Manner:
    """One person's way to read: the calendar of days and the digits of numbers."""

    calendar: str = "gregorian"
    digits: str = "latn"


PLAIN = Manner()
_manner: ContextVar[Manner] = ContextVar("manner", default=PLAIN)


def manner() -> Manner:
    """Return how the person who reads now wants days and digits."""
    return _manner.get()


def set_manner(preferences: Mapping[str, Any]) -> Token[Manner]:
    """Take calendar and digits from a person's preferences; what is unknown stays plain."""
    calendar, digits = preferences.get("calendar"), preferences.get("digits")
    if calendar in (None, "gregorian") and digits in (None, "latn"):
        return _manner.set(PLAIN)
    return _manner.set(
        Manner(
            calendar if calendar in CALENDARS else PLAIN.calendar,
            digits if digits in DIGITS else PLAIN.digits,
        )
    )


def reset_manner(token: Token[Manner]) -> None:
    """Undo one `set_manner`."""
    _manner.reset(token)


def hijri(day: date) -> Hijri | None:
    """Return a day in the Umm al-Qura calendar, or None outside its tables (1343 to 1500 AH)."""
    try:
        return Gregorian.fromdate(day).to_hijri()
    except OverflowError:
        return None


def hijri_text(day: date, language: str) -> str:
    """Return a day such as 14 Jumada al-Akhirah 1448 AH, or an empty text outside the tables."""
    found = hijri(day)
    if found is None:
        return ""
    spoken: Literal["ar", "en"] = "ar" if language == "ar" else "en"
    return f"{found.day} {found.month_name(spoken)} {found.year} {found.notation(spoken)}"


def with_digits(text: str) -> str:
    """Return a text of days and times in the reader's digits."""
    return text.translate(ARABIC_DIGITS) if _manner.get().digits == "arab" else text


def number_digits(text: str) -> str:
    """Return a number in the reader's digits, with the separators that go with them."""
    return text.translate(ARABIC_NUMBER) if _manner.get().digits == "arab" else text
