"""Stores, finds and removes files: bytes under `<tenant>/<id>`, with a row that the caller's transaction commits.

It must never read a whole file into memory, nor follow a name that came from outside.
"""

from __future__ import annotations

import hashlib
import os
import re
from itertools import islice
from pathlib import Path
from typing import IO
from uuid import UUID

from sqlalchemy import func, select

from diwan.config import Config
from diwan.db import after_commit, current
from diwan.db.base import now
from diwan.errors import NotFound, Refuse, TooLarge
from diwan.files import places
from diwan.files.models import StoredFile
from diwan.files.places import Place
from diwan.kit.i18n import _
from diwan.kit.ids import uuid7
from diwan.kit.text import clean

CHUNK = 1 << 20
LONGEST_NAME = 200
TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of letters round: with it a program's name can look as if it ended in `.pdf`."""
UNCOUNTED = "takeout"
"""The purpose of files that take no room of the business: exports of all it has, for a few days."""
MB = 2**20
_place: list[Place] = []
_quota: list[int] = []


def configure(config: Config) -> None:
    """Tell where the files are kept, and how many bytes a business may keep. Touches nothing yet."""
    _place[:], _quota[:] = [places.of(config)], [config.files_quota * MB]


def store(stream: IO[bytes], name: str, *, purpose: str, mime: str = "", limit: int, counts: bool = True) -> StoredFile:
    """Keep the bytes of a stream and return their row, not committed yet. Raises TooLarge beyond `limit` bytes, Refuse
    where the business has no room left (unless the file does not count), Unavailable.

    The bytes are kept before the row is: a transaction that fails leaves at most an unknown file, never a row without
    its file.
    """
    row = StoredFile(
        tenant_id=current.tenant.id, id=uuid7(), name=_shown(name), mime=mime[:100], size=0, sha256=b"",
        purpose=purpose, created_by=current.user.id, created_at=now(),
    )  # fmt: skip
    place, key, room = _kept_at(), _key(row.id), _room() if counts else None
    target = place.path(key)
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        with target.open("xb") as out:
            while chunk := stream.read(CHUNK):
                row.size += len(chunk)
                if row.size > limit:
                    raise TooLarge(_("This file is larger than %(limit)s MB.", limit=limit // MB))
                if room is not None and row.size > room:
                    raise Refuse(_full())
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    place.keep(key)
    row.sha256 = digest.digest()
    current.session.add(row)
    current.session.flush()
    return row


def path_of(id: UUID) -> Path:
    """Return a file of this machine with the bytes of a file of this tenant. Raises NotFound, Unavailable.

    It is there to be read now: the next call may return another one.
    """
    row = current.session.get(StoredFile, (current.tenant.id, id))
    path = _kept_at().fetch(_key(id), row.sha256) if row is not None else None
    if path is None:
        raise NotFound(_("This file is no longer there."))
    return path


def bytes_of(id: UUID, digest: bytes) -> Path:
    """Return a file of this machine with the bytes of a row that the caller has read. Raises NotFound, Unavailable."""
    path = _kept_at().fetch(_key(id), digest)
    if path is None:
        raise NotFound(_("This file is no longer there."))
    return path


def left() -> tuple[int, int]:
    """Return how many files lie under the open tenant, and their bytes, whatever rows there are. Raises Unavailable."""
    sizes = [size for _key, size in _kept_at().under(f"{current.tenant.id}/")]
    return len(sizes), sum(sizes)


def drop_all(most: int) -> tuple[int, int]:
    """Forget at most so many files that lie under the open tenant, whatever rows there are; return their number and
    bytes. Only for a business that is erased. Raises Unavailable."""
    place = _kept_at()
    chosen = list(islice(place.under(f"{current.tenant.id}/"), most))
    for key, _size in chosen:
        place.drop(key)
    return len(chosen), sum(size for _key, size in chosen)


def remove(id: UUID) -> None:
    """Forget a file; its bytes go once the transaction has committed. Removing twice changes nothing."""
    row = current.session.get(StoredFile, (current.tenant.id, id))
    if row is not None:
        current.session.delete(row)
        current.session.flush()
        place, key = _kept_at(), _key(id)
        after_commit(lambda: place.drop(key))


def discard(id: UUID) -> None:
    """Let go of bytes now, whose row goes with a transaction that will not be committed."""
    _kept_at().drop(_key(id))


def _room() -> int | None:
    """How many bytes the business may still keep, or None for as many as it likes. Uploads at one moment may each
    take the last room: the next one is refused then."""
    if not _quota[0]:
        return None
    used = select(func.coalesce(func.sum(StoredFile.size), 0)).where(
        StoredFile.tenant_id == current.tenant.id, StoredFile.purpose != UNCOUNTED
    )
    room = _quota[0] - int(current.session.scalar(used) or 0)
    if room <= 0:
        raise Refuse(_full())
    return room


def _full() -> object:
    return _(
        "The files of this business may take up %(quota)s MB, and there is no room for this one. "
        "Remove files that nobody needs, or ask who runs Diwan for more room.", quota=_quota[0] // MB,
    )  # fmt: skip


def _kept_at() -> Place:
    if not _place:
        raise RuntimeError("files.configure(config) has not been called.")
    return _place[0]


def _key(id: UUID) -> str:
    return f"{current.tenant.id}/{id}"


def _shown(name: str) -> str:
    """The name for people: without folders (of either system) and control characters, and not too long."""
    name = TURNS.sub("", name)
    last = " ".join(clean(name.replace("\\", "/").rpartition("/")[2]).split()) or "file"
    stem, dot, suffix = last.rpartition(".")
    if len(last) <= LONGEST_NAME:
        return last
    return f"{stem[: LONGEST_NAME - len(suffix) - 1]}{dot}{suffix}" if dot and len(suffix) < 10 else last[:LONGEST_NAME]
