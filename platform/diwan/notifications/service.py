"""Tells people something inside Diwan: `notify`, and what each person reads of it.

It must not decide who may know: who calls `notify` has checked that its receivers may read the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, any_, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from diwan.db.base import now
from diwan.db.context import current
from diwan.kit.ids import uuid7s
from diwan.notifications.models import Notification

TABLE: Table = Notification.__table__  # type: ignore[assignment]
PAGE = 30
LONGEST_TITLE = 300
LONGEST_BODY = 500
MOST_UNREAD = 99


def notify(
    user_ids: Iterable[UUID], kind: str, title: object, body: object = "", resource: str = "",
    record_id: UUID | None = None, *, itself: bool = False,
) -> int:  # fmt: skip
    """Tell people something, in this transaction; return how many. Who acts is told only with `itself`."""
    me = current.user.id
    receivers = [id for id in dict.fromkeys(user_ids) if itself or id != me]
    if receivers:
        shared = {
            "tenant_id": current.tenant.id, "kind": kind, "resource": resource, "record_id": record_id,
            "title": str(title)[:LONGEST_TITLE], "body": str(body)[:LONGEST_BODY], "actor_id": me,
            "actor_name": current.user.name, "created_at": now(),
        }  # fmt: skip
        rows = [
            {**shared, "id": id, "user_id": user} for id, user in zip(uuid7s(len(receivers)), receivers, strict=True)
        ]
        current.session.connection().execute(insert(TABLE), rows)
    return len(receivers)


def told_lately(kind: str, resource: str, records: Iterable[UUID], within: timedelta) -> set[tuple[UUID, UUID]]:
    """Return the pairs (person, record) that had a notification of this kind within that time."""
    wanted = bindparam("records", list(records), type_=ARRAY(Uuid()))
    statement = select(TABLE.c.user_id, TABLE.c.record_id).where(
        TABLE.c.tenant_id == current.tenant.id, TABLE.c.kind == kind, TABLE.c.resource == resource,
        TABLE.c.record_id == any_(wanted), TABLE.c.created_at > now() - within,
    )  # fmt: skip
    return {(row[0], row[1]) for row in current.session.connection().execute(statement)}


def unread_count() -> int:
    """Return how many notifications the person who acts has not read, at most 99."""
    unread = select(TABLE.c.id).where(*_mine(), TABLE.c.read_at.is_(None)).limit(MOST_UNREAD).subquery()
    return int(current.session.connection().execute(select(func.count()).select_from(unread)).scalar_one())


def latest(before: UUID | None = None, limit: int = PAGE) -> Sequence[Notification]:
    """Return the person's notifications, newest first; one more than `limit` where there are more."""
    statement = select(Notification).where(*_mine()).order_by(Notification.id.desc()).limit(limit + 1)
    if before is not None:
        statement = statement.where(Notification.id < before)
    return current.session.scalars(statement).all()


def find(id: UUID) -> Notification | None:
    """Return one notification of the person."""
    return current.session.scalars(select(Notification).where(*_mine(), Notification.id == id)).one_or_none()


def mark_read(ids: Iterable[UUID] | None = None) -> int:
    """Note that the person has read these, or all; return how many were new."""
    statement = update(TABLE).where(*_mine(), TABLE.c.read_at.is_(None)).values(read_at=now())
    if ids is not None:
        statement = statement.where(TABLE.c.id == any_(bindparam("ids", list(ids), type_=ARRAY(Uuid()))))
    return current.session.connection().execute(statement).rowcount


def _mine() -> tuple[Any, ...]:
    return TABLE.c.tenant_id == current.tenant.id, TABLE.c.user_id == current.user.id
