"""What follows from the country of a business: its currency and its time zone; and the lists to choose from.

It must not keep data of its own beyond the few corrections below; the rest comes from CLDR and the zone database.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from zoneinfo import available_timezones

from babel.core import get_global
from babel.dates import get_timezone_location
from babel.numbers import get_territory_currencies

from diwan.kit import i18n
from diwan.kit.text import fold

# CLDR in Babel is a few months behind: the euro since 2026-01-01.
CURRENCIES = {"BG": "EUR", "PA": "USD", "ZW": "USD", "BT": "BTN", "AQ": "USD"}
# Countries whose first zone in the zone database is not where most of their businesses are.
ZONES = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KZ": "Asia/Almaty",
    "PS": "Asia/Hebron",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
    "AQ": "UTC",
}


def country_codes() -> frozenset[str]:
    """Return the countries that a business may be in (ISO 3166-1 alpha-2, and Kosovo)."""
    return frozenset(_zone_tab()) - {"AQ", "TF", "BV", "HM"}


def countries(language: str | None = None) -> list[tuple[str, str]]:
    """Return (code, name), sorted by name in the language."""
    return _named("territories", country_codes(), language or i18n.language())


def currencies(language: str | None = None) -> list[tuple[str, str]]:
    """Return (code, name) of the currencies in use, sorted by code."""
    language = language or i18n.language()
    names = i18n.locale(language).currencies
    return [(code, f"{code} · {names.get(code, code)}") for code in sorted(currency_codes())]


def timezones() -> list[str]:
    """Return the time zones to choose from."""
    return _zones()


def timezone_names(language: str | None = None) -> list[tuple[str, str]]:
    """Return (zone, name) of the time zones: its city in the language beside its name everywhere, Asia/Kuwait."""
    return _timezone_names(language or i18n.language())


def currency_of(country: str) -> str:
    """Return the currency of a country (ISO 4217)."""
    known = CURRENCIES.get(country) or next(iter(get_territory_currencies(country)), "USD")
    return str(known)


def timezone_of(country: str) -> str:
    """Return the time zone where most businesses of a country are."""
    zone = ZONES.get(country) or (_zone_tab().get(country) or ["UTC"])[0]
    return zone if zone in _zones() else "UTC"


@lru_cache(maxsize=1)
def _zone_tab() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"XK": ["Europe/Belgrade"]}
    for line in resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            code, _place, zone = line.split("\t")[:3]
            found.setdefault(code, []).append(zone)
    return found


@lru_cache(maxsize=1)
def _zones() -> list[str]:
    return ["UTC", *sorted({zone for zones in _zone_tab().values() for zone in zones} & available_timezones())]


@lru_cache(maxsize=4)
def _timezone_names(language: str) -> list[tuple[str, str]]:
    plain = [(zone, zone.replace("_", " ")) for zone in _zones()]
    locale = i18n.locale(language)
    if locale.language == "en":
        return plain
    cities = [(zone, get_timezone_location(zone, locale=locale, return_city=True), name) for zone, name in plain]
    named = [(zone, name if city.isascii() else f"{city} · {name}") for zone, city, name in cities]
    return sorted(named, key=lambda found: fold(found[1]))


@lru_cache(maxsize=1)
def currency_codes() -> frozenset[str]:
    """Return the currencies in use (ISO 4217)."""
    known = get_global("territory_currencies")
    return frozenset(currency_of(code) for code in country_codes()) | frozenset(
        str(code) for country in known for code in get_territory_currencies(country)
    )


@lru_cache(maxsize=8)
def _named(kind: str, codes: frozenset[str], language: str) -> list[tuple[str, str]]:
    names = getattr(i18n.locale(language), kind)
    return sorted(((code, names.get(code, code)) for code in codes), key=lambda pair: fold(pair[1]))
