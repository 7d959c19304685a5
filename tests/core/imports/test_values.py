"""What cells mean: numbers and dates of other countries, yes and no, links.

It must not need a database.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from diwan.imports.values import Remark, _converter
from diwan.kit import i18n
from diwan.resources import Field
from diwan.resources.kinds import KINDS


def reader(kind: str, *samples: str, **options: Any) -> Callable[[str], Any]:
    field = Field(label="X", name="x", kind=KINDS[kind], **options)
    return _converter(field, [[sample] for sample in samples], 0, "Asia/Kuwait")


@pytest.mark.parametrize(
    ("samples", "text", "number"),
    [
        (["1.234,56", "2,5"], "1.234,56", "1234.56"),
        (["1,234.56", "2.5"], "1,234.56", "1234.56"),
        (["12", "7"], "1,234", "1234"),
        ([], "KD 1,250.500", "1250.500"),
        ([], "1250 KD", "1250"),
        ([], "5.250 د.ك", "5.250"),
        ([], "$5", "5"),
        ([], "(17)", "-17"),
        ([], "١٢٣٤٫٥", "1234.5"),
        ([], "\u200e-3\u00a0", "-3"),
        ([], "1'000", "1000"),
    ],
)
def test_numbers(samples: list[str], text: str, number: str) -> None:
    assert reader("decimal", *samples)(text) == Decimal(number)


def test_what_is_no_number_is_refused() -> None:
    for text in ("12 apples", "1e5x", "NaN", "Infinity", "--1"):
        with pytest.raises(ValueError, match="number"):
            reader("decimal")(text)


def test_days_come_first_unless_the_file_shows_otherwise() -> None:
    assert reader("date", "1/2/2026")("3/4/2026") == date(2026, 4, 3)
    assert reader("date", "1/31/2026", "3/4/2026")("3/4/2026") == date(2026, 3, 4)
    assert reader("date", "31/1/2026", "1/31/2026")("3/4/2026") == date(2026, 4, 3)
    assert reader("date")("2026-02-01 00:00:00") == date(2026, 2, 1)
    assert reader("date")("٠١.٠٢.٢٦") == date(2026, 2, 1)
    with pytest.raises(ValueError, match="date"):
        reader("date")("31/31/2026")


def test_moments_are_meant_on_the_clock_of_the_business() -> None:
    assert reader("datetime")("2026-02-01 09:30:00") == datetime(2026, 2, 1, 6, 30, tzinfo=UTC)
    assert reader("datetime")("2026-02-01T09:30:00+00:00") == datetime(2026, 2, 1, 9, 30, tzinfo=UTC)
    assert reader("datetime")("1/2/2026 09:30") == datetime(2026, 2, 1, 6, 30, tzinfo=UTC)


def test_choices_by_value_or_label_in_any_language() -> None:
    labels = {"person": i18n._("Person"), "organisation": i18n._("Organisation")}
    one = reader("choice", choices=labels)
    assert [one("Person"), one(" PERSON "), one("organisation\u200f")] == ["person", "person", "organisation"]
    several = reader("choices", choices=labels)
    assert several("Person, organisation; Person") == ["person", "organisation"]
    with pytest.raises(ValueError, match="Choose"):
        several("Person, robot")


def test_links() -> None:
    link = reader("url")
    assert link("example.com") == "https://example.com"
    assert link("Home#http://example.com/a#") == "http://example.com/a"
    with pytest.raises(Remark):
        link("#CAJUN.HTM#")
    with pytest.raises(ValueError, match="web address"):
        link("javascript:alert(1)")


def test_yes_and_no() -> None:
    boolean = reader("boolean")
    assert [boolean("نعم"), boolean("Yes"), boolean("0"), boolean("لا\u200f")] == [True, True, False, False]
