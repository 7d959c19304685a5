"""Folding of text for search and comparison, in Latin and Arabic script.

It must not change what people typed: callers store the original beside the folded form.
"""

from __future__ import annotations

import re
import unicodedata

# Letters that Arabic writers use for one another, and Arabic-Indic digits.
ARABIC = {
    **dict.fromkeys("أإآٱ", "ا"),
    **dict.fromkeys("ىئیې", "ي"),
    "ؤ": "و",
    "ة": "ه",
    "ک": "ك",
    "ء": None,
    "ـ": None,
}
LATIN = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
WORD = re.compile(r"\w+")
SPACES = re.compile(r"\s+")


class _Folded(dict[int, str | None]):
    """What each character becomes, worked out when it is first met: `str.translate` then asks no Python function."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        folded: str | None = character
        if unicodedata.combining(character) or INVISIBLE.match(character):
            folded = None
        elif character in LETTERS:
            folded = LETTERS[character]
        elif character.isdecimal():
            folded = str(unicodedata.decimal(character))
        if code < 0x20000:  # rarer ones are not worth the memory
            self[code] = folded
        return folded


LETTERS: dict[str, str | None] = {**ARABIC, **LATIN}
FOLDED = _Folded()


def fold(text: str) -> str:
    """Return `text` for comparison: case, accents, Arabic diacritics and letter variants no longer differ."""
    if text.isascii():
        return SPACES.sub(" ", text.lower()).strip()
    return SPACES.sub(" ", unicodedata.normalize("NFKD", text.casefold()).translate(FOLDED)).strip()


def words(text: str) -> list[str]:
    """Return the folded words of `text`, in order and without repeats."""
    return list(dict.fromkeys(WORD.findall(fold(text))))


def clean(text: str) -> str:
    """Return typed text without control characters (line breaks and tabs stay) and outer space."""
    if text.isprintable():
        return text.strip()
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs")).strip()
