"""Finds out in which encoding a text file was written, by byte-order mark, by validity as UTF-8, or by its letters.

It must not decide for the person: the result is a guess that they can correct.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import BinaryIO

from diwan.kit.i18n import LazyText, _

CHUNK = 1 << 20
ENOUGH = 20_000  # words with non-ASCII bytes; more do not change the verdict

# What a person may choose, by Python codec.
ENCODINGS: dict[str, LazyText] = {
    "utf-8": _("Unicode (UTF-8)"),
    "utf-16": _("Unicode (UTF-16)"),
    "cp1256": _("Arabic (Windows-1256)"),
    "cp1252": _("Western European (Windows-1252)"),
    "cp1250": _("Central European (Windows-1250)"),
    "cp1254": _("Turkish (Windows-1254)"),
    "cp1251": _("Cyrillic (Windows-1251)"),
    "cp1253": _("Greek (Windows-1253)"),
    "cp1255": _("Hebrew (Windows-1255)"),
    "iso8859_6": _("Arabic (ISO 8859-6)"),
    "iso8859_15": _("Western European (ISO 8859-15)"),
    "iso8859_2": _("Central European (ISO 8859-2)"),
    "koi8_r": _("Cyrillic (KOI8-R)"),
    "mac_roman": _("Western European (old Macintosh)"),
    "gb18030": _("Chinese (GB 18030)"),
    "shift_jis": _("Japanese (Shift JIS)"),
    "euc_kr": _("Korean (EUC-KR)"),
}

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Alphabet:
    """A script as one-byte encodings carry it: its block, and the letters that make up most of its texts."""

    codecs: tuple[str, ...]
    first: str
    last: str
    common: frozenset[str]


def _letters(text: str) -> frozenset[str]:
    return frozenset(text + text.upper())


ALPHABETS = (
    Alphabet(("cp1256", "iso8859_6"), "\u0621", "\u06d2", frozenset("اليمنورتبةعدسفهكحقجأإشصطخىز")),
    Alphabet(("cp1252", "iso8859_15"), "\u00c0", "\u0178", _letters("éèêëàâäáãåæçñóòôöõøíìîïúùûüß")),
    Alphabet(("cp1250", "iso8859_2"), "\u00c0", "\u017e", _letters("ąćęłńóśźżáčďéěíňřšťúůýžőűöüäôľđ")),
    Alphabet(("cp1254",), "\u00c0", "\u017e", _letters("çğıöşüâî") | {"İ"}),
    Alphabet(("cp1251", "koi8_r"), "\u0401", "\u0491", _letters("оеаинтсрвлкмдпуяызьбгчй")),
    Alphabet(("cp1253",), "\u0386", "\u03ce", _letters("αοιετσνηυρπκμλςάόίέή")),
    Alphabet(("cp1255",), "\u05d0", "\u05ea", frozenset("יוהלאתרםמשבנדחפקעג")),
)

WORDS = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")
TYPOGRAPHY = frozenset("‘’“”„–—…•€£™©®°«»·ºª،؛؟\u00a0\u200c\u200d\u200e\u200f")


def detect(path: Path) -> str:
    """Return the Python codec that fits the file best. Reads the file once, in pieces."""
    with path.open("rb") as stream:
        head = stream.read(4096)
        for mark, codec in BOMS:
            if head.startswith(mark):
                return codec
        if unmarked := _unmarked_utf16(head):
            return unmarked
        stream.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        if all(_continues(decoder, chunk) for chunk in _chunks(stream)) and not decoder.getstate()[0]:
            return "utf-8"
        stream.seek(0)
        words = chain.from_iterable(WORDS.findall(chunk) for chunk in _chunks(stream))
        found = list(islice(words, ENOUGH))
    if sum(_is_utf8(word) for word in found) >= 0.9 * len(found):
        return "utf-8"  # a few damaged characters: the rows that hold them are reported
    return max(_candidates(), key=lambda candidate: _score(found, *candidate))[0]


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: stream.read(CHUNK), b"")


def _candidates() -> list[tuple[str, Alphabet]]:
    """All pairs of codec and alphabet, the most common first, because `max` keeps the first of equals."""
    pairs = [(codec, alphabet) for alphabet in ALPHABETS for codec in alphabet.codecs]
    return sorted(pairs, key=lambda pair: (pair[0] != "cp1252", list(ENCODINGS).index(pair[0])))


def _continues(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 without a mark shows zeros in every second place: delimiters and line ends have them in any script."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if len(head) >= 4 and odd * 10 > len(head) // 2 and even == 0:
        return "utf-16-le"
    if len(head) >= 4 and even * 10 > len(head) // 2 and odd == 0:
        return "utf-16-be"
    return None


def _score(words: list[bytes], codec: str, alphabet: Alphabet) -> float:
    """How well the words read as this alphabet in this codec: 1 is a text of its commonest letters only."""
    points, count = 0.0, 0
    for word in words:
        text = word.decode(codec, "replace")
        high = [c for c in text if c > "\x7f" and c not in TYPOGRAPHY]
        points += sum(_weigh(c, alphabet) for c in high) - _oddness(text, alphabet)
        count += len(high)
    return points / count if count else 0.0


def _weigh(character: str, alphabet: Alphabet) -> float:
    if character in alphabet.common:
        return 1.0
    if alphabet.first <= character <= alphabet.last and unicodedata.category(character)[0] in "LM":
        return 0.3
    if unicodedata.category(character)[0] in "LM":
        return -0.5
    return -3.0 if character == "\ufffd" or unicodedata.category(character) == "Cc" else -1.0


def _oddness(word: str, alphabet: Alphabet) -> float:
    """Points off for what words do not do: small letter before capital, two scripts, Latin accents in long runs."""
    if len(word) == 1:
        return float(word.isalpha())  # more likely a sign such as £ in another encoding
    latin = alphabet.first == "\u00c0"
    odd = sum(1.0 for a, b in pairwise(word) if a.islower() and b.isupper())
    if latin:
        runs = re.findall(r"[^\x00-\x7f]{3,}", word)
        odd += sum(len(run) - 2 for run in runs)
    elif re.search(r"[A-Za-z]", word):
        odd += sum(1.0 for c in word if c > "\x7f")
    return odd
