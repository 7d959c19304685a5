"""Countries and phone numbers as people write them.

It must not fix what CLDR or the numbering plans may change from release to release.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from diwan.kit.countries import choices, codes, country_name, recognise
from diwan.kit.phones import looks_like_phone, read_phone, show_phone

NORTHWIND = Path(__file__).parents[2] / "data" / "northwind"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("USA", "US"), ("U.S.A.", "US"), ("United States of America", "US"), ("UK", "GB"), ("England", "GB"),
        ("GERMANY", "DE"), ("de", "DE"), ("DEU", "DE"), ("276", "DE"), ("Deutschland", "DE"), ("España", "ES"),
        ("Espana", "ES"), ("Côte d'Ivoire", "CI"), ("Turkey", "TR"), ("Türkiye", "TR"), ("The Netherlands", "NL"),
        ("Trinidad and Tobago", "TT"), ("الكويت", "KW"), ("كويت", "KW"), ("\u200fالكويت\u00a0", "KW"),
        ("السعودية", "SA"),
        ("المملكة العربية السعودية", "SA"), ("الامارات", "AE"), ("الإمارات العربية المتحدة", "AE"), ("مصر", "EG"),
        ("أمريكا", "US"), ("المانيا", "DE"), ("KSA", "SA"), ("UAE", "AE"), ("فلسطين", "PS"), ("Hong Kong", "HK"),
    ],
)  # fmt: skip
def test_countries_are_recognised(text: str, code: str) -> None:
    assert recognise(text) == code


@pytest.mark.parametrize("text", ["", " ", "Europe", "xx", "EU", "ZZ", "123", "Berlin", "n/a", "x" * 10_000, "🚀"])
def test_other_texts_are_not(text: str) -> None:
    assert recognise(text) is None


def test_every_country_is_found_by_its_names_in_both_languages() -> None:
    assert len(codes()) > 240
    for language in ("en", "ar"):
        assert [code for code, name in choices(language) if recognise(name) != code] == []
    assert country_name("KW", "ar") == "الكويت"
    assert country_name("??") == "??"


def test_all_countries_of_northwind() -> None:
    for name in ("customers", "suppliers"):
        with (NORTHWIND / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            assert all(recognise(row["country"]) for row in csv.DictReader(stream))


@pytest.mark.parametrize(
    ("text", "country", "stored"),
    [
        ("030 901820", "DE", "+4930901820"),
        ("+49 (30) 901820", None, "+4930901820"),
        ("0049 30 901820", "KW", "+4930901820"),
        ("\u202a+965 2222 3333\u202c", None, "+96522223333"),
        ("٢٢٢٢٣٣٣٣", "KW", "+96522223333"),
        ("(503) 555-9831", "US", "+15035559831"),
        ("(503) 555-9831", None, "(503) 555-9831"),
        ("(5) 555-4729", "MX", "(5) 555-4729"),
        ("030 901820 ext. 12", "DE", "030 901820 ext. 12"),
        ("ask  Maria", "DE", "ask Maria"),
        ("1" * 10_000, "DE", "1" * 10_000),
        ("", "DE", ""),
    ],
)
def test_phones_become_e164_or_stay_as_typed(text: str, country: str | None, stored: str) -> None:
    assert read_phone(text, country).stored == stored


def test_phones_are_shown_for_reading() -> None:
    assert show_phone("+15035559831", "US") == "(503) 555-9831"
    assert show_phone("+15035559831", "KW") == "+1 503-555-9831"
    assert show_phone("ask Maria") == "ask Maria"


def test_shapes_of_phones() -> None:
    assert all(map(looks_like_phone, ["+965 2222 3333", "(171) 555-7788", "٢٢٢٢٣٣٣٣", "88.60.15.31", "030-0074321"]))
    assert not any(map(looks_like_phone, ["", "12209", "Obere Str. 57", "2026-01-01T00:00", "1" * 16]))
