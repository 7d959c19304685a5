"""Days and digits as the reader wants them: known Hijri dates, both calendars, where the tables end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from diwan.kit import dates, formats, i18n


@contextmanager
def reading(language: str = "en", **preferences: Any) -> Iterator[None]:
    spoken, wanted = i18n.set_language(language), dates.set_manner(preferences)
    yield
    dates.reset_manner(wanted)
    i18n.reset_language(spoken)


# From the tables of the Umm al-Qura calendar (King Abdulaziz City for Science and Technology).
@pytest.mark.parametrize(
    ("gregorian", "hijri"),
    [
        (date(1937, 3, 14), (1356, 1, 1)),
        (date(2000, 4, 6), (1421, 1, 1)),
        (date(2023, 3, 23), (1444, 9, 1)),
        (date(2024, 7, 7), (1446, 1, 1)),
        (date(2026, 2, 18), (1447, 9, 1)),
        (date(2077, 11, 16), (1500, 12, 30)),
    ],
)
def test_known_days(gregorian: date, hijri: tuple[int, int, int]) -> None:
    found = dates.hijri(gregorian)
    assert found is not None
    assert found.datetuple() == hijri


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1924, 7, 31), date(2077, 11, 17), date(9999, 12, 31)])
def test_outside_the_tables_a_day_stays_gregorian(day: date) -> None:
    assert dates.hijri(day) is None
    with reading():
        plain = formats.day(day)
    for calendar in ("hijri", "both"):
        with reading(calendar=calendar):
            assert formats.day(day) == plain


DAY, MOMENT = date(2026, 11, 24), datetime(2026, 11, 23, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "calendar", "expected"),
    [
        ("en", "gregorian", "24 Nov 2026"),
        ("en", "hijri", "14 Jumada al-Akhirah 1448 AH"),
        ("en", "both", "24 Nov 2026 · 14 Jumada al-Akhirah 1448 AH"),
        ("ar", "hijri", "14 جمادى الآخرة 1448 هـ"),
        ("ar", "both", "24 نوفمبر 2026 · 14 جمادى الآخرة 1448 هـ"),
    ],
)
def test_a_day_in_each_calendar(language: str, calendar: str, expected: str) -> None:
    with reading(language, calendar=calendar):
        assert formats.day(DAY) == expected
        assert formats.moment(MOMENT, "Asia/Kuwait").startswith(expected)  # the day there, not in Greenwich


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda: formats.number(Decimal("-1234567.5")), "-١٬٢٣٤٬٥٦٧٫٥"),
        (lambda: formats.money(Decimal("1234.5"), "KWD"), "١٬٢٣٤٫٥٠٠ KWD"),
        (lambda: formats.day(DAY), "٢٤ نوفمبر ٢٠٢٦"),
        (lambda: formats.moment(MOMENT, "Asia/Kuwait"), "٢٤ نوفمبر ٢٠٢٦، ٠٠:٣٠"),
    ],
)
def test_arabic_indic_digits(write: Callable[[], str], expected: str) -> None:
    with reading("ar", digits="arab"):
        assert write() == expected


def test_unknown_wishes_change_nothing() -> None:
    with reading(calendar="mayan", digits={"a": 1}):
        assert dates.manner() == dates.PLAIN
