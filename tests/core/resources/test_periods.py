"""Days that move with the calendar."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.errors import BadRequest
from diwan.resources import store
from diwan.resources.periods import PERIODS, first_weekday, span
from diwan.testing.world import Business

TUESDAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("name", "first", "after"),
    [
        ("today", date(2026, 11, 24), date(2026, 11, 25)),
        ("yesterday", date(2026, 11, 23), date(2026, 11, 24)),
        ("this_week", date(2026, 11, 21), date(2026, 11, 28)),
        ("next_week", date(2026, 11, 28), date(2026, 12, 5)),
        ("this_month", date(2026, 11, 1), date(2026, 12, 1)),
        ("next_month", date(2026, 12, 1), date(2027, 1, 1)),
        ("last_quarter", date(2026, 7, 1), date(2026, 10, 1)),
        ("last_year", date(2025, 1, 1), date(2026, 1, 1)),
        ("last_7_days", date(2026, 11, 18), date(2026, 11, 25)),
        ("next_30_days", date(2026, 11, 25), date(2026, 12, 25)),
        ("past", date.min, date(2026, 11, 24)),
        ("future", date(2026, 11, 25), date.max),
    ],
)
def test_a_period_has_a_first_day_and_one_after_its_last(name: str, first: date, after: date) -> None:
    assert span(name, TUESDAY, first_weekday("KW") if name.endswith("week") else 0) == (first, after)


def test_every_period_can_be_worked_out() -> None:
    for name in PERIODS:
        first, after = span(name, TUESDAY)
        assert first < after
    with pytest.raises(KeyError):
        span("next_century", TUESDAY)


def test_weeks_begin_as_the_country_has_them() -> None:
    assert (first_weekday("KW"), first_weekday("DE"), first_weekday("")) == (5, 0, 0)
    assert span("this_week", TUESDAY, 0) == (date(2026, 11, 23), date(2026, 11, 30))


def test_a_filter_takes_periods_for_dates_and_moments(world: Any) -> None:
    business: Business = world.business("kitchen")
    with business.acting(), unit_of_work():
        orders = current.lineup.resources["kitchen.order"]
        store.create(orders, {"subject": "Now", "due_on": now().date(), "starts_at": now()})
        store.create(orders, {"subject": "Old", "due_on": date(2020, 1, 1), "starts_at": "2020-01-01 10:00"})
        store.create(orders, {"subject": "None"})

        def found(field: str, period: Any) -> list[str]:
            page = resources.list_page(orders, ["subject"], [field, "within", period], sort="subject")
            return [row[1] for row in page.rows]

        for field in ("due_on", "starts_at", "created_at"):
            assert "Now" in found(field, "this_year")
        assert "Old" not in found("due_on", "last_30_days") + found("starts_at", "last_30_days")
        assert found("due_on", "past") == ["Old"]
        assert found("starts_at", "past") == ["Old"]
        for wrong in ("whenever", 5, None, ["today"]):
            with pytest.raises(BadRequest):
                found("due_on", wrong)
        with pytest.raises(BadRequest):
            found("subject", "today")
