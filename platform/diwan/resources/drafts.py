"""What a person has typed into a form and not saved yet: kept per person and record, so that nothing typed is lost.

It must not look into the values: they are the pairs of the form as it would be sent, checked when it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, now
from diwan.db.context import current
from diwan.errors import TooLarge
from diwan.kit.i18n import _
from diwan.resources.declare import Resource

MOST_BYTES = 500_000
NEW = UUID(int=0)
"""The record of a draft that has none yet."""

Pairs = Sequence[tuple[str, str]]


class StoredDraft(Base):
    """The unsaved form of one person: `version` is the one of the record that the form was opened with."""

    __tablename__ = "draft"
    __table_args__ = {"schema": "core"}

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"), primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int | None]
    values: Mapped[list[Any]] = mapped_column(JSONB)
    saved_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Draft:
    """A form that was not saved: its pairs, the version of the record it was opened with, and when it was kept."""

    pairs: Pairs
    version: int | None
    saved_at: datetime


def find(resource: Resource, record: UUID = NEW) -> Draft | None:
    """Return what the person who acts has typed for a record, or for a new one."""
    table = StoredDraft.__table__
    statement = select(table.c["values"], table.c.version, table.c.saved_at).where(*_mine(resource, record))
    row = current.session.connection().execute(statement).first()
    return Draft([(str(name), str(value)) for name, value in row[0]], row[1], row[2]) if row else None


def keep(resource: Resource, pairs: Iterable[tuple[str, str]], record: UUID = NEW, version: int | None = None) -> None:
    """Keep what the person who acts has typed, in the place of what was kept before."""
    # A secret that was typed is typed again: it is kept nowhere but sealed.
    values = [[name, value.replace("\0", "")] for name, value in pairs if name not in resource.secrets]
    if len(orjson.dumps(values)) > MOST_BYTES:
        raise TooLarge(_("This form is too long to be kept as a draft. Save it, or make it shorter."))
    row = {
        "tenant_id": current.tenant.id, "user_id": current.user.id, "resource": resource.key, "record_id": record,
        "version": version, "values": values, "saved_at": now(),
    }  # fmt: skip
    statement = insert(StoredDraft).values(**row)
    statement = statement.on_conflict_do_update(
        index_elements=["tenant_id", "user_id", "resource", "record_id"],
        set_={name: statement.excluded[name] for name in ("version", "values", "saved_at")},
    )
    current.session.connection().execute(statement)


def forget(resource: Resource, record: UUID = NEW) -> None:
    """Drop what the person who acts has typed: it is saved, or not wanted."""
    current.session.connection().execute(delete(StoredDraft).where(*_mine(resource, record)))


def _mine(resource: Resource, record: UUID) -> tuple[Any, ...]:
    columns = StoredDraft.__table__.c
    return (
        columns.tenant_id == current.tenant.id, columns.user_id == current.user.id,
        columns.resource == resource.key, columns.record_id == record,
    )  # fmt: skip
