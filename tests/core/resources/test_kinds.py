"""How each kind of value reads what people type and programs send; numbers, dates and choices in two scripts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diwan.resources.fields import Field
from diwan.resources.kinds import KINDS

CHOICES = {"red": "Red", "blue": "أزرق"}


def field(kind: str, **options: Any) -> Field:
    return Field(label="x", kind=KINDS[kind], choices=CHOICES if kind.startswith("choice") else {}, **options)


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("integer", "1,234", 1234), ("integer", "١٢٣", 123), ("integer", 7, 7), ("integer", " ", None),
        ("integer", "12.0", 12), ("decimal", "1,234.50", Decimal("1234.50")), ("decimal", "١٢٫٥", Decimal("12.5")),
        ("decimal", 0.1, Decimal("0.1")), ("date", "2026-11-24", date(2026, 11, 24)),
        ("date", "24/11/2026", date(2026, 11, 24)), ("date", "٢٤/١١/٢٠٢٦", date(2026, 11, 24)), ("date", "", None),
        ("datetime", "2026-11-24T08:00+03:00", datetime(2026, 11, 24, 5, tzinfo=UTC)),
        ("boolean", "نعم", True), ("boolean", "off", False), ("choice", "RED", "red"), ("choice", "أزرق", "blue"),
        ("choices", "red, blue", ["red", "blue"]), ("choices", "أزرق، red", ["blue", "red"]),
        ("choices", ["red", "red"], ["red"]), ("text", " a \n b ", "a b"), ("longtext", "a\nb", "a\nb"),
        ("text", "", None), ("url", "example.com", "https://example.com"), ("email", "A@Example.COM", "A@example.com"),
    ],
)  # fmt: skip
def test_what_is_read(kind: str, typed: Any, value: Any) -> None:
    assert field(kind).parse(typed) == value


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("integer", "1.5"), ("integer", True), ("integer", "NaN"), ("integer", str(2**63)), ("integer", [1]),
        ("decimal", "1e30"), ("decimal", "Infinity"), ("decimal", False), ("date", "31/02/2026"), ("date", "soon"),
        ("datetime", "2026-13-01"), ("boolean", "maybe"), ("choice", "green"), ("choices", "red, green"),
        ("choices", 5), ("text", {"a": 1}), ("text", True), ("email", "a@b"), ("email", "a..b@example.com"),
        ("url", "javascript:alert(1)"), ("url", "data:text/html,x"), ("phone", "none"), ("reference", "12"),
    ],
)  # fmt: skip
def test_what_is_refused(kind: str, typed: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        field(kind).parse(typed)


def test_bounds_of_numbers_and_texts() -> None:
    bounded = field("integer", min=1, max=10)
    assert bounded.parse("10") == 10
    for outside in ("0", "11"):
        with pytest.raises(ValueError, match="Must be at"):
            bounded.parse(outside)
    assert field("text", max=3).parse("abc") == "abc"
    with pytest.raises(ValueError, match="Too long"):
        field("text", max=3).parse("abcd")


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_a_decimal_loses_no_digit(number: Decimal) -> None:
    assert field("decimal").parse(f"{number:,}") == number


@settings(deadline=None)
@given(st.sampled_from(sorted(set(KINDS) - {"json", "choice", "choices"})), st.text() | st.integers() | st.booleans())
def test_any_input_is_read_or_refused(kind: str, typed: Any) -> None:
    try:
        field(kind).parse(typed)
    except ValueError:
        pass
