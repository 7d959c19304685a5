"""Languages: lazy texts from one catalogue per domain, evaluated in the language of whoever reads.

It must not know requests or users; the edge calls `set_language`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar, Token
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.support import NullTranslations, Translations

LANGUAGES = {"en": "English", "ar": "العربية"}
RIGHT_TO_LEFT = {"ar"}
CORE = Path(__file__).resolve().parent.parent / "translations"

_language: ContextVar[str] = ContextVar("language", default="en")
_folders: dict[str, Path] = {"diwan": CORE}
_invented: dict[str, NullTranslations] = {}
"""Languages that only tests speak, with one catalogue for all domains (see diwan.testing.texts).

Dates and countries are Arabic in them: what is left in Latin letters is then a text that nobody translates.
"""


def language() -> str:
    """Return the code of the current language."""
    return _language.get()


def set_language(code: str) -> Token[str]:
    """Make `code` the current language if Diwan speaks it; otherwise English."""
    return _language.set(code if code in LANGUAGES else "en")


def reset_language(token: Token[str]) -> None:
    """Undo one `set_language`."""
    _language.reset(token)


def best(wanted: Iterable[str]) -> str:
    """Return the first of the wanted languages ("en-GB", "ar"), best first, that Diwan speaks; English if none."""
    spoken = (code.replace("_", "-").partition("-")[0].lower() for code in wanted)
    return next((code for code in spoken if code in LANGUAGES), "en")


def direction(code: str | None = None) -> str:
    """Return "rtl" or "ltr" for the language."""
    return "rtl" if (code or language()) in RIGHT_TO_LEFT else "ltr"


def listed(items: Iterable[object]) -> str:
    """Return several texts as one, with the commas of the language between them."""
    return ("، " if direction() == "rtl" else ", ").join(str(item) for item in items)


def locale(code: str | None = None) -> Locale:
    """Return Babel's locale for the language."""
    code = code or language()
    return Locale.parse("ar" if code in _invented else code)


class LazyText:
    """A text that is translated when it is shown. `%` with a dictionary fills its named places."""

    __slots__ = ("domain", "text", "values")

    def __init__(self, domain: str, text: str, values: dict[str, Any] | None = None) -> None:
        self.domain, self.text, self.values = domain, text, values

    def __str__(self) -> str:
        translated = catalogue(self.domain, language()).gettext(self.text)
        return translated % self.values if self.values else translated

    def __html__(self) -> str:
        from html import escape

        return escape(str(self))

    def __mod__(self, values: dict[str, Any]) -> LazyText:
        return LazyText(self.domain, self.text, values)

    def __repr__(self) -> str:
        return f"LazyText({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(self.text)

    def __lt__(self, other: object) -> bool:
        return str(self) < str(other)

    def __bool__(self) -> bool:
        return bool(self.text)


def domain(name: str, folder: Path) -> Callable[..., LazyText]:
    """Register a catalogue folder (`<folder>/<language>/LC_MESSAGES/<name>.mo`); return its lazy gettext."""
    _folders[name] = folder

    def gettext(text: str, /, **values: Any) -> LazyText:
        return LazyText(name, text, values or None)

    return gettext


def ngettext(singular: str, plural: str, n: int, /, *, domain: str = "diwan", **values: Any) -> str:
    """Return the form for `n` in the current language, with `n` and `values` filled in."""
    return catalogue(domain, language()).ngettext(singular, plural, n) % {"n": n, "num": n, **values}


@lru_cache(maxsize=256)
def catalogue(domain: str, code: str) -> NullTranslations:
    """Return the loaded catalogue of a domain in one language (empty for English and where there is none)."""
    if code in _invented:
        return _invented[code]
    folder = _folders.get(domain)
    if folder is None or code == "en":
        return NullTranslations()
    return _load(folder / code / "LC_MESSAGES" / f"{domain}.po", domain)


def _load(po: Path, domain: str) -> NullTranslations:
    """Load the `.mo` that the build made; the `.po` itself where there is none yet, or where it has changed since."""
    mo = po.with_suffix(".mo")
    if mo.exists() and not (po.exists() and po.stat().st_mtime > mo.stat().st_mtime):
        with mo.open("rb") as file:
            return Translations(file, domain)
    if po.exists():
        from diwan.kit.catalogues import compiled

        return Translations(BytesIO(compiled(po)), domain)
    return NullTranslations()


_ = domain("diwan", CORE)
