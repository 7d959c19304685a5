"""Passwords that are known from leaks, looked up in a file of the operator's: sorted SHA-1 digests, one a line.

It must never ask the network, nor hold the file in memory: it is some 40 GB.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from pathlib import Path

from diwan.config import Config, ConfigError

log = logging.getLogger(__name__)

BLOCK = 4096
LINE = re.compile(rb"^([0-9A-Fa-f]{40})(:\d+)?\r?$")
LENGTH = 40

_file: list[Path] = []


def configure(config: Config) -> None:
    """Tell this process which file to look into. Raises ConfigError when it is not one that can be used."""
    path = config.breached_passwords
    _file[:] = [path] if path else []
    if path is None:
        return
    try:
        with path.open("rb") as file:
            first = file.readline(200).rstrip(b"\n")
    except OSError as error:
        raise ConfigError(f"DIWAN_BREACHED_PASSWORDS: {path} cannot be read ({error.strerror}).") from None
    if not LINE.match(first):
        raise ConfigError(f"DIWAN_BREACHED_PASSWORDS: {path} is no list of SHA-1 digests, one a line (HASH:count).")


def is_breached(password: str) -> bool:
    """Return whether the file has it; without a file, or when it cannot be read just now, no password is known."""
    if not _file:
        return False
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    try:
        descriptor = os.open(_file[0], os.O_RDONLY)
    except OSError:
        log.exception("the list of breached passwords cannot be read")
        return False
    try:
        return _search(descriptor, wanted)
    except OSError:
        log.exception("the list of breached passwords cannot be read")
        return False
    finally:
        os.close(descriptor)


def _search(descriptor: int, wanted: bytes) -> bool:
    """Halve the file until a block is left, then look through that: some 25 reads for 40 GB."""
    low, high = 0, os.fstat(descriptor).st_size  # `low` is always the start of a line, `high` the end of one
    while high - low > BLOCK:
        middle = (low + high) // 2
        chunk = os.pread(descriptor, 256, middle)
        start = middle + chunk.find(b"\n") + 1  # of the next line
        digest = os.pread(descriptor, LENGTH, start).upper()
        if digest == wanted:
            return True
        if digest < wanted:
            low = start
        else:
            high = start
    lines = os.pread(descriptor, high - low, low).upper().splitlines()
    return any(line[:LENGTH] == wanted for line in lines)
