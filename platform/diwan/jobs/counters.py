"""Counters that are forgotten after a while, for limits of use: kept in Valkey, one round trip each.

They may be lost or away at any time: who asks then gets no answer, and must let the request pass.
"""

from __future__ import annotations

import logging
import time

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.engine import make_url

from diwan.config import Config
from diwan.jobs.faults import QUEUE_AWAY

log = logging.getLogger("diwan.jobs")

PATIENCE = 0.2
"""Seconds that a request waits for the server at most."""
PAUSE = 5.0
"""Seconds that nobody asks a server which did not answer."""


class Counters:
    """The counters of one installation. Several may share a server: keys carry the database's name."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._prefix = redis, prefix
        self._away_until = 0.0

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

    def count(self, key: str, seconds: int) -> int | None:
        """Add one to a counter that lives for some seconds from its first; return it, or None where nobody answers."""
        if time.monotonic() < self._away_until:
            return None
        name = self._prefix + key
        try:
            number = int(self._redis.incr(name))
            if number == 1:
                self._redis.expire(name, seconds)
        except QUEUE_AWAY as error:
            self._away_until = time.monotonic() + PAUSE
            log.warning("limits are not counted, the server is away: %s", error)
            return None
        return number
