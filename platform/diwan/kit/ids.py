"""Identifiers and secrets: time-ordered UUIDs (RFC 9562, version 7), random tokens and their digests.

It must never use a random source that is not cryptographic.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
from uuid import UUID

RANDOM_BITS = 74

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """Return a new UUIDv7: 48 bits of Unix milliseconds, then 74 random bits; greater than those made here before."""
    return uuid7s(1)[0]


def uuid7s(count: int) -> list[UUID]:
    """Return new UUIDv7 in ascending order, for many records at once.

    Within one millisecond a process goes on from its last one (RFC 9562, section 6.2, method 2): what is written
    first stands first.
    """
    global _last
    if count < 1:
        return []
    start = (time.time_ns() // 1_000_000) << RANDOM_BITS
    noise = os.urandom(10 * count)
    drawn = sorted(int.from_bytes(noise[at : at + 10], "big") >> 6 for at in range(0, 10 * count, 10))
    with _lock:
        ahead = max(0, _last + 1 - (start | drawn[0]))
        values = [(start | tail) + ahead for tail in drawn]
        _last = values[-1]
    return [_uuid(value) for value in values]


def _uuid(value: int) -> UUID:
    """Put version 7 and the variant of RFC 9562 between time, 12 random bits and 62 random bits."""
    head, tail = value >> 62, value & (1 << 62) - 1
    return UUID(int=(head >> 12) << 80 | 0x7 << 76 | (head & 0xFFF) << 64 | 0x2 << 62 | tail)


def token(prefix: str = "") -> str:
    """Return 256 random bits as URL-safe text, after `prefix`."""
    return prefix + secrets.token_urlsafe(32)


def digits(count: int = 6) -> str:
    """Return a code of `count` decimal digits for people to type."""
    return f"{secrets.randbelow(10**count):0{count}}"


def sha256(text: str) -> bytes:
    """Return the digest under which a secret of full entropy is stored."""
    return hashlib.sha256(text.encode()).digest()
