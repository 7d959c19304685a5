"""One intention, delivered: once, in its tenant's scope, as the right principal; and what becomes of failures."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from diwan import jobs
from diwan.db import Actor, current, scope, unit_of_work
from diwan.db.base import now
from diwan.jobs import runner
from diwan.jobs.runner import delay
from diwan.kit.ids import uuid7


def test_a_job_runs_and_is_done(bench):
    id_ = bench.put("effect", title="a")
    assert bench.deliver(id_) == "done"
    row = bench.row(id_)
    assert (row.state, row.attempts, row.fence, row.lease_until) == ("done", 1, 1, None)
    assert row.finished_at is not None
    assert bench.effects() == ["a"]


def test_the_same_message_twice_is_one_run(bench):
    id_ = bench.put("effect", title="a")
    assert [bench.deliver(id_), bench.deliver(id_)] == ["done", "skipped"]
    assert bench.effects() == ["a"]


def test_what_is_not_due_or_of_another_tenant_is_left(bench, desk):
    with desk.working(bench.tenant):
        later = jobs.enqueue("core.test.effect", {"title": "later"}, at=now() + timedelta(hours=1))
    mine = bench.put("effect", title="mine")
    assert bench.deliver(later) == "skipped"
    assert jobs.deliver(desk.tenant().id, mine) == "skipped"
    assert bench.effects() == []


def test_a_suspended_tenant_waits(bench, desk):
    id_ = bench.put("effect", title="a")
    with scope(), unit_of_work() as session:
        session.execute(text("UPDATE core.tenant SET state = 'suspended' WHERE id = :id"), {"id": bench.tenant.id})
    assert bench.deliver(id_) == "skipped"
    assert bench.row(id_).state == "ready"


def test_a_defect_is_tried_again_with_a_pause_then_parked(bench):
    id_ = bench.put("fail", title="a")
    assert bench.deliver(id_) == "again"
    row = bench.row(id_)
    assert (row.state, row.attempts) == ("ready", 1)
    assert "ValueError: no luck with a" in row.error
    assert "samples.py" in row.error
    bench.change(id_, "available_at = now()")
    assert bench.deliver(id_) == "parked"
    assert bench.row(id_).state == "parked"
    assert bench.samples.parked == [({"title": "a"}, bench.row(id_).error)]
    assert bench.effects() == []


def test_the_pause_doubles_is_spread_and_ends_at_an_hour():
    first = [delay(1, 5) for _ in range(200)]
    assert 3.75 <= min(first) < max(first) <= 6.25
    assert max(first) - min(first) > 1
    assert 30 <= delay(4, 5) <= 50
    assert delay(40, 5) <= 4500


def test_a_refusal_parks_at_once_with_its_sentence(bench):
    id_ = bench.put("refuse", title="The moon")
    assert bench.deliver(id_) == "parked"
    assert bench.row(id_).error == "The moon is not for sale"
    assert bench.effects() == ["The moon is not for sale"]  # on_parked wrote it; the handler's own effect is undone


def test_a_worker_that_dies_each_time_does_not_take_all_others_along(bench):
    id_ = bench.put("effect", title="a")
    bench.change(id_, "attempts = 5, state = 'leased', lease_until = now() - interval '1 s'")
    assert bench.deliver(id_) == "parked"
    assert "each time" in bench.row(id_).error
    assert bench.effects() == []


def test_a_handler_may_not_take_longer_than_its_limit(bench):
    id_ = bench.put("long")
    assert bench.deliver(id_) == "parked"
    assert "took longer than 1 s" in bench.row(id_).error
    assert bench.effects() == []


def test_unknown_core_jobs_wait_for_a_newer_worker(bench):
    id_ = bench.put("of_tomorrow")
    assert bench.deliver(id_) == "unknown"
    assert (bench.row(id_).state, bench.row(id_).attempts) == ("ready", 0)


def test_payloads_are_decoded_and_wrong_ones_fail(bench):
    record = uuid4()
    assert bench.deliver(bench.put("typed", record=record, count=2)) == "done"
    assert bench.effects() == [f"{record} 2 False"]  # the desk's user has no membership
    assert bench.deliver(bench.put("typed", record="x")) == "again"


class TestPrincipal:
    def start(self, bench, user):
        with scope(tenant=bench.tenant, user=user), unit_of_work():
            return jobs.enqueue("core.test.typed", {"record": uuid4()})

    def person(self, bench, grants, state="active"):
        ids = {"t": bench.tenant.id, "u": uuid7(), "m": uuid7(), "r": uuid7(), "at": now(), "state": state}
        ids["mail"] = f"{ids['u']}@example.com"
        with scope(tenant=bench.tenant), unit_of_work() as session:
            for statement in (
                """INSERT INTO core."user" (id, email, name, language, created_at)
                VALUES (:u, :mail, 'Ada', 'ar', :at)""",
                """INSERT INTO core.membership (tenant_id, id, user_id, state, created_at)
                VALUES (:t, :m, :u, :state, :at)""",
                "INSERT INTO core.role (tenant_id, id, key, name, created_at) VALUES (:t, :r, 'x', 'x', :at)",
                "INSERT INTO core.member_role (tenant_id, membership_id, role_id) VALUES (:t, :m, :r)",
            ):
                session.execute(text(statement), ids)
            for grant in grants:
                session.execute(
                    text("INSERT INTO core.role_grant (tenant_id, role_id, permission) VALUES (:t, :r, :g)"),
                    {**ids, "g": grant},
                )
        return Actor(ids["u"], "Ada", language="ar")

    def test_who_started_it_with_the_rights_of_today(self, bench):
        id_ = self.start(bench, self.person(bench, ["contacts.*"]))
        assert bench.deliver(id_) == "done"
        assert bench.samples.seen == [("Ada", "ar", f"job-{id_}")]
        assert bench.effects()[0].endswith(" 1 True")

    def test_who_is_no_member_any_more_has_no_rights(self, bench):
        id_ = self.start(bench, self.person(bench, ["*"], state="disabled"))
        assert bench.deliver(id_) == "done"
        assert bench.effects()[0].endswith(" 1 False")

    def test_nobody_is_the_system(self, bench):
        assert bench.deliver(self.start(bench, Actor())) == "done"
        assert bench.samples.seen[0][:2] == ("System", "en")
        assert bench.effects()[0].endswith(" 1 True")


class TestLease:
    def test_a_dead_workers_job_is_taken_over_when_its_lease_ends(self, bench):
        id_ = bench.put("effect", title="a")
        bench.change(id_, "state = 'leased', fence = 3, attempts = 1, lease_until = now() + interval '1 hour'")
        assert bench.deliver(id_) == "skipped"
        bench.change(id_, "lease_until = now() - interval '1 s'")
        assert bench.deliver(id_) == "done"
        assert bench.row(id_).fence == 4

    def test_who_lost_the_lease_commits_nothing(self, bench, monkeypatch):
        id_ = bench.put("effect", title="a")
        finish = runner.lease.finish

        def stolen(connection, claim):
            with connection.engine.begin() as other:
                other.execute(
                    text("UPDATE core.outbox SET fence = fence + 1 WHERE tenant_id = :t AND id = :id"),
                    {"t": bench.tenant.id, "id": id_},
                )
            finish(connection, claim)

        monkeypatch.setattr(runner.lease, "finish", stolen)
        assert bench.deliver(id_) == "lost"
        assert bench.effects() == []
        assert bench.row(id_).state == "leased"  # the other one's

    def test_a_batch_without_the_lease_is_rolled_back(self, bench, monkeypatch):
        id_ = bench.put("batches", title="a", total=5)
        original = bench.samples.effect

        def steal(title):
            original(title)
            if title == "a 2":
                with bench.desk.engine.begin() as other:
                    other.execute(text("UPDATE core.outbox SET fence = fence + 1 WHERE tenant_id = :t"),
                                  {"t": current.tenant.id})  # fmt: skip

        monkeypatch.setattr(bench.samples, "effect", steal)
        assert bench.deliver(id_) == "lost"
        assert bench.effects() == ["a 0", "a 1"]

    def test_batches_resume(self, bench):
        with scope(tenant=bench.tenant), unit_of_work():
            bench.samples.effect("a 0")
        id_ = bench.put("batches", title="a", total=3)
        assert bench.deliver(id_) == "done"
        assert bench.effects() == ["a 0", "a 1", "a 2"]


class TestCancelAndProgress:
    def test_progress_of_a_batch_is_seen_after_its_commit(self, bench, desk):
        id_ = bench.put("batches", title="a", total=3)
        bench.deliver(id_)
        with desk.working(bench.tenant):
            status = jobs.status(id_)
        assert (status.done, status.total, status.message, status.finished) == (3, 3, "row 2", True)

    def test_progress_of_one_transaction_is_seen_while_it_is_open(self, bench, monkeypatch):
        id_ = bench.put("slow", title="a", seconds=0.01)
        notes = []

        def look(_):
            with bench.desk.engine.begin() as other:
                statement = text("SELECT progress FROM core.outbox WHERE id = :id")
                notes.append(other.execute(statement, {"id": id_}).scalar())

        monkeypatch.setattr(bench.samples.time, "sleep", look)
        assert bench.deliver(id_) == "done"
        assert notes[0] == {"done": 1, "total": 2, "message": "working"}

    def test_progress_outside_a_job_does_nothing(self):
        jobs.progress(1, 2)
        assert jobs.cancelled() is False

    def test_cancel_before_the_start(self, bench, desk):
        id_ = bench.put("effect", title="a")
        with desk.working(bench.tenant):
            assert jobs.cancel(id_) is True
            assert jobs.cancel(id_) is False
        assert bench.deliver(id_) == "skipped"
        assert bench.row(id_).state == "cancelled"

    def cancel_at(self, bench, monkeypatch, title):
        original = bench.samples.effect

        def act(text_):
            original(text_)
            if text_ == title:
                with bench.desk.engine.begin() as other:
                    other.execute(text("UPDATE core.outbox SET state = 'cancelled' WHERE tenant_id = :t"),
                                  {"t": current.tenant.id})  # fmt: skip

        monkeypatch.setattr(bench.samples, "effect", act)

    def test_cancel_in_the_middle_stops_at_the_next_note(self, bench, monkeypatch):
        id_ = bench.put("batches", title="a", total=5)
        self.cancel_at(bench, monkeypatch, "a 1")
        assert bench.deliver(id_) == "cancelled"
        assert bench.effects() == ["a 0"]
        assert bench.row(id_).state == "cancelled"

    def test_cancel_of_one_transaction_undoes_it(self, bench, monkeypatch):
        id_ = bench.put("effect", title="a")
        self.cancel_at(bench, monkeypatch, "a")
        assert bench.deliver(id_) == "cancelled"
        assert bench.effects() == []

    def test_a_parked_job_can_be_tried_again(self, bench, desk):
        id_ = bench.put("refuse", title="a")
        bench.deliver(id_)
        with desk.working(bench.tenant):
            assert jobs.retry(id_) is True
        assert bench.deliver(id_) == "parked"
        assert bench.row(id_).attempts == 1


PLUGIN = """
from sqlalchemy import text
from uuid import UUID

