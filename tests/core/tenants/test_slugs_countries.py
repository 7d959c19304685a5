"""Slugs from names in any script; currency and time zone from the country."""

import re
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diwan.tenants import countries
from diwan.tenants.slugs import candidates, slug_of

ALLOWED = re.compile(r"[a-z0-9](-?[a-z0-9])*")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Blue Horizon Marine", "blue-horizon-marine"),
        ("Müller & Söhne GmbH", "muller-sohne-gmbh"),
        ("Łódź Ångström", "lodz-angstrom"),
        ("Газпром Нефть", "gazprom-neft"),
        ("  --  ", "business"),
        ("株式会社", "business"),
        ("!", "business"),
    ],
)
def test_slug(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_arabic_slug_can_be_read() -> None:
    assert slug_of("مؤسسة النور للتجارة") == "mwssa-al-nwr-lltjara"


@settings(deadline=None)
@given(st.text(max_size=200))
def test_every_candidate_is_allowed(name: str) -> None:
    found = list(islice(candidates(name), 12))
    assert len(set(found)) == len(found)
    for slug in found:
        assert ALLOWED.fullmatch(slug)
        assert len(slug) <= 40


@pytest.mark.parametrize(
    ("country", "currency", "zone"),
    [
        ("KW", "KWD", "Asia/Kuwait"),
        ("SA", "SAR", "Asia/Riyadh"),
        ("EG", "EGP", "Africa/Cairo"),
        ("US", "USD", "America/New_York"),
        ("DE", "EUR", "Europe/Berlin"),
        ("BG", "EUR", "Europe/Sofia"),
        ("HR", "EUR", "Europe/Zagreb"),
        ("AU", "AUD", "Australia/Sydney"),
        ("XK", "EUR", "Europe/Belgrade"),
    ],
)
def test_what_follows_from_the_country(country: str, currency: str, zone: str) -> None:
    assert countries.currency_of(country) == currency
    assert countries.timezone_of(country) == zone


def test_every_country_has_names_currency_and_zone() -> None:
    for language in ("en", "ar"):
        listed = countries.countries(language)
        assert len(listed) > 230
        assert all(name and name != code for code, name in listed)
    known = countries.currency_codes()
    for code in countries.country_codes():
        assert re.fullmatch(r"[A-Z]{2}", code)
        assert countries.currency_of(code) in known
        ZoneInfo(countries.timezone_of(code))
        assert countries.timezone_of(code) in countries.timezones()
