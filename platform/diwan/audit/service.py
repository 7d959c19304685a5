"""Writes and reads the audit log of the tenant that is open.

It must stay cheap (one statement for a whole transaction) and never raise on a value it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from diwan.audit import unseen, waiting
from diwan.audit.models import AuditEntry
from diwan.audit.unseen import Change, Kind
from diwan.db.base import now
from diwan.db.columns import iso_span
from diwan.db.context import current
from diwan.kit.ids import uuid7s

PAGE = 50
BATCH = 500
NO_RECORD = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Entry:
    """What to record; actor, tenant, time and request come from the scope."""

    action: str
    resource: str = ""
    record_id: UUID | None = None
    title: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted; empty means all."""

    resource: str = ""
    record_id: UUID | None = None
    actor_id: UUID | None = None
    action: str = ""
    actions: Sequence[str] = ()
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


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
    """Add entries; they are written with the commit, and are gone with a rollback, of a savepoint too."""
    _record(entries, [current.tenant.id])


def record_everywhere(user_id: UUID, entry: Entry, *, among: Collection[int] | None = None) -> None:
    """Add an entry to the log of each business that a person belongs to (or of those `among` them)."""
    rows = current.session.connection().exec_driver_sql(
        "SELECT tenant_id FROM core.memberships_of(%(who)s)", {"who": user_id}
    )
    _record([entry], [row.tenant_id for row in rows if among is None or row.tenant_id in among])


def _record(entries: Iterable[Entry], tenants: Sequence[int]) -> None:
    entries = list(entries)
    if not entries or not tenants:
        return
    scope, moment = current.scope, now()
    actor = scope.user
    _cover(entries)
    # Ids of one millisecond have no order; within one call the log keeps the order of the entries.
    keys = iter(uuid7s(len(entries) * len(tenants)))
    waiting.add(
        [
            {
                "tenant_id": tenant,
                "id": next(keys),
                "at": moment,
                "actor_id": actor.id,
                "actor_name": actor.name,
                "actor_kind": actor.kind,
                "request_id": scope.request_id,
                "action": entry.action,
                "resource": entry.resource,
                "record_id": entry.record_id,
                "title": storable(entry.title),
                "before": _frozen(entry.before),
                "after": _frozen(entry.after),
            }
            for tenant in tenants
            for entry in entries
        ]
    )


def notice(resource: str, record_id: UUID, change: Change) -> None:
    """Keep a change that was seen in the session; it is recorded at the commit unless somebody tells of it first."""
    unseen.see(waiting.waiting().changes, (resource, record_id), change)


def _cover(entries: Sequence[Entry]) -> None:
    changes = waiting.waiting().changes
    if changes:
        for entry in entries:
            if entry.record_id is not None:
                unseen.cover(changes, entry.action, (entry.resource, entry.record_id), entry.before, entry.after)


def _settle() -> None:
    changes, waiting.waiting().changes = waiting.waiting().changes, {}
    record_many(_entry(key, change) for key, change in changes.items())


def _entry(key: unseen.Key, change: Change) -> Entry:
    kind: Kind = change.kind
    before: dict[str, Any] | None = {name: values[0] for name, values in change.fields.items()}
    after: dict[str, Any] | None = {name: values[1] for name, values in change.fields.items()}
    if kind == "create":
        before, after = None, dict(change.whole()) if change.whole else None
    elif kind == "delete":
        after = None
    return Entry(kind, *key, change.title, before, after)


def _frozen(values: Mapping[str, Any] | None) -> orjson.Fragment | None:
    """Return a mapping as JSON: what happens to it later must not change the log."""
    if values is None:
        return None
    try:
        document = orjson.dumps(values, default=_unknown, option=orjson.OPT_NON_STR_KEYS)
        if b"\\u0000" not in document:
            return orjson.Fragment(document)
    except TypeError:
        pass
    return orjson.Fragment(json.dumps(plain(values)))


def storable(text: str) -> str:
    """Return a text without what PostgreSQL stores in none: the zero character and halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _unknown(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else plain(value)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it; what JSON does not know becomes text."""
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {storable(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return iso_span(value) if hasattr(value, "total_seconds") else storable(str(value))


def entries(
    *, before: UUID | None = None, limit: int = PAGE, wanted: Filter | None = None, **only: Any
) -> Sequence[AuditEntry]:
    """Return entries, newest first, at most `limit` + 1; `before` is the id of the last one already shown.

    `entries(resource="x.y", record_id=id)` filters by the fields of `Filter`.
    """
    statement = chosen(wanted or Filter(**only)).order_by(AuditEntry.id.desc()).limit(limit + 1)
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    return current.session.scalars(statement).all()


def chosen(wanted: Filter) -> Select[AuditEntry]:
    """Return a select of the entries of the open business that are wanted, in no order."""
    statement = select(AuditEntry).where(AuditEntry.tenant_id == current.tenant.id)
    for column, value in (
        (AuditEntry.resource, wanted.resource),
        (AuditEntry.record_id, wanted.record_id),
        (AuditEntry.actor_id, wanted.actor_id),
        (AuditEntry.action, wanted.action),
    ):
        if value:
            statement = statement.where(column == value)
    if wanted.actions:
        statement = statement.where(AuditEntry.action.in_(wanted.actions))
    if wanted.since is not None:
        statement = statement.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(AuditEntry.at < wanted.until)
    for word in wanted.text.split():
        statement = statement.where(_says(word))
    return statement


def _says(word: str) -> ColumnElement[bool]:
    told = (AuditEntry.title, AuditEntry.actor_name, AuditEntry.action, AuditEntry.resource)
    return or_(*(column.icontains(word, autoescape=True) for column in told))


# All sessions: one that nobody listened to would lose what it was told.
waiting.attach(Session, _settle)
