"""`diwan worker` and `diwan scheduler`: the two processes that do what the outbox holds.

They must not start servers nor migrate; both wait for servers that are away instead of ending.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import click

from diwan.config import Config

if TYPE_CHECKING:
    from diwan.jobs.queue import Queues

STOP_SECONDS = 30.0
"""How long a worker may finish its job when it is told to stop; then another one takes the job over."""
LOOK_AGAIN = 10.0
"""Seconds between two looks at the database while plugins wait for their migration."""


def register(group: click.Group) -> None:
    """Add `worker` and `scheduler`."""
    for command in (worker, scheduler):
        group.add_command(command)


@click.command()
@click.option("--processes", type=click.IntRange(1, 256), help="Workers on this machine. [DIWAN_JOB_WORKERS, else 2]")
@click.option("--lease", type=float, default=60.0, show_default=True, help="Seconds till a dead worker's job moves on.")
@click.option("--only-quick", is_flag=True, help="Only events and mails (of several processes, the first does so).")
def worker(processes: int | None, lease: float, only_quick: bool) -> None:
    """Do jobs, deliver events, send mails. SIGTERM lets the current job finish."""
    _log()
    config = Config.from_env().require_servers()
    count = processes or config.job_workers
    if count > 1:
        _supervise(count, lease)
        return
    from diwan.jobs.worker import work

    context, queues = _application(config)
    work(queues, context, only_quick=only_quick, seconds=lease)


@click.command()
@click.option("--every", type=float, default=2.0, show_default=True, help="Seconds between two rounds.")
def scheduler(every: float) -> None:
    """Send again what was lost, fire schedules, clean up. Several may run: one leads."""
    _log()
    from diwan.jobs.scheduler import Scheduler

    context, queues = _application(Config.from_env().require_servers())
    process = Scheduler(queues, context, every=every)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, process.stop)
    process.run()


def _supervise(count: int, lease: float) -> None:
    """Keep workers running, each a process of its own: one that a job kills is replaced."""
    from diwan.embedded import Child, Supervisor

    command = [sys.executable, "-P", "-m", "diwan", "worker", "--processes", "1", "--lease", str(lease)]
    children = [
        # Long jobs on all other processes must not hold up a mail: the first one keeps free of them.
        Child(str(number), [*command, *(["--only-quick"] if number == 1 else [])], stop_seconds=STOP_SECONDS)
        for number in range(1, count + 1)
    ]
    Supervisor(children).run()


def _application(config: Config) -> tuple[Callable[[], AbstractContextManager[object]], Queues]:
    """Return what opens the application's context, and the queues."""
    from diwan import jobs
    from diwan.app import create_app
    from diwan.db import current
    from diwan.kernel import deploy
    from diwan.kernel.catalogue import installed

    app = create_app(config)
    looked = [-LOOK_AGAIN]

    @contextmanager
    def context() -> Iterator[None]:
        with app.app_context():
            waiting = looked[0] < 0 or any(entry.state == "unmigrated" for entry in installed().stopped)
            if waiting and time.monotonic() - looked[0] > LOOK_AGAIN:
                deploy.refresh(current.session)
                current.session.rollback()
                looked[0] = time.monotonic()
            yield

    queues = jobs.connected()
    assert queues is not None, "create_app connects the queues"  # noqa: S101
    return context, queues


def _log() -> None:
    logging.getLogger("diwan").setLevel(logging.INFO)
