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
TABLE = str.maketrans({**ARABIC, **LATIN})
INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
WORD = re.compile(r"\w+")
SPACES = re.compile(r"\s+")


def fold(text: str) -> str:
    """Return `text` for comparison: case, accents, Arabic diacritics and letter variants no longer differ."""
    if text.isascii():
        return SPACES.sub(" ", text.lower()).strip()
    text = unicodedata.normalize("NFKD", INVISIBLE.sub("", text).casefold().translate(TABLE))
    text = "".join(c for c in text if not unicodedata.combining(c)).translate(TABLE)
    return SPACES.sub(" ", "".join(_digit(c) for c in text)).strip()


def words(text: str) -> list[str]:
    """Return the folded words of `text`, in order and without repeats."""
    return list(dict.fromkeys(WORD.findall(fold(text))))


def clean(text: str) -> str:
    """Return typed text without control characters (line breaks and tabs stay) and outer space."""
    if text.isprintable():
        return text.strip()
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs")).strip()


def _digit(character: str) -> str:
    if character.isascii() or not character.isdecimal():
        return character
    return str(unicodedata.decimal(character))
