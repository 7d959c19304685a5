"""Recognises countries as people write them, and names them: ISO 3166-1 alpha-2 codes through CLDR's names.

It must not keep a list of countries of its own: only names in common use that CLDR lacks stand here.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from babel import Locale
from babel.core import get_global

from diwan.kit import i18n
from diwan.kit.text import fold

NO_COUNTRY = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"})
NATIVE = ("fr", "de", "es", "it", "pt", "tr", "nl")  # tried after English and Arabic

# Folded by `_key`. Former, official, colloquial and abbreviated names.
ALIASES = {
    "AE": "UAE, Emirates, الامارات",
    "BA": "Bosnia, البوسنة",
    "BO": "Plurinational State of Bolivia",
    "BN": "Brunei Darussalam",
    "CD": "DR Congo, DRC, Democratic Republic of the Congo, Congo Kinshasa",
    "CG": "Congo, Republic of the Congo, Congo Brazzaville",
    "CI": "Ivory Coast, ساحل العاج",
    "CN": "People's Republic of China, PRC",
    "CV": "Cabo Verde",
    "CZ": "Czech Republic, التشيك",
    "DZ": "جزائر",
    "FM": "Federated States of Micronesia",
    "GB": "Great Britain, Britain, England, Scotland, Wales, Northern Ireland, بريطانيا, انجلترا, إنكلترا",
    "HK": "Hong Kong, هونج كونج, هونغ كونغ",
    "IR": "Islamic Republic of Iran",
    "KP": "Democratic People's Republic of Korea, DPRK",
    "KR": "Korea, Republic of Korea, ROK, كوريا",
    "LA": "Lao People's Democratic Republic, Lao PDR",
    "MD": "Republic of Moldova",
    "MK": "Macedonia",
    "MM": "Burma, Myanmar",
    "MO": "Macau, Macao",
    "NL": "Holland, The Netherlands",
    "PS": "Palestine, State of Palestine, فلسطين",
    "RU": "Russian Federation, روسيا الاتحادية",
    "SA": "KSA, Saudi, Kingdom of Saudi Arabia, السعودية, العربية السعودية",
    "SY": "Syrian Arab Republic",
    "SZ": "Swaziland",
    "TR": "Turkey",
    "TW": "Taiwan, Province of China",
    "TZ": "United Republic of Tanzania",
    "US": "America, U S A, U S, The United States, United States of America, امريكا, الولايات المتحدة الامريكية",
    "VA": "Holy See, Vatican",
    "VE": "Bolivarian Republic of Venezuela",
    "VN": "Viet Nam",
}
NOISE = re.compile(r"[^\w]+")


@cache
def codes() -> frozenset[str]:
    """Return the alpha-2 codes of countries and territories."""
    known = map(str, Locale.parse("en").territories)
    return frozenset(code for code in known if len(code) == 2 and code.isalpha() and code not in NO_COUNTRY)


def country_name(code: str, language: str | None = None) -> str:
    """Return the name of the country in the (current) language; an unknown code as it is."""
    return str(i18n.locale(language).territories.get(code, code))


def choices(language: str | None = None) -> list[tuple[str, str]]:
    """Return (code, name) of every country, sorted by name in the (current) language."""
    return sorted(((code, country_name(code, language)) for code in codes()), key=lambda pair: fold(pair[1]))


@lru_cache(maxsize=4096)
def recognise(text: str) -> str | None:
    """Return the alpha-2 code for a code or name as people write it ("DEU", "UK", "Germany", "الكويت"), or None."""
    key = _key(text)
    if not key or len(key) > 80:
        return None
    return _known().get(key) or _known().get(key.removeprefix("ال")) or _native().get(key)


def _key(text: str) -> str:
    """The name without case, accents and punctuation ("U.S.A." is "usa"), and with one word for "and"."""
    folded = fold(text).replace("&", " and ")
    if re.fullmatch(r"(\w\.)+\w?\.?", folded):
        return folded.replace(".", "")
    return " ".join(word for word in NOISE.sub(" ", folded).split() if word != "the")


@cache
def _known() -> dict[str, str]:
    known: dict[str, str] = {}
    for language in ("en", "ar"):
        _add_names(known, language)
    for alias, found in get_global("territory_aliases").items():  # alpha-3 and numeric codes, "UK"
        if len(found) == 1 and found[0] in codes():
            known.setdefault(_key(alias), found[0])
    for code, names in ALIASES.items():
        known.update((_key(name), code) for name in names.split(", "))
    known.update((code.lower(), code) for code in codes())
    return known


@cache
def _native() -> dict[str, str]:
    known: dict[str, str] = {}
    for language in NATIVE:
        _add_names(known, language)
    return known


def _add_names(known: dict[str, str], language: str) -> None:
    names = Locale.parse(language).territories
    for code in sorted(codes()):
        key = _key(names.get(code, ""))
        known.setdefault(key, code)
        known.setdefault(key.removeprefix("ال"), code)
    known.pop("", None)
