"""A backup as one tar file: the database dump, the uploaded files, and last a manifest with the checksum of each.

Must not talk to a database. The manifest is last so that an archive that has one is complete.
"""

import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from diwan.embedded.errors import EmbeddedError

FORMAT = 1
DUMP = "database.dump"
MANIFEST = "manifest.json"
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Archive:
    """A checked archive: every member is there with the right checksum, and nothing else is."""

    path: Path
    facts: dict[str, Any]  # versions and date, as `write_archive` was given them
    members: tuple[str, ...]

    def extract_dump(self, to: Path) -> None:
        with tarfile.open(self.path) as tar:
            _copy(_open(tar, DUMP), to)

    def extract_files(self, folder: Path) -> int:
        """Write the uploaded files below `folder`; returns how many."""
        count = 0
        with tarfile.open(self.path) as tar:
            for name in self.members:
                if name.startswith("files/"):
                    target = folder / name.removeprefix("files/")
                    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    _copy(_open(tar, name), target)
                    count += 1
        return count


def write_archive(path: Path, *, dump: Path, files: Path, facts: dict[str, Any]) -> None:
    """Write the archive aside, then put it in place as a whole; readable by its owner only."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as raw, tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
            members = {DUMP: _add(tar, DUMP, dump)}
            for file in _regular_files(files):
                name = f"files/{file.relative_to(files).as_posix()}"
                members[name] = _add(tar, name, file)
            manifest = json.dumps({"format": FORMAT, **facts, "members": members}, indent=1).encode()
            entry = tarfile.TarInfo(MANIFEST)
            entry.size, entry.mode, entry.mtime = len(manifest), 0o600, int(time.time())
            tar.addfile(entry, io.BytesIO(manifest))
            tar.close()
            raw.flush()
            os.fsync(raw.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def read_archive(path: Path) -> Archive:
    """Check a whole archive; raises when anything in it is missing, changed, superfluous or of a newer format."""
    try:
        with tarfile.open(path) as tar:
            found = {entry.name: entry for entry in tar.getmembers()}
            if MANIFEST not in found:
                raise EmbeddedError(f"{path} is not a Diwan backup, or only a part of one: it has no manifest.")
            manifest = json.load(_open(tar, MANIFEST))
            if manifest.pop("format") != FORMAT:
                raise EmbeddedError(f"{path} has a format that this version of Diwan does not know.")
            members: dict[str, str] = manifest.pop("members")
            if set(found) != {*members, MANIFEST} or DUMP not in members:
                raise EmbeddedError(f"{path} does not hold what its manifest says.")
            for name, checksum in members.items():
                parts = PurePosixPath(name).parts
                if (
                    not found[name].isreg()
                    or name.startswith("/")
                    or ".." in parts
                    or (name != DUMP and len(parts) < 2)
                ):
                    raise EmbeddedError(f"{path} holds a member that no backup has: {name!r}.")
                if _checksum(_open(tar, name)) != checksum:
                    raise EmbeddedError(f"{path} is damaged: the checksum of {name} is wrong.")
    except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise EmbeddedError(f"{path} is not a Diwan backup, or damaged: {error}") from error
    except OSError as error:
        raise EmbeddedError(f"{path} cannot be read: {error.strerror}") from error
    return Archive(path, manifest, tuple(members))


def _regular_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _add(tar: tarfile.TarFile, name: str, path: Path) -> str:
    """Add a file, and return the checksum of exactly what was added."""
    with path.open("rb") as file:
        entry = tarfile.TarInfo(name)
        stat = os.fstat(file.fileno())
        entry.size, entry.mode, entry.mtime = stat.st_size, 0o600, int(stat.st_mtime)
        reader = _Hashing(file)
        tar.addfile(entry, reader)  # reads exactly entry.size bytes, or raises
        return reader.hash.hexdigest()


class _Hashing(io.RawIOBase):
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.hash = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(size)
        self.hash.update(data)
        return data


def _open(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    file = tar.extractfile(name)
    if file is None:
        raise EmbeddedError(f"{name} in the archive is not a file.")
    return file


def _copy(source: IO[bytes], to: Path) -> None:
    handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with source, os.fdopen(handle, "wb") as target:
        while data := source.read(CHUNK):
            target.write(data)


def _checksum(file: IO[bytes]) -> str:
    checksum = hashlib.sha256()
    while data := file.read(CHUNK):
        checksum.update(data)
    return checksum.hexdigest()
