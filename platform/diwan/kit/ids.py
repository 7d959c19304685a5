"""Identifiers and secrets: time-ordered UUIDs (RFC 9562, version 7), random tokens and their digests.

It must never use a random source that is not cryptographic.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """Return a new UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def token(prefix: str = "") -> str:
    """Return 256 random bits as URL-safe text, after `prefix`."""
    return prefix + secrets.token_urlsafe(32)


def digits(count: int = 6) -> str:
    """Return a code of `count` decimal digits for people to type."""
    return f"{secrets.randbelow(10**count):0{count}}"


def sha256(text: str) -> bytes:
    """Return the digest under which a secret of full entropy is stored."""
    return hashlib.sha256(text.encode()).digest()
