"""Writes and reads the audit log of the tenant that is open.

It must stay cheap (one statement for any number of entries) and never raise on a value it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from diwan.audit.models import AuditEntry
from diwan.db.base import now
from diwan.db.bulk import insert_rows
from diwan.db.context import current
from diwan.kit.ids import uuid7s

TABLE: Table = AuditEntry.__table__  # type: ignore[assignment]
PAGE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """What to record; actor, tenant, time and request come from the scope."""

    action: str
    resource: str = ""
    record_id: UUID | None = None
    title: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def record(
    action: str,
    resource: str = "",
    record_id: UUID | None = None,
    title: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add one entry: `record("updated", "contacts.contact", id, "Acme", {"city": "A"}, {"city": "B"})`."""
    record_many([Entry(action, resource, record_id, title, before, after)])


def record_many(entries: Iterable[Entry]) -> None:
    """Add entries in one statement, in this transaction."""
    scope, moment = current.scope, now()
    shared = {
        "tenant_id": current.tenant.id,
        "at": moment,
        "actor_id": scope.user.id,
        "actor_name": scope.user.name,
        "actor_kind": scope.user.kind,
        "request_id": scope.request_id,
    }
    entries = list(entries)
    # Ids of one millisecond have no order; within one call the log keeps the order of the entries.
    ids = uuid7s(len(entries))
    rows: list[dict[str, Any]] = [
        {
            "id": entry_id,
            "action": entry.action,
            "resource": entry.resource,
            "record_id": entry.record_id,
            "title": entry.title,
            "before": entry.before,
            "after": entry.after,
        }
        for entry_id, entry in zip(ids, entries, strict=True)
    ]
    # On the connection, past the ORM's hook: the tenant is in every row.
    if len(rows) == 1:
        only = {**shared, **rows[0], "before": plain(rows[0]["before"]), "after": plain(rows[0]["after"])}
        current.session.connection().execute(TABLE.insert(), only)
    else:
        insert_rows(current.session.connection(), TABLE, rows, names=list(rows[0]) if rows else [], shared=shared)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it; what JSON does not know becomes text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


def entries(
    *,
    resource: str = "",
    record_id: UUID | None = None,
    actor_id: UUID | None = None,
    action: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: UUID | None = None,
    limit: int = PAGE,
) -> Sequence[AuditEntry]:
    """Return entries, newest first; `before` is the id of the last one already shown. At most `limit` + 1."""
    statement = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit + 1)
    for column, value in (
        (AuditEntry.resource, resource),
        (AuditEntry.record_id, record_id),
        (AuditEntry.actor_id, actor_id),
        (AuditEntry.action, action),
    ):
        if value:
            statement = statement.where(column == value)
    if since is not None:
        statement = statement.where(AuditEntry.at >= since)
    if until is not None:
        statement = statement.where(AuditEntry.at < until)
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    return current.session.scalars(statement).all()
