"""A ZIP that is written as a stream, with the digest and the size of each member.

It must hold no member in memory, whatever its size.
"""

from __future__ import annotations

import hashlib
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

BUFFER = 1 << 18
LEVEL = 4
"""Of deflate: a little larger than with the usual 6, in half the time."""


class Member:
    """One file of the archive, while it is written."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self._held, self._waiting = out, bytearray(), 0
        self._digest, self.size = hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        """Add bytes. Small ones are gathered, so that the deflater is not called for each line."""
        self._held += data
        if len(self._held) >= BUFFER:
            self.flush()

    def flush(self) -> None:
        """Hand on what was gathered."""
        if self._held:
            self._digest.update(self._held)
            self.size += len(self._held)
            self._out.write(bytes(self._held))
            self._held.clear()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class Archive:
    """Use as a context manager. `members` maps each path to its digest and size."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=LEVEL)
        self.members: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._zip.close()

    @contextmanager
    def member(self, path: str, *, packed: bool = True) -> Iterator[Member]:
        """Begin a file of the archive; packed=False for what does not get smaller."""
        info = zipfile.ZipInfo(path, time.gmtime()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as out:
            made = Member(out)
            yield made
            made.flush()
        self.members[path] = {"sha256": made.sha256, "bytes": made.size}

    def add(self, path: str, data: bytes) -> None:
        """Add a small file at once."""
        with self.member(path) as out:
            out.write(data)


def lines(archive: zipfile.ZipFile, path: str) -> Iterator[bytes]:
    """Yield the lines of a member."""
    with archive.open(path) as source:
        yield from source


def digest(archive: zipfile.ZipFile, path: str) -> tuple[str, int]:
    """Return SHA-256 and size of a member as it is read back."""
    found, size = hashlib.sha256(), 0
    with archive.open(path) as source:
        while chunk := source.read(BUFFER):
            found.update(chunk)
            size += len(chunk)
    return found.hexdigest(), size
