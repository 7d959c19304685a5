"""Where the bytes of files are: a folder, or a bucket of an S3-compatible store, by DIWAN_FILES_URL.

It must know neither rows nor rights; a key is `<tenant>/<id>`, both made here, never taken from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from diwan.config import Config, ConfigError


class Place(Protocol):
    """Keeps bytes by key."""

    def path(self, key: str) -> Path:
        """Return where the bytes are written to, before `keep`."""

    def keep(self, key: str) -> None:
        """Take in what was written to `path(key)`. Raises Unavailable, and leaves nothing then."""

    def fetch(self, key: str, digest: bytes) -> Path | None:
        """Return a file with these bytes, or None where they are gone. Raises Unavailable."""

    def drop(self, key: str) -> None:
        """Forget the bytes. Dropping what is not there changes nothing."""

    def under(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield key and size of all that lies under a prefix that ends with a slash. Raises Unavailable."""


class Folder:
    """A folder on this machine, or one that all machines share."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        return self.root / key

    def keep(self, key: str) -> None:
        """They are there already."""

    def fetch(self, key: str, digest: bytes) -> Path | None:
        path = self.root / key
        return path if path.is_file() else None

    def drop(self, key: str) -> None:
        (self.root / key).unlink(missing_ok=True)

    def under(self, prefix: str) -> Iterator[tuple[str, int]]:
        folder = self.root / prefix
        for path in folder.rglob("*"):
            if path.is_file():
                yield f"{prefix}{path.relative_to(folder).as_posix()}", path.stat().st_size


def of(config: Config) -> Place:
    """Return the place that the settings name. Opens no connection. Raises ConfigError."""
    if not config.files_url:
        return Folder(config.home / "files")
    try:
        from diwan.files.bucket import Bucket
    except ImportError:
        raise ConfigError("DIWAN_FILES_URL needs the client of object stores: pip install 'diwan[s3]'.") from None
    return Bucket(config.files_url, config.files_secret, config.home / "cache" / "files")
