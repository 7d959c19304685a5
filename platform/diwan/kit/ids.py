"""Identifiers and secrets: time-ordered UUIDs (RFC 9562, version 7), random tokens and their digests.

It must never use a random source that is not cryptographic.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from uuid import UUID

VERSION_7 = 0x7 << 76 | 0x2 << 62  # with the variant of RFC 9562
RANDOM = (1 << 80) - 1 & ~(0xF << 76 | 0x3 << 62)


def uuid7() -> UUID:
    """Return a new UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    return uuid7s(1)[0]


def uuid7s(count: int) -> list[UUID]:
    """Return new UUIDv7 of one millisecond in ascending order, for many records at once."""
    start = (time.time_ns() // 1_000_000) << 80 | VERSION_7
    noise = os.urandom(10 * count)
    values = [start | int.from_bytes(noise[at : at + 10], "big") & RANDOM for at in range(0, 10 * count, 10)]
    return [UUID(int=value) for value in sorted(values)]


def token(prefix: str = "") -> str:
    """Return 256 random bits as URL-safe text, after `prefix`."""
    return prefix + secrets.token_urlsafe(32)


def digits(count: int = 6) -> str:
    """Return a code of `count` decimal digits for people to type."""
    return f"{secrets.randbelow(10**count):0{count}}"


def sha256(text: str) -> bytes:
    """Return the digest under which a secret of full entropy is stored."""
    return hashlib.sha256(text.encode()).digest()
