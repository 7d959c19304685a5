"""A form that is sent twice makes one record: its key is claimed in the transaction that creates.

It must not remember anything of a transaction that fails, so that a corrected form may be sent again.
"""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from diwan.db import current
from diwan.db.base import now
from diwan.users.models import IdempotencyKey

PURPOSE = b"form"
LONGEST = 100


def claim(key: str, content: bytes) -> tuple[UUID | None, bool]:
    """Claim the key of a form. Return the record that was made with it already, if any, and whether it was made from
    the same content. A second sender waits for the first."""
    if not key or len(key) > LONGEST:
        return None, True
    table: Any = IdempotencyKey.__table__
    own = hashlib.sha256(content).digest()
    statement = insert(table).values(
        tenant_id=current.tenant.id, user_id=current.user.id, key_hash=_digest(key), request_hash=own,
        headers={}, created_at=now(),
    )  # fmt: skip
    connection = current.session.connection()
    if connection.execute(statement.on_conflict_do_nothing().returning(table.c.user_id)).first():
        return None, True
    row = connection.execute(select(table.c.body, table.c.request_hash).where(*_mine(key))).first()
    return (UUID(bytes=row.body), row.request_hash == own) if row and row.body else (None, True)


def settle(key: str, record: UUID) -> None:
    """Remember which record a claimed key has made."""
    if key and len(key) <= LONGEST:
        table: Any = IdempotencyKey.__table__
        current.session.connection().execute(update(table).where(*_mine(key)).values(status=303, body=record.bytes))


def _mine(key: str) -> tuple[Any, ...]:
    columns = IdempotencyKey.__table__.c
    mine = columns.tenant_id == current.tenant.id, columns.user_id == current.user.id
    return *mine, columns.key_hash == _digest(key)


def _digest(key: str) -> bytes:
    return hashlib.sha256(PURPOSE + b"\0" + key.encode()).digest()
