"""Makes the part of the address that names a business, out of its name in any of the scripts that Diwan meets.

It must not ask the database whether a slug is free.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from diwan.kit.ids import digits
from diwan.kit.text import fold

LONGEST = 40
# Plain letters by sound, not a scholarly transliteration: a slug only has to be typed and recognised. `-` is silent.
SCRIPTS = {
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويپچژگڤے":
        "a b t th j h kh d th r z s sh s d t z a gh f q k l m n h w y p ch zh g v y",
    "абвгдежзийклмнопрстуфхцчшщъыьэюяєіїґ":
        "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh sch - y - e yu ya e i i g",
    "αβγδεζηθικλμνξοπρσςτυφχψω":
        "a v g d e z i th i k l m n x o p r s s t y f ch ps o",
}  # fmt: skip
TABLE = str.maketrans(
    {
        letter: latin.strip("-")
        for letters, sounds in SCRIPTS.items()
        for letter, latin in zip(letters, sounds.split(), strict=True)
    }
)
ARTICLE = re.compile(r"\bال(?=\w)")


def slug_of(name: str) -> str:
    """Return a slug: `شركة الأفق الأزرق` gives `shrka-al-afq-al-azrq`, `Müller & Söhne` gives `muller-sohne`."""
    text = ARTICLE.sub("ال ", re.sub("ة", "ا", name))
    latin = fold(text).translate(TABLE)
    slug = re.sub(r"[^a-z0-9]+", "-", latin).strip("-")
    return slug[:LONGEST].strip("-") or "business"


def candidates(name: str) -> Iterator[str]:
    """Return slugs to try, one after the other, for ever: the plain one, with 2 to 9, then with random digits."""
    slug = slug_of(name)
    yield slug
    for number in count(2):
        suffix = f"-{number}" if number < 10 else f"-{digits(6)}"
        yield slug[: LONGEST - len(suffix)].rstrip("-") + suffix
