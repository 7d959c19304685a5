"""The way of an id: pushed after the commit, sent again when it was lost, never twice while it waits."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import text

from diwan import jobs
from diwan.config import Config
from diwan.db import scope, unit_of_work
from diwan.events import outbox
from diwan.events.outbox import Message
from diwan.jobs import queue, sweeper
from diwan.jobs.queue import Queues
from diwan.jobs.worker import Courier
from diwan.kit.ids import uuid7


class Nothing:
    """A context for jobs where the session is there already."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def burst(queues, seconds=5.0):
    courier = Courier(queues, list(queues.all), Nothing, seconds)
    courier.work(burst=True)
    return courier.delivered


def sweep(queues, **options):
    with scope():
        return sweeper.sweep(queues, **options)


def test_a_commit_reaches_the_worker(bench, queues):
    first, second = bench.put("effect", title="a"), bench.put("effect", title="b")
    assert queues.waiting() == 2
    assert burst(queues) == 2
    assert bench.effects() == ["a", "b"]
    assert {bench.row(first).state, bench.row(second).state} == {"done"}
    assert queues.redis.keys("rq:job:*" + str(first) + "*") == []


def test_a_rollback_sends_nothing(bench, desk, queues):
    with pytest.raises(KeyError), desk.working(bench.tenant):
        jobs.enqueue("core.test.effect", {"title": "a"})
        raise KeyError
    assert queues.waiting() == 0


def test_messages_name_no_code_and_are_json(bench, queues):
    id_ = bench.put("effect", title="a")
    name = queue.message_id(Message(bench.tenant.id, id_, "job"))
    stored = queues.redis.hgetall(f"rq:job:{name}")
    import json
    import zlib

    assert json.loads(zlib.decompress(stored[b"data"]))[2] == [bench.tenant.id, str(id_)]


def test_mails_and_events_go_before_jobs(bench, desk, queues):
    bench.put("effect", title="job")
    with desk.working(bench.tenant):
        outbox.put("mail", "core.test.effect", {"title": "mail"})
    assert (queues.quick.count, queues.work.count) == (1, 1)
    courier = Courier(queues, [queues.quick], Nothing, 5)
    courier.work(burst=True)
    assert bench.effects() == ["mail"]


def test_the_sweeper_sends_again_what_the_queue_lost(bench, queues):
    bench.put("effect", title="a")
    assert sweep(queues) == 0  # it is on its way
    for each in queues.all:
        each.delete(delete_jobs=True)
    assert sweep(queues) == 1
    assert sweep(queues) == 0
    assert burst(queues) == 1
    assert sweep(queues) == 0


def test_a_message_lost_between_queue_and_worker_is_sent_again_in_time(bench, core_database, tmp_path, queues):
    short = Queues.of(Config(tmp_path, database_url=core_database.app_url, redis_url=_url()), keep=1)
    outbox.carry_with(short.carry)
    bench.put("effect", title="a")
    queues.redis.lpop(queues.work.key)  # a worker took it and was gone
    assert sweep(short) == 0
    time.sleep(1.2)
    assert sweep(short) == 1
    assert burst(short) == 1


def test_a_dead_workers_row_is_sent_again(bench, queues):
    id_ = bench.put("effect", title="a")
    queues.redis.delete(queues.work.key)
    bench.change(id_, "state = 'leased', fence = 1, attempts = 1, lease_until = now() - interval '1 s'")
    assert sweep(queues) == 1
    assert burst(queues) == 1
    assert bench.effects() == ["a"]


def test_a_retry_is_sent_when_it_is_due(bench, queues):
    id_ = bench.put("fail", title="a")
    assert burst(queues) == 1
    bench.change(id_, "available_at = now() + interval '1 hour'")
    assert sweep(queues) == 0
    bench.change(id_, "available_at = now()")
    assert sweep(queues) == 1
    burst(queues)
    assert bench.row(id_).state == "parked"


def test_nobody_empties_the_queue_so_the_sweeper_stops_filling_it(bench, queues):
    for title in "abc":
        bench.put("effect", title=title)
    queues.redis.delete(*queues.redis.keys("rq:job:*"))
    assert sweep(queues, most=1) == 0
    assert queues.waiting() == 3


def test_a_dead_queue_costs_a_commit_little_and_loses_nothing(bench, tmp_path, core_database, queues):
    away = Queues.of(Config(tmp_path, database_url=core_database.app_url, redis_url="redis://127.0.0.1:1/0"))
    outbox.carry_with(away.carry)
    started = time.monotonic()
    for title in "abc":
        bench.put("effect", title=title)
    assert time.monotonic() - started < 1
    assert sweep(queues) == 3
    assert burst(queues) == 3


def test_garbage_in_the_queue_does_not_stop_the_worker(bench, queues):
    queues.redis.rpush(queues.work.key, "garbage", "7-not-an-id-0")
    queues.redis.hset("rq:job:7-not-an-id-0", "data", "x")
    bench.put("effect", title="a")
    courier = Courier(queues, list(queues.all), Nothing, 5)
    runner = threading.Timer(2, courier.stop)
    runner.start()
    courier.work()
    runner.join()
    assert bench.effects() == ["a"]


def test_health(bench, queues, desk):
    bench.put("effect", title="a")
    with scope():
        told = jobs.health()
    assert (told["ok"], told["workers"]) == (True, 0)
    assert 0 <= told["oldest_seconds"] < 5
    courier = Courier(queues, list(queues.all), Nothing, 5)
    courier.register_birth()
    with scope():
        assert jobs.health()["workers"] == 1
    courier.register_death()
    queues.redis.close()
    jobs.disconnect()
    with scope():
        assert jobs.health()["ok"] is False


def test_cleaning_keeps_what_is_young_or_parked(bench, desk):
    ids = [bench.put("effect", title=str(number)) for number in range(4)]
    old = "finished_at = now() - interval '15 days'"
    bench.change(ids[0], f"state = 'done', {old}")
    bench.change(ids[1], "state = 'done', finished_at = now()")
    bench.change(ids[2], f"state = 'parked', {old}")
    with scope(), unit_of_work() as session:
        session.execute(
            text(
                "INSERT INTO core.session (id, created_at, seen_at, expires_at) VALUES"
                " (:a, now(), now(), now() - interval '1 s'), (:b, now(), now(), now() + interval '1 day')"
            ),
            {"a": uuid7().bytes, "b": uuid7().bytes},
        )
    with scope():
        assert sweeper.clean() == 2
    with desk.working(bench.tenant) as session:
        assert session.scalar(text("SELECT count(*) FROM core.outbox")) == 3
        assert session.scalar(text("SELECT count(*) FROM core.session")) == 1


def _url():
    from diwan.testing import database

    return database.join_servers().endpoints().redis_url
