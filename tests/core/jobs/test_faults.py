"""Machines fail: processes killed, Valkey erased, PostgreSQL restarted. Every effect happens once and none is missing.

The servers and processes are this file's own; each test ends within seconds, however the fault goes.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import Process
from pathlib import Path

import psutil
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

sys.path.append(str(Path(__file__).parent))  # the forked processes find process.py by its name
import process

pytestmark = pytest.mark.slow
DEADLY = """
import os, signal

@plugin.job(attempts=1)
def bad():
    os.kill(os.getpid(), signal.SIGKILL)

@plugin.job
def good(): ...
"""


class Plant:
    """Servers that a test may kill; the supervisor starts them again."""

    def __init__(self, folder: Path) -> None:
        self.servers = Servers(folder / "home", durable=False)
        endpoints, secrets = self.servers.start(), self.servers.home.secrets()
        bootstrap(endpoints.admin_url, "faults", secrets.owner, secrets.app)
        self.endpoints = endpoints.for_database("faults")
        self.app_url, self.owner_url = self.endpoints.app_url, self.endpoints.owner_url
        migrations.upgrade(self.owner_url, migrations.core())
        self.log = folder / "scheduler.log"
        self._scheduler: Process | None = None

    def scheduler(self) -> Process:
        """The scheduler that most tests share."""
        if self._scheduler is None or not self._scheduler.is_alive():
            self._scheduler = self.start("scheduler", "--every", "0.3", log=self.log)
        return self._scheduler

    def stop_scheduler(self) -> None:
        if self._scheduler is not None:
            self._scheduler.terminate()
            self._scheduler.join(5)
            self._scheduler = None

    def start(self, *arguments: str, log: Path, path: Path | str = "") -> Process:
        return process.start(arguments, self.endpoints.environment(), log, str(path))

    def as_owner(self, statement: str) -> None:
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def know(self, plugin: str) -> None:
        """Note a plugin without tables as installed, as `diwan migrate` does."""
        self.as_owner(
            f"INSERT INTO core.plugin (name, state, version, updated_at) VALUES ('{plugin}', 'ready', '1.0', now())"
        )

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


def eventually(look: Callable[[], object], seconds: float = 30.0) -> object:
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
    made.stop_scheduler()
    made.servers.erase()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def core_database(plant):
    """Puts the fixtures of the other files onto these servers."""
    return plant


@pytest.fixture
def connected(plant, tmp_path):
    plant.as_owner("TRUNCATE core.outbox")
    Redis.from_url(plant.endpoints.redis_url).flushall()
    yield jobs.connect(Config(tmp_path, database_url=plant.app_url, redis_url=plant.endpoints.redis_url))
    jobs.disconnect()


@pytest.fixture
def start(plant, connected, tmp_path):
    """Start `diwan worker` or `diwan scheduler` as a process."""
    running = []

    def run(*arguments, path=""):
        running.append(plant.start(*arguments, log=tmp_path / f"{len(running)}.log", path=path))
        return running[-1]

    yield run
    for started in running:
        started.kill()
        started.join()
    for file in (*sorted(tmp_path.glob("*.log")), *plant.log.parent.glob("*.log")):  # shown only for a test that fails
        print(f"--- {file.name}\n{file.read_text()[-6000:]}")


@pytest.fixture
def worker(start):
    return lambda lease=1.5: start("worker", "--processes", "1", "--lease", str(lease))


@pytest.fixture
def scheduler(plant, connected):
    return plant.scheduler()


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
    eventually(lambda: bench.effects() == expected)
    assert first.is_alive()
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
    worker(lease=2)
    worker(lease=2)
    id_ = bench.put("slow", title="a", seconds=5)
    eventually(state(bench, id_, "done"))
    assert (bench.row(id_).attempts, bench.effects()) == (1, ["a"])


def test_a_worker_that_was_frozen_cannot_commit_what_another_has_done(bench, worker, scheduler):
    first = worker(lease=1)
    id_ = bench.put("sleep", title="a", seconds=2)
    eventually(state(bench, id_, "leased"))
    time.sleep(0.3)  # asleep by now; frozen inside a statement it would hold the row, and nobody could take it over
    os.kill(first.pid, signal.SIGSTOP)
    try:
        worker(lease=5)
        eventually(state(bench, id_, "done"))
    finally:
        os.kill(first.pid, signal.SIGCONT)
    after = bench.put("effect", title="b")
    eventually(state(bench, after, "done"))
    time.sleep(1)  # what the first one had open has ended by now
    assert bench.effects() == ["a", "b"]
    assert first.is_alive()


def test_postgres_restarts_under_a_job(bench, plant, worker, scheduler):
    first = worker()
    id_ = bench.put("slow", title="a", seconds=1.5)
    eventually(lambda: bench.row(id_).progress)
    plant.restart_postgres()
    eventually(state(bench, id_, "done"))
    assert bench.effects() == ["a"]
    assert bench.row(id_).attempts == 1  # the job was not to blame
    assert first.is_alive()
    assert scheduler.is_alive()


def test_sigterm_lets_the_job_finish(bench, worker):
    first = worker()
    id_ = bench.put("slow", title="a", seconds=1)
    eventually(lambda: bench.row(id_).progress)
    first.terminate()
    first.join(10)
    assert first.exitcode == 0
    assert bench.row(id_).state == "done"


def test_asked_twice_a_worker_hands_its_job_on_at_once(bench, worker, scheduler):
    first = worker(lease=600)
    id_ = bench.put("slow", title="a", seconds=20)
    eventually(lambda: bench.row(id_).progress)
    first.terminate()
    time.sleep(1.2)
    first.terminate()
    first.join(10)
    assert bench.row(id_).state == "ready"
    assert bench.effects() == []
    with scope(tenant=bench.tenant), unit_of_work() as session:
        session.execute(text("UPDATE core.outbox SET payload = payload || '{\"seconds\": 0}' WHERE tenant_id = :t"),
                        {"t": bench.tenant.id})  # fmt: skip
    worker()
    eventually(state(bench, id_, "done"))
    assert bench.effects() == ["a"]


def test_a_job_that_kills_its_workers_is_parked_and_the_others_go_on(desk, samples, plant, start, shelf, scheduler):
    shelf.write("deadly", DEADLY)
    shelf.activate()
    plant.know("deadly")
    tenant = desk.tenant("deadly")
    parent = start("worker", "--processes", "2", "--lease", "0.8", path=shelf.folder)
    with desk.working(tenant):
        ids = {name: jobs.enqueue(f"deadly.{name}") for name in ("bad", "good")}

    def states():
        with desk.working(tenant):
            return {name: jobs.status(id_).state for name, id_ in ids.items()}

    eventually(lambda: states() == {"bad": "parked", "good": "done"})
    children = psutil.Process(parent.pid).children()
    assert len(children) == 2
    parent.terminate()
    parent.join(20)
    assert parent.exitcode == 0
    assert not any(child.is_running() for child in children)


def test_two_schedulers_fire_once(desk, samples, plant, start, shelf):
    shelf.write("ticking", "@plugin.schedule('* * * * * *')\ndef tick(): ...\n")
    shelf.activate()
    tenant = desk.tenant("ticking")
    plant.know("ticking")
    plant.stop_scheduler()

    def rows():
        with scope(tenant=tenant), unit_of_work() as session:
            return session.execute(
                text("SELECT id, created_at FROM core.outbox WHERE tenant_id = :t AND name = 'ticking.tick'"),
                {"t": tenant.id},
            ).all()

    both = [start("scheduler", "--every", "0.2", path=shelf.folder) for _ in range(2)]
    eventually(lambda: len(rows()) >= 3)
    with scope(), unit_of_work() as session:
        leader = session.scalar(text("SELECT holder FROM core.scheduler_lease"))
    first = next(each for each in both if f"-{each.pid}-" in leader)
    first.terminate()  # the other one takes over at once
    first.join(10)
    count = len(rows())
    eventually(lambda: len(rows()) >= count + 3)
    found = rows()
    span = max(row.created_at for row in found) - min(row.created_at for row in found)
    assert len(found) <= span.total_seconds() + 2  # one a second, not two
