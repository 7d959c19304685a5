"""Files that people attach to records: kept by `files`, listed here, gone with the record.

It must take a file for what its first bytes say, never for what its name says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from sqlalchemy import func, select

from diwan import audit, files
from diwan.collaboration.models import Attachment
from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import NotFound, Refuse
from diwan.files import types
from diwan.files.models import StoredFile
from diwan.kit.i18n import _
from diwan.resources import Resource

PURPOSE = "attachment"
MOST = 200


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a record."""

    id: UUID
    file_id: UUID
    name: str
    mime: str
    size: int
    created_by: UUID | None
    created_at: datetime

    @property
    def previews(self) -> bool:
        """Whether a browser may show it: a picture or a PDF."""
        return self.mime in types.IMAGES or self.mime == "application/pdf"


def attach(resource: Resource, id: UUID, title: str, stream: IO[bytes], name: str, *, limit: int) -> Attached:
    """Keep a file with a record. Raises Invalid for a type that is not taken, TooLarge, Refuse."""
    if not resource.attachments:
        raise Refuse(_("There are no files on records of this kind."))
    if _number(resource, id) >= MOST:
        raise Refuse(_("A record holds at most %(n)s files.", n=MOST))
    mime = types.recognise(stream.read(types.HEAD), name)
    stream.seek(0)
    stored = files.store(stream, name, purpose=PURPOSE, mime=mime, limit=limit)
    row = Attachment(
        resource=resource.key, record_id=id, file_id=stored.id, created_by=current.user.id, created_at=now()
    )
    current.session.add(row)
    current.session.flush()
    audit.record("attach", resource.key, id, title, after={"file": stored.name})
    return Attached(row.id, stored.id, stored.name, mime, stored.size, row.created_by, row.created_at)


def attachments(resource: Resource, id: UUID) -> Sequence[Attached]:
    """Return the files of a record, the newest first."""
    statement = _select().where(Attachment.resource == resource.key, Attachment.record_id == id)
    return [Attached(*row) for row in current.session.execute(statement.order_by(Attachment.id.desc()).limit(MOST))]


def find_attachment(resource: Resource, id: UUID, attachment_id: UUID) -> Attached:
    """Return one file of a record. Raises NotFound."""
    statement = _select().where(
        Attachment.resource == resource.key, Attachment.record_id == id, Attachment.id == attachment_id
    )
    row = current.session.execute(statement).first()
    if row is None:
        raise NotFound(_("This file is no longer there."))
    return Attached(*row)


def detach(resource: Resource, id: UUID, title: str, attachment_id: UUID) -> None:
    """Remove a file of a record for good."""
    found = find_attachment(resource, id, attachment_id)
    files.remove(found.file_id)  # the attachment goes with the file's row
    current.session.expire_all()
    audit.record("detach", resource.key, id, title, before={"file": found.name})


def _select() -> Any:
    return select(
        Attachment.id, Attachment.file_id, StoredFile.name, StoredFile.mime, StoredFile.size, Attachment.created_by,
        Attachment.created_at,
    ).join(StoredFile, StoredFile.id == Attachment.file_id)  # fmt: skip


def _number(resource: Resource, id: UUID) -> int:
    statement = select(func.count()).where(Attachment.resource == resource.key, Attachment.record_id == id)
    return int(current.session.scalar(statement) or 0)
