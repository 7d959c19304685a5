"""The guard: a plugin that fails is named, undone and, if it goes on, paused; the rest of the request goes on."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import text

from diwan.errors import Refuse
from diwan.kernel import guard, hookspecs
from diwan.kernel.contribution import Contribution
from diwan.kernel.guard import PluginFailed, PluginPaused


def contribution(target, kind="widget", name="total", **options):
    return Contribution(kind, "sample", f"sample.{name}", target, "", options)


def fail(*_args):
    raise ValueError("no such luck")


def test_the_answer_comes_back(shelf):
    assert guard.call(contribution(lambda a, b: a + b), 1, b=2) == 3


def test_a_failure_names_the_plugin_and_keeps_the_cause(shelf, caplog):
    with pytest.raises(PluginFailed, match=r"sample\.total") as error:
        guard.call(contribution(fail))
    assert error.value.plugin == "sample"
    assert isinstance(error.value.__cause__, ValueError)
    assert "widget sample.total failed" in caplog.text


def test_a_failure_that_may_be_skipped_answers_nothing(shelf):
    assert guard.call(contribution(fail), on_error="skip") is None


def test_exit_is_a_failure_too(shelf):
    def leave():
        raise SystemExit

    assert guard.call(contribution(leave), on_error="skip") is None


def test_a_refusal_is_an_answer(shelf):
    def refuse():
        raise Refuse("Not today.", field="name")

    for _ in range(guard.FAILURES + 1):
        with pytest.raises(Refuse, match="Not today"):
            guard.call(contribution(refuse), on_error="skip")
    assert guard.paused() == []


def test_a_hook_brings_its_own_policy_and_takes_the_arguments_that_it_names(shelf, monkeypatch):
    seen = contribution(lambda first: first, "hook", "enable", arguments=("first",))
    assert guard.call(seen, tenant=None, first=5) == 5
    sick = contribution(fail, "hook", "health", arguments=())
    with pytest.raises(PluginFailed):
        guard.call(sick)
    monkeypatch.setitem(hookspecs.SPECS, "health", hookspecs.Spec("health", on_error="skip", budget_ms=1000))
    assert guard.call(sick) is None


class TestBreaker:
    def break_it(self):
        for _ in range(guard.FAILURES):
            with pytest.raises(PluginFailed):
                guard.call(contribution(fail))

    def test_it_opens_after_five_failures_in_a_row(self, shelf, clock):
        self.break_it()
        called = []
        with pytest.raises(PluginPaused):
            guard.call(contribution(lambda: called.append(1)))
        assert guard.call(contribution(lambda: called.append(1)), on_error="skip") is None
        assert called == []
        assert guard.paused() == [("widget", "sample.total", None)]

    def test_a_success_in_between_starts_again(self, shelf, clock):
        for _ in range(guard.FAILURES - 1):
            with pytest.raises(PluginFailed):
                guard.call(contribution(fail))
        guard.call(contribution(lambda: 1))
        with pytest.raises(PluginFailed):
            guard.call(contribution(fail))
        assert guard.call(contribution(lambda: 2)) == 2

    def test_after_a_minute_one_call_tries(self, shelf, clock):
        self.break_it()
        clock(guard.PAUSE - 1)
        with pytest.raises(PluginPaused):
            guard.call(contribution(lambda: 1))
        clock(2)
        with pytest.raises(PluginFailed):
            guard.call(contribution(fail))
        with pytest.raises(PluginPaused):
            guard.call(contribution(lambda: 1))
        clock(guard.PAUSE + 1)
        assert guard.call(contribution(lambda: 1)) == 1
        assert guard.call(contribution(lambda: 2)) == 2
        assert guard.paused() == []

    def test_while_one_tries_the_others_wait(self, shelf, clock):
        self.break_it()
        clock(guard.PAUSE + 1)

        def nested():
            with pytest.raises(PluginPaused):
                guard.call(contribution(lambda: 1))
            return "tried"

        assert guard.call(contribution(nested)) == "tried"

    def test_other_contributions_go_on(self, shelf, clock):
        self.break_it()
        assert guard.call(contribution(lambda: 1, name="other")) == 1

    def test_one_tenants_data_does_not_pause_the_others(self, shelf, clock, desk):
        with desk.working(desk.tenant()):
            self.break_it()
            with pytest.raises(PluginPaused):
                guard.call(contribution(lambda: 1))
        with desk.working(desk.tenant()):
            assert guard.call(contribution(lambda: 1)) == 1

    def test_without_breaker_every_call_is_made(self, shelf, clock):
        self.break_it()
        assert guard.call(contribution(lambda: 1), breaker=False) == 1


def test_time_is_measured_and_a_slow_call_is_told(shelf, clock, caplog):
    with caplog.at_level(logging.WARNING, "diwan.plugins"):
        guard.call(contribution(lambda: clock(0.2)), budget_ms=100)
        guard.call(contribution(lambda: clock(0.05)), budget_ms=100)
    assert "widget sample.total took 200 ms of 100 ms" in caplog.text
    seen = guard.stats()["widget", "sample.total"]
    assert (seen.calls, seen.slow, seen.failures) == (2, 1, 0)
    assert seen.longest == pytest.approx(0.2)


class TestSavepoint:
    """With a transaction open, only the plugin's part is undone."""

    INSERT = text("INSERT INTO core.throttle (key, hits, at) VALUES (convert_to(:key, 'UTF8'), 1, now())")
    COUNT = text("SELECT count(*) FROM core.throttle")

    @pytest.fixture
    def session(self, shelf, desk):
        with desk.working(desk.tenant()) as session:
            session.execute(text("DELETE FROM core.throttle"))
            yield session

    def test_a_failed_statement_does_not_poison_the_transaction(self, session):
        session.execute(self.INSERT, {"key": "guard 1"})
        broken = contribution(lambda: session.execute(text("SELECT 1 / 0")))
        assert guard.call(broken, on_error="skip") is None
        assert session.scalar(self.COUNT) == 1

    def test_a_swallowed_sql_error_does_not_either(self, session):
        def swallow():
            try:
                session.execute(text("SELECT 1 / 0"))
            except Exception:
                return "all is well"

        session.execute(self.INSERT, {"key": "guard 1"})
        assert guard.call(contribution(swallow), on_error="skip") is None
        assert session.scalar(self.COUNT) == 1

    def test_what_a_failing_plugin_wrote_is_undone(self, session):
        def write_and_fail():
            session.execute(self.INSERT, {"key": "guard 2"})
            raise ValueError

        session.execute(self.INSERT, {"key": "guard 1"})
        with pytest.raises(PluginFailed):
            guard.call(contribution(write_and_fail))
        assert session.scalar(self.COUNT) == 1

    def test_what_a_working_plugin_wrote_stays(self, session):
        guard.call(contribution(lambda: session.execute(self.INSERT, {"key": "guard 1"}) and None))
        assert session.scalar(self.COUNT) == 1

    @pytest.mark.parametrize("how", ["commit", "rollback"])
    def test_a_plugin_that_ends_the_transaction_stops_the_request_whatever_the_policy(self, session, how):
        def end():
            session.execute(self.COUNT)
            getattr(session, how)()

        session.execute(self.INSERT, {"key": "guard 1"})
        with pytest.raises(PluginFailed) as error:
            guard.call(contribution(end), on_error="skip")
        assert "ended the transaction" in str(error.value.__cause__)
