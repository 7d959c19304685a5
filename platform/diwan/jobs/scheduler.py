"""The scheduler process: sweeps, fires schedules and cleans up, if it holds the lead; otherwise it waits to.

Any number may run. It must live through the loss of PostgreSQL and of the queue.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from diwan.db.base import now
from diwan.jobs import chores, leader, schedules, sweeper
from diwan.jobs.faults import QUEUE_AWAY, database_away
from diwan.jobs.queue import Queues
from diwan.kit.stopping import Stop

log = logging.getLogger("diwan.jobs")

SWEEP = 2.0
LEAD = 15.0
CLEAN = 3600.0


@dataclass(slots=True)
class Scheduler:
    """One scheduler. `every` is the pause between two rounds, `lead` the length of the lease, both in seconds."""

    queues: Queues
    context: Callable[[], AbstractContextManager[object]]
    every: float = SWEEP
    lead: float = LEAD
    holder: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}")
    stopping: Stop = field(default_factory=Stop)
    leads: bool = False
    _cleaned: float = field(default=0.0)

    def stop(self, *_: object) -> None:
        """End after this round."""
        self.stopping.set()

    def run(self) -> None:
        """Work until stopped. A server that is away is waited for."""
        while not self.stopping.is_set():
            try:
                self.round()
            except Exception as error:
                if database_away(error):
                    log.warning("the database is away, trying again: %s", error)
                else:
                    log.exception("a round of the scheduler failed")
            self.stopping.wait(self.every)
        try:
            with self.context():
                leader.release(self.holder)
        except Exception as error:  # noqa: BLE001 - the lease ends by itself
            log.debug("the lead was not given back: %s", error)

    def round(self) -> bool:
        """Do what is to be done now; False where another scheduler leads."""
        with self.context():
            moment = now()
            since = leader.acquire(self.holder, self.lead)
        if self.leads != (since is not None):
            self.leads = since is not None
            log.info("scheduler %s %s", self.holder, "leads" if self.leads else "waits")
        if since is None:
            return False
        self._sweep()
        self._fire(since, moment)
        self._do_chores()
        self._clean()
        return True

    def _sweep(self) -> None:
        try:
            with self.context():
                sent = sweeper.sweep(self.queues)
            if sent:
                log.info("%d messages sent again", sent)
        except QUEUE_AWAY as error:  # schedules go on: their rows wait in the outbox
            log.warning("the queue is away, trying again: %s", error)

    def _fire(self, since: datetime, moment: datetime) -> None:
        with self.context():
            fired = schedules.fire(since, moment)
            leader.checked(self.holder, moment)
        if fired:
            log.info("%d scheduled jobs", fired)

    def _do_chores(self) -> None:
        for name, chore in chores.of_all():
            try:
                with self.context():
                    chore()
            except Exception as error:  # one that fails must not keep the others, nor the schedules, from their turn
                if database_away(error):
                    raise
                log.exception("the chore %s failed", name)

    def _clean(self) -> None:
        if self._cleaned and time.monotonic() - self._cleaned < CLEAN:
            return
        self._cleaned = time.monotonic()
        with self.context():
            deleted = sweeper.clean()
        if deleted:
            log.info("%d old rows deleted", deleted)
