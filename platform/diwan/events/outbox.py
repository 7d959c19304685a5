"""The outbox: intentions written in the business transaction, carried out after its commit by `diwan.jobs`.

PostgreSQL holds them; the queue only carries their ids, so it must never be needed to keep one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Index, Integer, Table, insert, text
from sqlalchemy.dialects.postgresql import insert as insert_or_leave
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db import after_commit, current
from diwan.db.base import Base, TenantMixin, now
from diwan.events import codec
from diwan.kit.i18n import language
from diwan.kit.ids import uuid7

Kind = Literal["job", "mail", "event"]


class OutboxRow(TenantMixin, Base):
    """One intention. ready → leased → done, or back to ready to try again, or parked for a person to look at."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due", "available_at", postgresql_where=text("state = 'ready'")),
        Index("ix_outbox_leased", "lease_until", postgresql_where=text("state = 'leased'")),
        Index("ix_outbox_parked", "id", postgresql_where=text("state = 'parked'")),
        {"schema": "core"},
    )

    kind: Mapped[str]
    name: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default="ready")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    fence: Mapped[int] = mapped_column(default=0)
    available_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")
    progress: Mapped[dict[str, Any] | None]
    actor_id: Mapped[UUID | None]
    token_id: Mapped[UUID | None]
    grants: Mapped[list[str] | None]
    language: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


TABLE: Table = OutboxRow.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Intent:
    """What to do: `name` is a job's, a mail's or a subscriber's. `available_at` None means at once."""

    kind: Kind
    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    available_at: datetime | None = None
    id: UUID = field(default_factory=uuid7)


@dataclass(frozen=True, slots=True)
class Message:
    """What a queue carries. `fence` tells one delivery of a row from the next."""

    tenant_id: int
    id: UUID
    kind: str
    fence: int = 0


Carrier = Callable[[Sequence[Message]], None]
_carriers: list[Carrier] = []


def carry_with(carrier: Carrier | None) -> None:
    """Say who takes the ids of committed rows to the workers; None leaves them to the sweeper."""
    _carriers[:] = [carrier] if carrier else []


def put(
    kind: Kind,
    name: str,
    payload: Mapping[str, Any] | None = None,
    *,
    available_at: datetime | None = None,
) -> UUID:
    """Write one intention in the open transaction and return its id. Its values must fit JSON (see `codec`)."""
    intent = Intent(kind, name, payload or {}, available_at)
    put_all((intent,))
    return intent.id


def put_all(intents: Sequence[Intent]) -> None:
    """Write many intentions with one statement."""
    moment = now()
    current.session.connection().execute(insert(TABLE), [_values(intent, moment) for intent in intents])
    _after_commit([intent for intent in intents if intent.available_at is None or intent.available_at <= moment])


def put_once(intent: Intent) -> bool:
    """Write an intention unless its id is there already; return whether it was new."""
    moment = now()
    statement = insert_or_leave(TABLE).values(**_values(intent, moment)).on_conflict_do_nothing().returning(TABLE.c.id)
    if current.session.connection().execute(statement).first() is None:
        return False
    _after_commit([intent])
    return True


def _values(intent: Intent, moment: datetime) -> dict[str, Any]:
    return {
        "tenant_id": current.tenant.id,
        "id": intent.id,
        "kind": intent.kind,
        "name": intent.name,
        "payload": codec.encode(intent.payload),
        "state": "ready",
        "attempts": 0,
        "fence": 0,
        "available_at": intent.available_at or moment,
        "error": "",
        "actor_id": current.user.id,
        "token_id": current.user.token_id,
        "grants": None if current.user.narrowing is None else list(current.user.narrowing),
        "language": current.user.language or language(),
        "created_at": moment,
    }


class _HandOver:
    """The after-commit callback of one transaction: all its ids go to the queue in one batch."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def __call__(self) -> None:
        for carrier in _carriers:
            carrier(self.messages)


def _after_commit(intents: Sequence[Intent]) -> None:
    if not intents or not _carriers:
        return
    waiting = current.session.info.get("after_commit", ())
    hand_over = next((callback for callback in waiting if isinstance(callback, _HandOver)), None)
    if hand_over is None:
        hand_over = _HandOver()
        after_commit(hand_over)
    hand_over.messages.extend(Message(current.tenant.id, intent.id, intent.kind) for intent in intents)