class Lent(Event):
    loan: UUID

seen = []

@plugin.on(Lent)
def remind(event):
    user = current.user
    seen.append((event.loan, user.name, user.kind, user.can("lending.x"), user.can("crm.x")))

@plugin.job(timeout=5)
def overdue(loan: UUID):
    seen.append(loan)
"""


class TestPlugins:
    @pytest.fixture
    def lending(self, shelf):
        from diwan.events import event

        shelf.write("lending", PLUGIN)
        shelf.activate()
        import diwan_lending

        yield diwan_lending
        event.forget("diwan_lending")

    def test_subscribers_and_jobs_run_as_their_plugin(self, bench, desk, lending):
        tenant, loan = desk.tenant("lending"), uuid4()
        with desk.working(tenant):
            lending.emit(lending.Lent(loan=loan))
            jobs.enqueue("lending.overdue", {"loan": loan})
        with scope(tenant=tenant):
            assert jobs.run_pending() == 2
        assert lending.seen == [(loan, "Lending", "plugin", True, False), loan]

    def test_a_plugin_that_was_switched_off_gets_nothing(self, bench, desk, lending):
        tenant = desk.tenant("lending")
        with desk.working(tenant):
            lending.emit(lending.Lent(loan=uuid4()))
        with scope(tenant=tenant), unit_of_work() as session:
            session.execute(text("UPDATE core.tenant SET lineup_key = '' WHERE id = :id"), {"id": tenant.id})
            id_ = session.scalar(text("SELECT id FROM core.outbox WHERE tenant_id = :t"), {"t": tenant.id})
        assert jobs.deliver(tenant.id, id_) == "skipped"
        assert lending.seen == []
