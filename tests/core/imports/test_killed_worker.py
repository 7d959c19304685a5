"""A worker killed with -9 in the middle of an import: another one goes on, and no row is imported twice.

It must kill a real process that holds a real transaction.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any
from uuid import UUID

import pytest

from diwan.config import Config
from diwan.db import unit_of_work
from diwan.imports import run as running
from diwan.imports import service, undo
from diwan.jobs import deliver

ROWS = 3_000
LEASE = 2.0

# What a worker does, without a queue in between: deliver one message. Batches are small, so that the kill hits one.
WORKER = """
import sys
from uuid import UUID
from diwan.app import create_app
from diwan.imports import run, undo
from diwan.jobs import deliver
run.BATCH = undo.BATCH = 50
with create_app().app_context():
    print("ready", flush=True)
    print(deliver(int(sys.argv[1]), UUID(sys.argv[2]), seconds=float(sys.argv[3])), flush=True)
"""


def environment(config: Config) -> dict[str, str]:
    return {
        **os.environ,
        "DIWAN_HOME": str(config.home),
        "DATABASE_URL": config.database_url,
        "REDIS_URL": config.redis_url,
        "DIWAN_SECRET_KEY": config.secret_key,
        "DIWAN_TESTING": "1",
    }


def kill_in_the_middle(importer: Any, config: Config, run: UUID, least: int) -> None:
    """Start a worker, wait until it has committed some batches, kill it."""
    job = importer.state(run).job_id
    arguments = [sys.executable, "-c", WORKER, str(importer.business.tenant.id), str(job), str(LEASE)]
    with subprocess.Popen(arguments, env=environment(config), stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        end = time.monotonic() + 60
        while importer.state(run).done < least:
            assert time.monotonic() < end, "the worker does nothing"
            assert worker.poll() is None, "the worker finished before it was killed"
            time.sleep(0.005)
        os.kill(worker.pid, signal.SIGKILL)
    assert 0 < importer.state(run).done < ROWS


def take_over(importer: Any, run: UUID) -> None:
    """Be the next worker: the lease of the dead one has to end first."""
    job = importer.state(run).job_id
    assert job is not None
    end = time.monotonic() + 60
    with importer.business.world.app.app_context():
        while deliver(importer.business.tenant.id, job) != "done":
            assert time.monotonic() < end, "nobody takes the job over"
            time.sleep(0.1)


@pytest.mark.slow
def test_nothing_is_imported_twice_and_nothing_is_left_out(
    importer: Any, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 500)
    monkeypatch.setattr(undo, "BATCH", 500)
    # Row 1,501 breaks a rule, and without a match key nothing but the outcomes themselves prevents a duplicate.
    names = [f"N{i:05},n{i}@x.org\n" if i != 1_500 else "Bad,no address\n" for i in range(ROWS)]
    run = importer.upload("name,email\n" + "".join(names))
    importer.check(run, match_field="", mode="create")
    importer.do(run, service.begin)

    kill_in_the_middle(importer, config, run, least=200)
    take_over(importer, run)
    done = importer.state(run)
    assert (done.state, done.done, done.created, done.failed) == ("done", ROWS, ROWS - 1, 1)
    assert importer.contacts() == sorted(f"N{i:05}" for i in range(ROWS) if i != 1_500)
    assert [number for number, _outcome, _problem in importer.rows(run)] == list(range(2, ROWS + 2))
    audit = importer.query("SELECT count(*) FROM core.audit_entry WHERE tenant_id = :t AND action = 'create'")
    assert audit[0][0] == ROWS - 1

    with importer.business.acting(), unit_of_work():
        service.begin_undo(service.get_run(run, lock=True))
    kill_in_the_middle(importer, config, run, least=200)
    take_over(importer, run)
    assert (importer.state(run).state, importer.state(run).done, importer.contacts()) == ("undone", ROWS - 1, [])
