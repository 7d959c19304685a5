"""Machines fail: processes killed, Valkey erased, PostgreSQL restarted. Every effect happens once and none is missing.

The servers and processes are this file's own; each test ends within seconds, however the fault goes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from diwan import jobs
from diwan.config import Config
from diwan.db import migrate as migrations
from diwan.db import scope, unit_of_work
from diwan.db.bootstrap import bootstrap
from diwan.embedded import Servers

PROCESS = Path(__file__).with_name("process.py")


class Plant:
    """Servers that a test may kill; the supervisor starts them again."""

    def __init__(self, folder: Path) -> None:
        self.servers = Servers(folder / "home", durable=False)
        endpoints, secrets = self.servers.start(), self.servers.home.secrets()
        bootstrap(endpoints.admin_url, "faults", secrets.owner, secrets.app)
        self.endpoints = endpoints.for_database("faults")
        self.app_url, self.owner_url = self.endpoints.app_url, self.endpoints.owner_url
        migrations.upgrade(self.owner_url, migrations.core())

    def as_owner(self, statement: str) -> None:
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def erase_valkey(self) -> None:
        """Take its data and its life."""
        Redis.from_url(self.endpoints.redis_url).flushall()
        before = self.servers.status().valkey
        os.kill(before, signal.SIGKILL)
        eventually(lambda: self.servers.status().valkey != before)

    def restart_postgres(self) -> None:
        """End it as an operator does: every connection breaks."""
        before = self.servers.status().postgres
        os.kill(before, signal.SIGINT)
        eventually(lambda: self.servers.status().postgres != before)


def eventually(look: Callable[[], object], seconds: float = 15.0) -> object:
    """Look until the answer is true; the database may be away meanwhile."""
    end = time.monotonic() + seconds
    while True:
        try:
            if answer := look():
                return answer
        except (DBAPIError, psycopg.OperationalError):
            pass
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def plant():
    folder = Path(tempfile.mkdtemp(prefix="diwan-faults-"))
    folder.chmod(0o755)
    made = Plant(folder)
    yield made
    made.servers.erase()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def core_database(plant):
    """Puts the fixtures of the other files onto these servers."""
    return plant


@pytest.fixture
def connected(plant, tmp_path):
    plant.as_owner("TRUNCATE core.outbox, core.scheduler_lease")
    Redis.from_url(plant.endpoints.redis_url).flushall()
    yield jobs.connect(Config(tmp_path, database_url=plant.app_url, redis_url=plant.endpoints.redis_url))
    jobs.disconnect()


@pytest.fixture
def start(plant, connected, tmp_path):
    """Start `diwan worker` or `diwan scheduler` as a process."""
    running = []

    def run(*arguments, path=""):
        env = {**os.environ, **plant.endpoints.environment(), "PYTHONPATH": str(path)}
        with (tmp_path / f"{len(running)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(PROCESS), *arguments], env=env, stdout=log, stderr=log, start_new_session=True
            )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()
    for file in sorted(tmp_path.glob("*.log")):  # shown only for a test that fails
        print(f"--- {file.name}\n{file.read_text()[-6000:]}")


@pytest.fixture
def worker(start):
    return lambda lease=1.5: start("worker", "--processes", "1", "--lease", str(lease))


@pytest.fixture
def scheduler(start):
    return start("scheduler", "--every", "0.3")


def state(bench, id_, wanted):
    return lambda: bench.row(id_).state == wanted


def test_valkey_loses_all_its_data_and_no_job_is_lost(bench, plant, worker, scheduler):
    first = worker()
    for number in range(100):
        bench.put("effect", title=f"{number:03}")
    eventually(bench.effects)  # it works
    plant.erase_valkey()
    for number in range(100, 200):
        bench.put("effect", title=f"{number:03}")
    expected = [f"{number:03}" for number in range(200)]
    eventually(lambda: bench.effects() == expected, 20)
    assert first.poll() is None
    time.sleep(0.7)  # two more sweeps find nothing to do again
    assert bench.effects() == expected


def test_a_worker_killed_in_mid_job(bench, worker, scheduler):
    first = worker()
    id_ = bench.put("slow", title="a", seconds=1)
    eventually(lambda: bench.row(id_).progress)
    first.kill()
    worker()
    eventually(state(bench, id_, "done"))
    assert bench.effects() == ["a"]
    assert bench.row(id_).attempts == 2


def test_a_worker_killed_between_batches(bench, worker, scheduler):
    first = worker()
    id_ = bench.put("batches", title="a", total=30, pause=0.05)
    eventually(lambda: len(bench.effects()) >= 5)
    first.kill()
    assert len(bench.effects()) < 30
    worker()
    eventually(state(bench, id_, "done"))
    assert bench.effects() == sorted(f"a {number}" for number in range(30))


def test_a_long_job_keeps_its_lease(bench, worker, scheduler):
    worker(lease=1)
    worker(lease=1)
    id_ = bench.put("slow", title="a", seconds=3)
    eventually(state(bench, id_, "done"))
    assert (bench.row(id_).attempts, bench.effects()) == (1, ["a"])


def test_a_worker_that_was_frozen_cannot_commit_what_another_has_done(bench, worker, scheduler):
    first = worker(lease=1)
    id_ = bench.put("slow", title="a", seconds=2)
    eventually(lambda: bench.row(id_).progress)
    first.send_signal(signal.SIGSTOP)
    try:
        worker(lease=5)
        eventually(state(bench, id_, "done"))
    finally:
        first.send_signal(signal.SIGCONT)
    after = bench.put("effect", title="b")
    eventually(state(bench, after, "done"))
    time.sleep(1)  # what the first one had open has ended by now
    assert bench.effects() == ["a", "b"]
    assert first.poll() is None


def test_postgres_restarts_under_a_job(bench, plant, worker, scheduler):
    process = worker()
    id_ = bench.put("slow", title="a", seconds=1.5)
    eventually(lambda: bench.row(id_).progress)
    plant.restart_postgres()
    eventually(state(bench, id_, "done"), 20)
    assert bench.effects() == ["a"]
    assert bench.row(id_).attempts == 1  # the job was not to blame
    assert (process.poll(), scheduler.poll()) == (None, None)


def test_sigterm_lets_the_job_finish(bench, worker):
    process = worker()
    id_ = bench.put("slow", title="a", seconds=1)
    eventually(lambda: bench.row(id_).progress)
    process.terminate()
    assert process.wait(10) == 0
    assert bench.row(id_).state == "done"


def test_asked_twice_a_worker_hands_its_job_on_at_once(bench, worker, scheduler):
    process = worker(lease=600)
    id_ = bench.put("slow", title="a", seconds=6)
    eventually(lambda: bench.row(id_).progress)
    process.terminate()
    time.sleep(1.2)
    process.terminate()
    process.wait(5)
    assert bench.row(id_).state == "ready"
    assert bench.effects() == []
    with scope(tenant=bench.tenant), unit_of_work() as session:
        session.execute(text("UPDATE core.outbox SET payload = payload || '{\"seconds\": 0}' WHERE tenant_id = :t"),
                        {"t": bench.tenant.id})  # fmt: skip
    worker()
    eventually(state(bench, id_, "done"))
    assert bench.effects() == ["a"]


def test_a_job_that_kills_its_workers_is_parked_and_the_others_go_on(bench, start, scheduler):
    import psutil

    parent = start("worker", "--processes", "2", "--lease", "0.8")
    eventually(lambda: len(psutil.Process(parent.pid).children()) == 2)
    before = {child.pid for child in psutil.Process(parent.pid).children()}
    bad, good = bench.put("suicide"), bench.put("effect", title="a")
    eventually(state(bench, good, "done"))
    eventually(lambda: bench.row(bad).attempts >= 1)
    bench.change(bad, "attempts = 2")
    eventually(state(bench, bad, "parked"), 20)
    after = {child.pid for child in psutil.Process(parent.pid).children()}
    assert after != before
    parent.terminate()
    assert parent.wait(10) == 0
    assert not any(psutil.pid_exists(pid) for pid in after)


def test_two_schedulers_fire_once(desk, samples, plant, start, shelf):
    shelf.write("ticking", "@plugin.schedule('* * * * * *')\ndef tick(): ...\n")
    shelf.activate()
    tenant = desk.tenant("ticking")
    plant.as_owner(
        "INSERT INTO core.plugin (name, state, version, updated_at) VALUES ('ticking', 'ready', '1.0', now())"
    )

    def rows():
        with scope(tenant=tenant), unit_of_work() as session:
            return session.execute(
                text("SELECT id, created_at FROM core.outbox WHERE tenant_id = :t AND name = 'ticking.tick'"),
                {"t": tenant.id},
            ).all()

    try:
        both = [start("scheduler", "--every", "0.2", path=shelf.folder) for _ in range(2)]
        eventually(lambda: len(rows()) >= 4)
        with scope(), unit_of_work() as session:
            leader = session.scalar(text("SELECT holder FROM core.scheduler_lease"))
        first = next(process for process in both if f"-{process.pid}-" in leader)
        first.terminate()  # the other one takes over at once
        first.wait(5)
        count = len(rows())
        eventually(lambda: len(rows()) >= count + 3)
    finally:
        plant.as_owner("DELETE FROM core.plugin WHERE name = 'ticking'")
    found = rows()
    span = max(row.created_at for row in found) - min(row.created_at for row in found)
    assert len(found) <= span.total_seconds() + 2  # one a second, not two
