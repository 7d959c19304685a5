"""Schedules: per tenant, in its time zone, one firing however many look; and who leads."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from diwan import jobs
from diwan.db import scope, unit_of_work
from diwan.db.base import now
from diwan.jobs import leader, schedules
from diwan.jobs.scheduler import Scheduler
from diwan.jobs.schedules import firing_id, last_turn

CODE = """
ran = []

@plugin.schedule("0 7 * * *")
def morning():
    ran.append(current.tenant.id)
"""


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


class TestTurns:
    def test_seven_oclock_is_the_tenants(self):
        day = (utc(2026, 7, 1), utc(2026, 7, 2))
        assert last_turn("0 7 * * *", "Asia/Kuwait", *day).astimezone(UTC) == utc(2026, 7, 1, 4)
        assert last_turn("0 7 * * *", "America/New_York", *day).astimezone(UTC) == utc(2026, 7, 1, 11)

    def test_the_end_counts_and_the_beginning_does_not(self):
        seven = utc(2026, 7, 1, 7)
        assert last_turn("0 7 * * *", "UTC", seven - timedelta(seconds=2), seven) == seven
        assert last_turn("0 7 * * *", "UTC", seven, seven + timedelta(hours=1)) is None

    def test_of_many_missed_turns_the_last_one_counts(self):
        assert last_turn("*/5 * * * *", "UTC", utc(2026, 7, 1, 0), utc(2026, 7, 1, 12, 7)) == utc(2026, 7, 1, 12, 5)

    def test_an_unknown_zone_is_utc(self):
        assert last_turn("0 7 * * *", "Moon/Sea", utc(2026, 7, 1), utc(2026, 7, 2)) == utc(2026, 7, 1, 7)

    def contribution(self, cron):
        return SimpleNamespace(key="a.b", options={"cron": cron})

    def ids(self, cron, start, hours):
        found = []
        moment = start
        while moment < start + timedelta(hours=hours):
            at = last_turn(cron, "Europe/Berlin", moment, moment + timedelta(minutes=1))
            if at is not None:
                found.append(firing_id(1, self.contribution(cron), at))
            moment += timedelta(minutes=1)
        return found

    def test_an_hour_that_comes_twice(self):
        autumn = utc(2026, 10, 24, 22)
        assert len(set(self.ids("30 2 * * *", autumn, 10))) == 1
        assert len(set(self.ids("0 * * * *", autumn, 5))) == len(self.ids("0 * * * *", autumn, 5)) == 5

    def test_an_hour_that_never_comes_fires_once_all_the_same(self):
        assert len(set(self.ids("30 2 * * *", utc(2026, 3, 28, 22), 10))) == 1

    def test_firings_of_two_days_differ(self):
        cron = self.contribution("0 7 * * *")
        assert firing_id(1, cron, utc(2026, 1, 1, 7)) != firing_id(1, cron, utc(2026, 1, 2, 7))
        assert firing_id(1, cron, utc(2026, 1, 1, 7)) != firing_id(2, cron, utc(2026, 1, 1, 7))


@pytest.fixture
def clocks(shelf):
    shelf.write("clocks", CODE)
    shelf.activate()
    import diwan_clocks

    return diwan_clocks


def rows(tenant):
    with scope(tenant=tenant), unit_of_work() as session:
        return session.execute(
            text("SELECT name, state, language FROM core.outbox WHERE tenant_id = :t"), {"t": tenant.id}
        ).all()


class TestFiring:
    morning = utc(2026, 7, 1, 4, 0, 1)

    def fire(self):
        with scope():
            return schedules.fire(self.morning - timedelta(seconds=2), self.morning)

    def test_who_has_the_plugin_on_gets_one_row(self, desk, clocks):
        on, off = desk.tenant("clocks"), desk.tenant("")
        assert self.fire() >= 1
        assert [tuple(row) for row in rows(on)] == [("clocks.morning", "ready", "en")]
        assert rows(off) == []
        with scope(tenant=on):
            assert jobs.run_pending() == 1
        assert clocks.ran == [on.id]

    def test_twice_at_once_is_one_firing(self, desk, clocks):
        tenant = desk.tenant("clocks")
        self.fire()
        assert self.fire() == 0
        assert len(rows(tenant)) == 1


class TestLead:
    @pytest.fixture(autouse=True)
    def free(self, desk):
        with scope(), unit_of_work() as session:
            session.execute(text("DELETE FROM core.scheduler_lease"))

    def acquire(self, holder, seconds=10):
        with scope():
            return leader.acquire(holder, seconds)

    def test_one_leads_until_its_lease_ends(self):
        assert self.acquire("a") is not None
        assert self.acquire("b") is None
        assert self.acquire("a", seconds=-1) is not None
        assert self.acquire("b") is not None
        assert self.acquire("a") is None

    def test_who_stops_gives_the_lead_away(self):
        self.acquire("a")
        with scope():
            leader.release("b")
        assert self.acquire("b") is None
        with scope():
            leader.release("a")
        assert self.acquire("b") is not None

    def test_the_next_leader_goes_on_where_the_last_one_was(self):
        self.acquire("a")
        moment = now() - timedelta(minutes=5)
        with scope():
            leader.checked("a", moment)
            leader.release("a")
        assert self.acquire("b") == moment

    def test_a_clock_that_jumped_back_does_not_stop_the_schedules(self):
        self.acquire("a", seconds=10**6)
        with scope():
            leader.checked("a", now() + timedelta(days=3))
        since = self.acquire("b")
        assert since is not None
        assert since <= now()

    def test_a_round_moves_the_mark(self, desk, queues):
        first = Scheduler(queues, _nothing, lead=10)
        second = Scheduler(queues, _nothing, lead=10)
        before = now()
        with scope():
            assert (first.round(), second.round()) == (True, False)
        assert self.acquire(first.holder) >= before

    def test_many_at_once_have_one_leader(self, desk):
        leads = []

        def attempt(number):
            with desk.engine.begin() as connection:
                moment = now()
                values = {"name": leader.NAME, "holder": str(number), "moment": moment,
                          "until": moment + timedelta(seconds=9), "absurd": moment + timedelta(seconds=99)}  # fmt: skip
                if connection.execute(leader.ACQUIRE, values).scalar() is not None:
                    leads.append(number)

        threads = [threading.Thread(target=attempt, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(leads) == 1


class _nothing:  # noqa: N801
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None
