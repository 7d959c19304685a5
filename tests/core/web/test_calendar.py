"""Calendars: each record on its days, moves that keep its length, days of the business and not of the server.

The browser's part (dragging) is in tests/browser.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from diwan import resources
from diwan.db import current, scope, unit_of_work
from diwan.testing.world import World
from diwan.users import service as users


@pytest.fixture
def desk(world: World) -> Any:
    return world.business("kitchen")


def order(desk: Any, **values: Any) -> Any:
    with desk.acting(), unit_of_work():
        return resources.create(current.lineup.resources["kitchen.order"], {"subject": "Party", **values}).id


def stored(desk: Any, id: Any) -> Any:
    with desk.acting():
        found = resources.get(current.lineup.resources["kitchen.order"], id)
        return found.starts_at, found.ends_at, found.due_on


def page(desk: Any, query: str = "") -> str:
    answer = desk.client().get(f"{desk.url}/kitchen/order?as=calendar&o.day=2026-11-10&{query}")
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def days(html: str) -> dict[str, int]:
    """The number of records on each day of the month or the week."""
    found = re.findall(r'<section class="cal-day[^"]*" data-day="([^"]+)".*?</section>', html, re.DOTALL)
    bodies = re.findall(r'<section class="cal-day.*?</section>', html, re.DOTALL)
    return {day: body.count("data-event=") for day, body in zip(found, bodies, strict=True) if "data-event=" in body}


def move(desk: Any, id: Any, client: Any = None, **form: str) -> Any:
    return (client or desk.client()).post(
        f"{desk.url}/kitchen/order/{id}/move",
        data={"shape": "calendar", "field": "starts_at", "version": "1", **form},
        headers={"Accept": "application/json"},
    )


def test_a_record_stands_on_each_of_its_days_where_the_business_is(desk: Any) -> None:
    # 22:30 UTC of the 9th is half past one of the 10th in Kuwait.
    order(desk, starts_at="2026-11-09T22:30:00+00:00", ends_at="2026-11-12T07:00:00+00:00")
    assert days(page(desk)) == {"2026-11-10": 1, "2026-11-11": 1, "2026-11-12": 1}


def test_what_began_before_the_period_is_shown(desk: Any) -> None:
    order(desk, starts_at="2026-09-01T08:00:00+00:00", ends_at="2026-11-02T08:00:00+00:00")
    assert days(page(desk))["2026-11-01"] == 1


def test_the_week_begins_as_in_the_country(desk: Any) -> None:
    first = re.search(r'data-day="([^"]+)"', page(desk))
    assert first
    assert date.fromisoformat(first[1]).weekday() == 5  # Saturday in Kuwait


def test_dates_without_hours(desk: Any) -> None:
    order(desk, due_on="2026-11-10")
    for span in ("month", "week", "day"):
        assert days(page(desk, f"o.by=due_on&o.span={span}")) == {"2026-11-10": 1}


def test_hours_of_a_week(desk: Any) -> None:
    order(desk, starts_at="2026-11-10T02:15:00+00:00")
    html = page(desk, "o.span=week")
    assert re.search(r'data-day="2026-11-10" data-time="05:00"><div class="cal-event', html)


def test_a_move_keeps_the_clock_and_the_length(desk: Any) -> None:
    id = order(desk, starts_at="2026-11-10T06:00:00+00:00", ends_at="2026-11-10T09:30:00+00:00")
    answer = move(desk, id, day="2026-11-20")
    assert answer.status_code == 200, answer.text
    assert stored(desk, id)[:2] == (datetime(2026, 11, 20, 6, tzinfo=UTC), datetime(2026, 11, 20, 9, 30, tzinfo=UTC))
    desk.client().post(answer.json["undo"])
    assert stored(desk, id)[0] == datetime(2026, 11, 10, 6, tzinfo=UTC)


def test_a_move_to_an_hour(desk: Any) -> None:
    id = order(desk, starts_at="2026-11-10T06:00:00+00:00")
    assert move(desk, id, day="2026-11-11", time="15:00").status_code == 200
    assert stored(desk, id)[0] == datetime(2026, 11, 11, 12, tzinfo=UTC)


def test_a_date_moves(desk: Any) -> None:
    id = order(desk, due_on="2026-11-10")
    assert move(desk, id, field="due_on", day="2026-12-01").status_code == 200
    assert stored(desk, id)[2] == date(2026, 12, 1)


@pytest.mark.parametrize(
    "form", [{}, {"day": "soon"}, {"day": "2026-11-11", "field": "subject"}, {"day": "2026-11-11", "time": "late"}]
)
def test_forged_moves_are_refused(desk: Any, form: dict[str, str]) -> None:
    assert move(desk, order(desk, starts_at="2026-11-10T06:00:00+00:00"), **form).status_code == 400


def test_who_may_only_read_moves_nothing(desk: Any) -> None:
    id = order(desk, starts_at="2026-11-10T06:00:00+00:00")
    reader = desk.client(desk.member("kitchen.order.read"))
    assert move(desk, id, reader, day="2026-11-11").status_code == 403
    shown = reader.get(f"{desk.url}/kitchen/order?as=calendar&o.day=2026-11-10").text
    assert "data-event-menu" not in shown
    assert "data-new" not in shown


@pytest.mark.parametrize("query", ["o.span=century", "o.day=never"])
def test_forged_options_are_refused(desk: Any, query: str) -> None:
    assert desk.client().get(f"{desk.url}/kitchen/order?as=calendar&{query}").status_code == 400


def test_a_day_offers_a_new_record_of_that_day(desk: Any) -> None:
    [href] = re.findall(r'href="([^"]+/new\?due_on=2026-11-10)"', page(desk, "o.by=due_on"))
    assert re.search(r'<input[^>]*value="2026-11-10"[^>]*name="due_on"', desk.client().get(href).text)


def test_a_resource_without_dates_has_no_calendar(desk: Any) -> None:
    assert desk.client().get(f"{desk.url}/kitchen/client?as=calendar").status_code == 400


@pytest.mark.parametrize(("calendar", "shown"), [("gregorian", False), ("both", True), ("hijri", True)])
def test_hijri_days_for_who_reads_them(desk: Any, calendar: str, shown: bool) -> None:
    with desk.world.app.app_context(), scope(), unit_of_work():
        users.set_preferences(desk.owner.id, calendar=calendar)
    html = page(desk)
    assert ("Jumada" in html) == shown
    assert ('class="cal-hijri num" dir="ltr">30/5<' in html) == shown  # 10 November 2026
