"""Stores, finds and removes files: `<home>/files/<tenant>/<id>`, with a row that the caller's transaction commits.

It must never read a whole file into memory, nor follow a name that came from outside.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO
from uuid import UUID

from diwan.config import Config
from diwan.db import after_commit, current
from diwan.db.base import now
from diwan.errors import NotFound, TooLarge
from diwan.files.models import StoredFile
from diwan.kit.i18n import _
from diwan.kit.ids import uuid7
from diwan.kit.text import clean

CHUNK = 1 << 20
LONGEST_NAME = 200
_root: list[Path] = []


def configure(config: Config) -> None:
    """Tell where the files are kept. Touches nothing yet."""
    _root[:] = [config.home / "files"]


def store(stream: IO[bytes], name: str, *, purpose: str, mime: str = "", limit: int) -> StoredFile:
    """Keep the bytes of a stream and return their row, not committed yet. Raises TooLarge beyond `limit` bytes.

    The bytes are on disk before the row is: a transaction that fails leaves at most an unknown file, never a row
    without its file.
    """
    row = StoredFile(
        tenant_id=current.tenant.id, id=uuid7(), name=_shown(name), mime=mime[:100], size=0, sha256=b"",
        purpose=purpose, created_by=current.user.id, created_at=now(),
    )  # fmt: skip
    target = _place(row.id)
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        with target.open("xb") as out:
            while chunk := stream.read(CHUNK):
                row.size += len(chunk)
                if row.size > limit:
                    raise TooLarge(_("This file is larger than %(limit)s MB.", limit=limit // 2**20))
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    row.sha256 = digest.digest()
    current.session.add(row)
    current.session.flush()
    return row


def path_of(id: UUID) -> Path:
    """Return where the bytes of a file of this tenant are. Raises NotFound."""
    row = current.session.get(StoredFile, (current.tenant.id, id))
    path = _place(id)
    if row is None or not path.is_file():
        raise NotFound(_("This file is no longer there."))
    return path


def remove(id: UUID) -> None:
    """Forget a file; its bytes go once the transaction has committed. Removing twice changes nothing."""
    row = current.session.get(StoredFile, (current.tenant.id, id))
    if row is not None:
        current.session.delete(row)
        current.session.flush()
        path = _place(id)
        after_commit(lambda: path.unlink(missing_ok=True))


def _place(id: UUID) -> Path:
    if not _root:
        raise RuntimeError("files.configure(config) has not been called.")
    return _root[0] / str(current.tenant.id) / str(id)


def _shown(name: str) -> str:
    """The name for people: without folders (of either system) and control characters, and not too long."""
    last = " ".join(clean(name.replace("\\", "/").rpartition("/")[2]).split()) or "file"
    stem, dot, suffix = last.rpartition(".")
    if len(last) <= LONGEST_NAME:
        return last
    return f"{stem[: LONGEST_NAME - len(suffix) - 1]}{dot}{suffix}" if dot and len(suffix) < 10 else last[:LONGEST_NAME]
