"""Counters of one minute each, for limits of use: counted in the process, shared through Valkey once a second.

They may be lost or away at any time: a process then knows only its own requests, and lets the more pass.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.engine import make_url

from diwan.config import Config
from diwan.jobs.faults import QUEUE_AWAY

log = logging.getLogger("diwan.jobs")

WINDOW = 60
"""Seconds that a counter lives: a minute of the clock, the same for all processes."""
EVERY = 1.0
"""Seconds between two exchanges with the other processes. Asking Valkey at each request costs 0.15 ms on one machine
and a round trip more between two; counting here costs 1 µs, also when a flood comes. In return a limit may be
overstepped by what reaches the other processes within a second."""
PATIENCE = 0.2
"""Seconds that an exchange waits for the server at most."""
PAUSE = 5.0
"""Seconds that nobody asks a server which did not answer."""
MOST = 1_000
"""Counters in one exchange."""


@dataclass(slots=True)
class _Count:
    """`known`: what the server said last; `own`: what came to this process since."""

    known: int = 0
    own: int = 0


@dataclass(slots=True)
class Counters:
    """The counters of one process. Several installations may share a server: keys carry the database's name."""

    redis: Redis
    prefix: str
    away_until: float = 0.0
    _minute: int = 0
    _counts: dict[str, _Count] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, config: Config) -> Counters:
        """Return the counters that a configuration names; opens no connection."""
        redis = Redis.from_url(
            config.redis_url,
            socket_connect_timeout=PATIENCE,
            socket_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 1),
        )
        return cls(redis, f"{make_url(config.database_url).database or 'diwan'}:count:")

    def add(self, *keys: str) -> tuple[int, ...]:
        """Count a request under each key; return how many there were this minute, as far as this process knows."""
        minute, moment = int(time.time() // WINDOW), time.monotonic()
        with self._lock:
            if minute != self._minute:
                self._minute = minute
                self._counts.clear()
                self._changed.clear()
            numbers = []
            for key in keys:
                count = self._counts.get(key)
                if count is None:
                    count = self._counts[key] = _Count()
                count.own += 1
                numbers.append(count.known + count.own)
            self._changed.update(keys)
            due = moment >= self._next
            if due:
                self._next = moment + EVERY
        if due:
            self.exchange()
        return tuple(numbers)

    def exchange(self) -> None:
        """Tell the server what came to this process, and learn what came to the others; never raises."""
        if time.monotonic() < self.away_until:
            return
        with self._lock:
            minute = self._minute
            keys = [self._changed.pop() for _n in range(min(len(self._changed), MOST))]
            sent = {key: self._counts[key].own for key in keys}
        try:
            with self.redis.pipeline(transaction=False) as pipeline:
                for key, number in sent.items():
                    name = f"{self.prefix}{key}:{minute}"
                    pipeline.incrby(name, number)
                    pipeline.expire(name, 2 * WINDOW)
                totals = pipeline.execute()[::2] if sent else []
        except QUEUE_AWAY as error:
            self.away_until = time.monotonic() + PAUSE
            log.warning("limits are counted by each process alone, the server is away: %s", error)
            with self._lock:
                self._changed.update(sent.keys() & self._counts.keys())
            return
        with self._lock:
            for (key, number), total in zip(sent.items(), totals, strict=True):
                count = self._counts.get(key)
                if minute == self._minute and count is not None:
                    count.known, count.own = int(total), count.own - number
