"""The worker process: takes messages from RQ one after the other and delivers what they name.

It runs jobs in its own process, at four times the rate of a fork for each; lease and fence cover its death.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from redis import Redis
from rq import SimpleWorker
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq.utils import utcformat
from rq.worker_registration import clean_worker_registry

from diwan.jobs.faults import QUEUE_AWAY, database_away
from diwan.jobs.keeper import LeaseKeeper
from diwan.jobs.queue import Queues
from diwan.jobs.runner import LEASE, deliver

log = logging.getLogger("diwan.jobs")

Context = Callable[[], AbstractContextManager[object]]
BEAT = 5.0
"""Seconds between two signs of life in Redis."""
ALIVE = 90
"""Seconds without a sign after which a worker counts as dead."""
LOOK = 1
"""Seconds that one look into the queues waits; so quickly a worker sees that it shall stop."""


class Courier(SimpleWorker):
    """An RQ worker that only carries: results, registries and retries are PostgreSQL's; no remote commands."""

    def __init__(self, queues: Queues, choice: list[Queue], context: Context, seconds: float) -> None:
        name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        super().__init__(choice, name=name, connection=queues.redis, serializer=JSONSerializer)
        self.carrier, self.context, self.seconds = queues, context, seconds
        self.keeper = LeaseKeeper(seconds, self.heartbeat)
        self.delivered = 0
        self._beaten = self._asked = 0.0

    def stop(self, *_: object) -> None:
        """End after the current job; asked again later, at once (the job then goes to another worker)."""
        moment = time.monotonic()
        if self._stop_requested and moment - self._asked > 1:  # a terminal and a supervisor may both ask
            raise SystemExit(1)
        self._stop_requested, self._asked = True, moment

    def work(self, burst: bool = False, *_: Any, **__: Any) -> bool:
        """Work until told to stop; in a burst, until the queues are empty. Servers may come and go meanwhile."""
        self._begin()
        self.keeper.start()
        try:
            while not self._stop_requested:
                message = self._next(burst)
                if message is not None:
                    self._deliver(*message)
                elif burst:
                    break
        finally:
            self.keeper.stop()
            try:
                self.register_death()  # type: ignore[no-untyped-call]
            except QUEUE_AWAY:
                pass
        return self.delivered > 0

    def _deliver(self, tenant_id: int, outbox_id: UUID) -> None:
        """Deliver one message. Whatever goes wrong here, the row is still in the outbox."""
        try:
            with self.context():
                deliver(tenant_id, outbox_id, seconds=self.seconds, keeper=self.keeper)
            self.delivered += 1
        except Exception as error:
            if database_away(error):
                log.warning("the database is away, %s waits for the sweeper: %s", outbox_id, error)
            else:
                log.exception("delivery of %s failed", outbox_id)
            time.sleep(1)

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Tell Redis that this worker lives; a Redis that lost its data learns of it again."""
        if time.monotonic() - self._beaten < BEAT:
            return
        self._beaten = time.monotonic()
        self.last_heartbeat = datetime.now(UTC)
        with self.connection.pipeline() as batch:
            batch.hset(self.key, "last_heartbeat", utcformat(self.last_heartbeat))
            batch.expire(self.key, ALIVE)
            (new, _) = batch.execute()
        if new:
            self.register_birth()

    def register_birth(self) -> None:
        """Register without the check for a worker of the same name: names are random."""
        self.connection.delete(self.key)
        super().register_birth()  # type: ignore[no-untyped-call]
        self.connection.expire(self.key, ALIVE)

    def _set_connection(self, connection: Redis) -> Redis:
        """Leave the timeouts of the connection as they are: RQ's would let a dead server hang for minutes."""
        return connection

    def _begin(self) -> None:
        while not self._stop_requested:
            try:
                self.register_birth()
                for queue in self.queues:
                    clean_worker_registry(queue)
                return
            except QUEUE_AWAY as error:
                self._pause(error)

    def _next(self, burst: bool) -> tuple[int, UUID] | None:
        try:
            self.heartbeat()
            return self.carrier.take(self.queues, None if burst else LOOK)
        except QUEUE_AWAY as error:
            self._pause(error)
        except Exception:
            log.exception("a message could not be read")
        return None

    def _pause(self, error: Exception) -> None:
        log.warning("the queue is away, trying again: %s", error)
        self._beaten = 0.0
        time.sleep(1)


def work(
    queues: Queues,
    context: Context,
    *,
    only_quick: bool = False,
    seconds: float = LEASE,
    signals: bool = True,
) -> None:
    """Run one worker in this process until SIGTERM or SIGINT. `context` opens the application's context for one job.

    `only_quick` reserves the worker for events and mails, so that long jobs can never hold all of them up.
    """
    choice = [queues.quick] if only_quick else list(queues.all)
    courier = Courier(queues, choice, context, seconds)
    if signals:
        signal.signal(signal.SIGTERM, courier.stop)
        signal.signal(signal.SIGINT, courier.stop)
    log.info("worker %s listens on %s", courier.name, ", ".join(courier.queue_names()))
    courier.work()
