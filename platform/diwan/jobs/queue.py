"""The RQ queues: how ids of committed outbox rows reach the workers. JSON only, and no code is named by a message.

It may lose everything at any time; it must never make a request wait for it or fail.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.exceptions import DequeueTimeout
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import as_text
from sqlalchemy.engine import make_url

from diwan.config import Config
from diwan.events import outbox
from diwan.events.outbox import Message
from diwan.jobs.faults import QUEUE_AWAY

log = logging.getLogger("diwan.jobs")

FUNCTION = "diwan.jobs.deliver"
"""Only a label for tools that look into RQ: a worker reads the id of a message and imports nothing that one names."""
KEEP = 600
"""Seconds that a message lives: the longest delay of one that is lost in the moment between queue and worker."""
PAUSE = 5.0
"""Seconds that commits do not try a queue which did not answer; the sweeper brings their rows later."""


@dataclass(slots=True)
class Queues:
    """The queues of one installation. Several may share a server: names carry the database's name.

    `quick` is for events and mails, `work` for jobs that may take long. A message is forgotten after `keep` seconds,
    so that one which was lost on its way can be sent again.
    """

    redis: Redis
    quick: Queue
    work: Queue
    keep: int = KEEP
    _away_until: float = field(default=0.0)

    @classmethod
    def of(cls, config: Config, *, keep: int = KEEP) -> Queues:
        """Return the queues that a configuration names; opens no connection."""
        redis = Redis.from_url(
            config.redis_url,
            socket_connect_timeout=1,
            socket_timeout=5,
            health_check_interval=30,
            retry=Retry(NoBackoff(), 1),
        )
        name = make_url(config.database_url).database or "diwan"
        quick, work = (
            Queue(f"{name}:{part}", connection=redis, serializer=JSONSerializer) for part in ("quick", "work")
        )
        return cls(redis, quick, work, keep)

    @property
    def all(self) -> tuple[Queue, Queue]:
        """All queues, in the order in which a worker looks for messages."""
        return self.quick, self.work

    def carry(self, messages: Sequence[Message]) -> None:
        """Bring the rows of a commit to the workers; never raises and never waits for long."""
        if time.monotonic() < self._away_until:
            return
        try:
            self.push(messages)
        except QUEUE_AWAY as error:
            self._away_until = time.monotonic() + PAUSE
            log.warning("the queue is away, %d messages wait for the sweeper: %s", len(messages), error)

    def push(self, messages: Sequence[Message]) -> None:
        """Send messages; raises where the queue does not answer."""
        for queue, kinds in ((self.quick, ("event", "mail")), (self.work, ("job",))):
            chosen = {message_id(message): message for message in messages if message.kind in kinds}
            if chosen:
                queue.enqueue_many(
                    [
                        Queue.prepare_data(
                            FUNCTION,
                            args=(message.tenant_id, str(message.id)),
                            kwargs={},
                            job_id=name,
                            ttl=self.keep,
                            result_ttl=0,
                            failure_ttl=0,
                            description=FUNCTION,
                        )
                        for name, message in chosen.items()
                    ]
                )

    def missing(self, messages: Sequence[Message]) -> list[Message]:
        """Return those that are not on their way already."""
        with self.redis.pipeline(transaction=False) as pipeline:
            for message in messages:
                pipeline.exists(Job.key_for(message_id(message)))
            there = pipeline.execute()
        return [message for message, exists in zip(messages, there, strict=True) if not exists]

    def waiting(self) -> int:
        """Return how many messages wait (those whose time is over count until a worker has passed them)."""
        return sum(int(queue.count) for queue in self.all)

    def of_tenant(self, tenant_id: int) -> list[str]:
        """Return the ids of the messages of one tenant."""
        return [name for queue in self.all for name in queue.get_job_ids() if name.startswith(f"{tenant_id}-")]

    def forget(self, tenant_id: int) -> int:
        """Take the messages of one tenant out of the queues; return how many. Raises where the queue is away."""
        names = self.of_tenant(tenant_id)
        with self.redis.pipeline(transaction=False) as pipeline:
            for name in names:
                for queue in self.all:
                    pipeline.lrem(queue.key, 0, name)
                pipeline.delete(Job.key_for(name))
            pipeline.execute()
        return len(names)

    def take(self, queues: Sequence[Queue], wait: int | None) -> tuple[int, UUID] | None:
        """Return the tenant and the row that the next message names; waits some seconds for one, or not at all.

        The message is gone then: from here on the lease guards the row. Messages whose time is over are passed.
        """
        keys = [queue.key for queue in queues]
        while True:
            try:
                found = Queue.lpop(keys, wait, connection=self.redis)
            except DequeueTimeout:
                return None
            if found is None:
                return None
            name = as_text(found[1])
            if self.redis.delete(Job.key_for(name)):
                tenant_id, _, rest = name.partition("-")
                return int(tenant_id), UUID(rest.rpartition("-")[0])


def message_id(message: Message) -> str:
    """Return the RQ id of a delivery: the same row under the same fence is one message, however often it is sent."""
    return f"{message.tenant_id}-{message.id}-{message.fence}"


_queues: list[Queues] = []


def connect(config: Config, *, keep: int = KEEP) -> Queues:
    """Make commits of this process push to the queues of `config`; opens no connection."""
    queues = Queues.of(config, keep=keep)
    _queues[:] = [queues]
    outbox.carry_with(queues.carry)
    return queues


def disconnect() -> None:
    """Undo connect(): rows wait in the outbox."""
    outbox.carry_with(None)
    for queues in _queues:
        queues.redis.close()
    _queues.clear()


def connected() -> Queues | None:
    """Return the queues of this process, if connect() was called."""
    return _queues[-1] if _queues else None
