"""Slows guessing down: each try beyond a few free ones must wait twice as long as the one before.

Counting is outside the unit of work, so that the rollback of a refused request does not forget it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

from diwan.db.base import now
from diwan.db.direct import fetch_row
from diwan.errors import TooMany
from diwan.kit.i18n import ngettext
from diwan.kit.ids import sha256

log = logging.getLogger(__name__)

# One statement both asks and counts, so that parallel tries cannot slip between the two. No row: too early.
TAKE: Final = """INSERT INTO core.throttle AS t (key, hits, at) VALUES (%(key)s, 1, %(now)s)
    ON CONFLICT (key) DO UPDATE SET at = excluded.at,
        hits = CASE WHEN t.at < %(now)s - make_interval(secs => %(window)s) THEN 1 ELSE t.hits + 1 END
    WHERE t.at + make_interval(secs => CASE WHEN t.hits < %(free)s THEN 0
        ELSE least(%(longest)s, %(wait)s * 2.0 ^ least(t.hits - %(free)s, 20)) END) <= %(now)s
    RETURNING hits"""
WAIT: Final = """SELECT extract(epoch FROM at - %(now)s)::float8 + CASE WHEN hits < %(free)s THEN 0
    ELSE least(%(longest)s, %(wait)s * 2.0 ^ least(hits - %(free)s, 20)) END AS seconds
    FROM core.throttle WHERE key = %(key)s"""


@dataclass(frozen=True, slots=True)
class Limit:
    """`free` tries at once, then waits of `wait`, 2 `wait`, 4 `wait` ... seconds up to `longest`.

    It is forgotten when nothing was tried for `window` seconds.
    """

    name: str
    free: int
    wait: float
    longest: float
    window: float

    def take(self, *subject: str) -> None:
        """Count one try. Raises TooMany, without counting, when it comes too early."""
        values = {
            "key": self._key(subject),
            "now": now(),
            "window": float(self.window),
            "free": self.free,
            "wait": float(self.wait),
            "longest": float(self.longest),
        }
        if fetch_row(TAKE, values) is not None:
            return
        row = fetch_row(WAIT, values)
        seconds = max(1, round(row.seconds)) if row else 1
        log.warning("refused: limit %s is reached", self.name)
        raise TooMany(_patience(seconds), retry_after=seconds)

    def forget(self, *subject: str) -> None:
        """Start again from nothing (the person has proven who they are)."""
        fetch_row("DELETE FROM core.throttle WHERE key = %s", (self._key(subject),))

    def give_back(self, *subject: str) -> None:
        """Take one try back that was none (it went well)."""
        values = (self._key(subject),)
        fetch_row("UPDATE core.throttle SET hits = greatest(hits - 1, 0) WHERE key = %s", values)

    def count(self, *subject: str) -> int:
        """Return the number of tries that are remembered."""
        moment = now() - timedelta(seconds=self.window)
        row = fetch_row("SELECT hits FROM core.throttle WHERE key = %s AND at >= %s", (self._key(subject), moment))
        return int(row.hits) if row else 0

    def _key(self, subject: tuple[str, ...]) -> bytes:
        return sha256("\n".join((self.name, *subject)))


def network(ip: str) -> str:
    """Return what one attacker surely holds: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return address.exploded[:19]


def _patience(seconds: int) -> str:
    if seconds < 60:
        return ngettext(
            "Too many tries. Wait %(n)d second, then try again.",
            "Too many tries. Wait %(n)d seconds, then try again.",
            seconds,
        )
    return ngettext(
        "Too many tries. Wait %(n)d minute, then try again.",
        "Too many tries. Wait %(n)d minutes, then try again.",
        -(-seconds // 60),
    )
