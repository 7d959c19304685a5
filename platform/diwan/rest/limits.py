"""How often a token may call: so many requests a minute, told in each answer.

It must never stop a request because the counting server is away.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import Flask, Response, g

from diwan.config import Config
from diwan.errors import TooMany
from diwan.jobs.counters import Counters
from diwan.kit.i18n import ngettext
from diwan.kit.ids import sha256

WINDOW = 60
"""Seconds."""
EXTENSION = "diwan.rest.limit"


@dataclass(frozen=True, slots=True)
class Limit:
    """`quota` requests of a token in each window of the clock; 0 is no limit."""

    quota: int
    counters: Counters

    def take(self, secret: str) -> None:
        """Count one request. Raises TooMany for one beyond the quota."""
        if not self.quota:
            return
        moment = time.time()
        window = int(moment // WINDOW)
        left = max(1, round((window + 1) * WINDOW - moment))
        number = self.counters.count(f"{sha256(secret)[:16].hex()}:{window}", WINDOW)
        if number is None:
            return
        g.rate_left = max(0, self.quota - number), left
        if number > self.quota:
            raise TooMany(
                ngettext(
                    "This token has made its %(quota)s requests of this minute. Go on in %(n)d second.",
                    "This token has made its %(quota)s requests of this minute. Go on in %(n)d seconds.",
                    left,
                    quota=self.quota,
                ),
                retry_after=left,
            )

    def tell(self, response: Response) -> None:
        """Write what is left into the answer (draft-ietf-httpapi-ratelimit-headers-10)."""
        found = g.get("rate_left")
        if found is not None:
            response.headers["RateLimit-Policy"] = f'"token";q={self.quota};w={WINDOW}'
            response.headers["RateLimit"] = f'"token";r={found[0]};t={found[1]}'


def configure(app: Flask) -> None:
    """Give the application its limit, as its settings say."""
    config: Config = app.config["DIWAN"]
    app.extensions[EXTENSION] = Limit(config.api_rate, Counters.of(config))
