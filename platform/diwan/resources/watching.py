"""Changes of records past the services: code that sets attributes, adds or deletes objects, or updates many at once.

It must only look. What `store` and `bulk` do, they record themselves; here the rest is seen, so that the log has it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState, Session

from diwan import audit
from diwan.audit import Change
from diwan.audit.unseen import ARCHIVED
from diwan.db.context import current
from diwan.kit.ids import uuid7
from diwan.resources.declare import Resource
from diwan.resources.model import Model
from diwan.resources.values import as_json, title_text, value_of

CUSTOM = "custom"


def attach(factory: Any) -> None:
    """Listen to the sessions of a factory."""
    event.listen(factory, "before_flush", _flushed)
    event.listen(factory, "do_orm_execute", _executed)


def _flushed(session: Session, *_: Any) -> None:
    for record in session.new:
        if isinstance(record, Model):
            _notice(record, _made(record))
    for record in session.dirty:
        if isinstance(record, Model) and (fields := _altered(record)):
            _notice(record, Change("update", fields=fields))
    for record in session.deleted:
        if isinstance(record, Model):
            _notice(record, Change("delete", fields={name: [value, None] for name, value in _values(record).items()}))


def _notice(record: Any, change: Change) -> None:
    resource = _resource(type(record))
    change.title = _title(resource, record)
    if resource is not None and resource.part_of:
        parent = resource.fields[resource.part_of].reference
        above = record.__dict__.get(resource.part_of)
        change.within = ((parent, above), resource.name) if isinstance(above, UUID) else None
    audit.notice(_key(type(record)), record.id, change)


def _made(record: Any) -> Change:
    if record.id is None:
        record.id = uuid7()
    return Change("create", whole=lambda: _values(record))


def _altered(record: Any) -> dict[str, list[Any]]:
    """The described values that are about to change, each as [before, after]."""
    resource, state = _resource(type(record)), inspect(record)
    found: dict[str, list[Any]] = {}
    for name, history in ((name, state.attrs[name].history) for name in state.committed_state if name in state.attrs):
        if not history.has_changes():
            continue
        before, after = (side[0] if side else None for side in (history.deleted, history.added))
        if name == CUSTOM:
            old, new = before or {}, after or {}
            names = (name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name))
            found |= {name: [_custom(resource, name, old), _custom(resource, name, new)] for name in names}
        elif resource is not None and name in resource.secrets:
            found[name] = [before is not None, after is not None]  # whether there is one, never which
        elif resource is None or name in resource.fields or name == ARCHIVED:
            found[name] = [as_json(before), as_json(after)]
    return found


def _custom(resource: Resource | None, name: str, values: dict[str, Any]) -> Any:
    described = resource.fields.get(name) if resource is not None else None
    value = values.get(name)
    return as_json(described.load(value)) if described is not None and described.custom else as_json(value)


def _values(record: Any) -> dict[str, Any]:
    """The described values of a record that are loaded: looking must not read."""
    resource = _resource(type(record))
    if resource is None:
        columns = type(record).__table__.columns
        return {c.name: as_json(record.__dict__[c.name]) for c in columns if c.name in record.__dict__}
    found = {
        name: as_json(value_of(described, record))
        for name, described in resource.fields.items()
        if described.custom or name in record.__dict__
    }
    return found | {name: True for name in resource.secrets if record.__dict__.get(name) is not None}


def _title(resource: Resource | None, record: Any) -> str:
    return title_text(resource, {resource.title: record.__dict__.get(resource.title)}) if resource is not None else ""


def _resource(model: Any) -> Resource | None:
    """The resource of a model as the open business has it, without anybody's limits."""
    own: Resource | None = getattr(model, "__resource__", None)
    found: Resource | None = current.lineup.resources.get(own.key) if own is not None and current.lineup else None
    return found.whole if found is not None else own


def _key(model: Any) -> str:
    return str(model.__table__.fullname)


def _executed(state: ORMExecuteState) -> Any:
    """Statements over many rows: their number is known only afterwards, so they are run here."""
    if not (state.is_update or state.is_delete or state.is_insert):
        return None
    statement: Any = state.statement
    table = statement.table
    if table.schema in (None, "core") or current.tenant_or_none is None:
        return None
    result: Any = state.invoke_statement()
    count = getattr(result, "rowcount", 0)  # of inserted objects the session does not tell it
    if state.is_insert and isinstance(state.parameters, list):
        count = max(count, len(state.parameters))
    resource = current.lineup.resources.get(table.fullname) if current.lineup else None
    action = "update" if state.is_update else "delete" if state.is_delete else "create"
    names = sorted({str(getattr(c, "key", c)) for c in getattr(statement, "_values", None) or ()})
    told = {"records": count, **({"fields": names} if names and state.is_update else {})}
    audit.record(f"{action}_many", table.fullname, None, str(resource.labels) if resource else "", after=told)
    return result
