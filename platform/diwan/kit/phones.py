"""Phone numbers as people write them: E.164 where the number is real, the text as typed where it is not.

It must not refuse anything: whether a number has to be real is the field's business.
"""

from __future__ import annotations

from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from diwan.kit.text import INVISIBLE, SPACES

DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number: `e164` when it is one ("+4930901820"), `text` always (as typed, without invisible characters)."""

    text: str
    e164: str | None = None

    @property
    def stored(self) -> str:
        """What to keep: E.164 if known, otherwise the text, so that nothing typed is lost."""
        return self.e164 or self.text


def read_phone(text: str, country: str | None = None) -> Phone:
    """Read a number; `country` (alpha-2) is where a number without +prefix would be dialled."""
    typed = SPACES.sub(" ", INVISIBLE.sub("", text)).strip()
    number = _parse(typed, country)
    if number is None or number.extension or not phonenumbers.is_valid_number(number):
        return Phone(typed)  # E.164 has no place for an extension
    return Phone(typed, phonenumbers.format_number(number, PhoneNumberFormat.E164))


def show_phone(stored: str, country: str | None = None) -> str:
    """Return the number grouped for reading: nationally in its own country, internationally elsewhere."""
    number = _parse(stored, None) if stored.startswith("+") else None
    if number is None:
        return stored
    at_home = country is not None and phonenumbers.region_code_for_number(number) == country
    form = PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)


def looks_like_phone(text: str) -> bool:
    """Return whether the text has the shape of a number: 6 to 15 digits among dialling characters, any country."""
    typed = INVISIBLE.sub("", text).translate(DIGITS).strip()
    digits = sum(c.isdigit() for c in typed)
    return 6 <= digits <= 15 and all(c.isdigit() or c in " +-./()" for c in typed)


def _parse(typed: str, country: str | None) -> phonenumbers.PhoneNumber | None:
    digits = typed.translate(DIGITS)
    if not 3 <= len(digits) <= 40:
        return None
    if digits.startswith("00") and country:
        digits = "+" + digits[2:]
    try:
        return phonenumbers.parse(digits, country)
    except NumberParseException:
        return None
