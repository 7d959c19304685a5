"""Taking back what somebody just did to records: each step keeps the former values, for the person who made it.

It must not overwrite what others did since: a record counts only while its version is the one the step left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Index, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, TenantMixin, now
from diwan.db.context import current
from diwan.errors import DiwanError, NotFound, Refuse
from diwan.kit.i18n import _
from diwan.kit.ids import uuid7
from diwan.resources import store
from diwan.resources.bulk import Change, update_many
from diwan.resources.declare import Resource
from diwan.resources.lookup import Existing, find_by_id
from diwan.resources.values import as_json

KEPT_FOR = timedelta(hours=1)
BATCH = 500
ARCHIVED = "archived"


class UndoStep(TenantMixin, Base):
    """One act of a person. changes: [{"id", "version", "before": {field: value}}]; "archived" counts as a field."""

    __tablename__ = "undo_step"
    __table_args__ = (Index("ix_undo_step_user", "tenant_id", "user_id", "id"), {"schema": "core"})

    user_id: Mapped[UUID]
    resource: Mapped[str]
    label: Mapped[str]
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(default=now)
    undone_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of an undo: how many records have their former values again, how many stay as they are."""

    resource: str
    undone: int
    kept: int


def record(resource: Resource, label: object, changes: Iterable[Mapping[str, Any]]) -> UUID:
    """Remember a step. `changes`: {id, version (as it is now), before: {field: former value}}; return its id."""
    kept = [{"id": str(c["id"]), "version": c["version"], "before": as_json(c["before"])} for c in changes]
    step = UndoStep(
        id=uuid7(), tenant_id=current.tenant.id, user_id=current.user.id, resource=resource.key, label=str(label)[:200],
        changes=kept,
    )  # fmt: skip
    current.session.add(step)
    current.session.flush()
    return step.id


def undo(id: UUID) -> Undone:
    """Give the records of a step of this person their former values. Raises NotFound, Denied, or Refuse when late."""
    step = current.session.scalar(
        select(UndoStep)
        .where(UndoStep.tenant_id == current.tenant.id, UndoStep.id == id, UndoStep.user_id == current.user.id)
        .with_for_update()
    )
    resource: Resource | None = current.lineup.resources.get(step.resource) if step else None
    if step is None or resource is None:
        raise NotFound(_("There is nothing to undo here."))
    resource.require("update")
    if step.undone_at is not None:
        raise Refuse(_("This was undone already."))
    if step.created_at < now() - KEPT_FOR:
        raise Refuse(_("This was too long ago to undo: it can be undone within an hour."))
    undone = 0
    for start in range(0, len(step.changes), BATCH):
        undone += _undo(resource, step.changes[start : start + BATCH])
    step.undone_at = now()
    current.session.flush()
    return Undone(step.resource, undone, len(step.changes) - undone)


def _undo(resource: Resource, changes: Sequence[Mapping[str, Any]]) -> int:
    """Undo one batch; return how many records it was."""
    current.session.expire_all()  # a batch is written past the session
    there = find_by_id(resource, [UUID(c["id"]) for c in changes], lock=True)
    same = [(there[UUID(c["id"])], c["before"]) for c in changes if _is_ours(there.get(UUID(c["id"])), c)]
    done = {record.id for record, before in same if before.keys() <= {ARCHIVED}}
    written: list[Change] = []
    for record, before in same:
        values = _former(resource, before)
        if values:
            written.append(Change(record, values))
    for change, outcome in zip(written, update_many(resource, written), strict=True):
        if not isinstance(outcome, DiwanError):
            done.add(change.record.id)
    current.session.expire_all()
    for record, before in same:
        if record.id in done and ARCHIVED in before:
            (store.archive if before[ARCHIVED] else store.restore)(resource, record.id)
    return len(done)


def _is_ours(record: Existing | None, change: Mapping[str, Any]) -> bool:
    return record is not None and record.version == change["version"]


def _former(resource: Resource, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the former values, typed again from their JSON; a field that is gone has none."""
    return {name: resource.fields[name].load(value) for name, value in before.items() if name in resource.fields}
