"""Writing records: validation, references, audit, search and events, in the transaction of the caller.

It never commits and never decides about screens; every path that writes (form, REST, plugin) comes through here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from diwan import audit
from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import DiwanError, Invalid, NotFound, Refuse, Stale
from diwan.events import emit, listened, record_event
from diwan.kit.i18n import _
from diwan.resources import search
from diwan.resources.declare import Resource
from diwan.resources.model import Model
from diwan.resources.values import as_json, parse_parts, parse_values, sort_title, with_defaults


def get(resource: Resource, id: UUID | str, *, lock: bool = False) -> Any:
    """Return one record, archived or not. Raises NotFound."""
    try:
        key = id if isinstance(id, UUID) else UUID(str(id))
    except ValueError:
        raise NotFound(_("There is no such record.")) from None
    record = current.session.get(resource.model, (current.tenant.id, key), with_for_update=lock or None)
    if record is None:
        raise NotFound(_("There is no such record."))
    return record


def create(resource: Resource, raw: Mapping[str, Any]) -> Any:
    """Create a record and its child rows. Raises Invalid or Refuse."""
    values = with_defaults(resource, parse_values(resource, raw, partial=False))
    parts = {name: parse_parts(part, raw[name]) for name, part in resource.parts.items() if name in raw}
    check_references(resource, values)
    model: Any = resource.model
    record = model(
        **values, tenant_id=current.tenant.id, sort_title=sort_title(resource, values), created_by=current.user.id
    )
    _announce(resource, "creating", record, {}, values)
    _flush(resource, record)
    for name, rows in parts.items():
        _replace_parts(resource.parts[name], record, rows)
    stored = {**values_of(resource, record), **{name: _plain(rows) for name, rows in parts.items()}}
    search.index(resource, [{**stored, "id": record.id}])
    audit.record("create", resource.key, record.id, _title(resource, record), after=as_json(stored))
    _announce(resource, "created", record, {}, stored)
    return record


def update(resource: Resource, id: UUID | str, raw: Mapping[str, Any], version: int | None = None) -> Any:
    """Change a record. `version` is the one that the person saw: another one stored raises Stale with what differs."""
    record = get(resource, id, lock=True)
    if version is not None and version != record.version:
        raise _stale(resource, record, raw)
    values = parse_values(resource, raw, partial=True)
    parts = {name: parse_parts(part, raw[name]) for name, part in resource.parts.items() if name in raw}
    before = values_of(resource, record)
    changed = {name: value for name, value in values.items() if before[name] != value}
    check_references(resource, changed)
    old_parts = {name: _plain(parts_of(resource.parts[name], record)) for name in parts}
    for name, value in changed.items():
        setattr(record, name, value)
    if changed:
        _announce(resource, "updating", record, before, changed)
    for name, rows in parts.items():
        _replace_parts(resource.parts[name], record, rows)
    new_parts = {name: _plain(parts_of(resource.parts[name], record)) for name in parts}
    touched = {name for name in parts if old_parts[name] != new_parts[name]}
    if not changed and not touched:
        return record
    _touch(record)
    record.sort_title = sort_title(resource, values_of(resource, record))
    _flush(resource, record)
    after = values_of(resource, record)
    if changed.keys() & set(resource.search_fields):
        search.index(resource, [{**after, "id": record.id}])
    old = {**{n: before[n] for n in changed}, **{n: old_parts[n] for n in touched}}
    new = {**{n: after[n] for n in changed}, **{n: new_parts[n] for n in touched}}
    audit.record("update", resource.key, record.id, _title(resource, record), as_json(old), as_json(new))
    _announce(resource, "updated", record, old, new)
    return record


def archive(resource: Resource, id: UUID | str) -> Any:
    """Take a record out of lists; nothing is lost. Archiving twice changes nothing."""
    return _set_archived(resource, id, True)


def restore(resource: Resource, id: UUID | str) -> Any:
    """Bring an archived record back."""
    return _set_archived(resource, id, False)


def delete(resource: Resource, id: UUID | str) -> None:
    """Erase a record for good. Raises Refuse if others refer to it."""
    record = get(resource, id, lock=True)
    before = as_json(values_of(resource, record))
    title = _title(resource, record)
    _announce(resource, "deleting", record, before, {})
    try:
        with current.session.begin_nested():
            current.session.delete(record)
            current.session.flush()
    except IntegrityError as error:
        raise Refuse(_("Other records refer to this one, so it cannot be deleted. Archive it instead.")) from error
    search.forget(resource, [record.id])
    audit.record("delete", resource.key, record.id, title, before=before)
    _announce(resource, "deleted", record, before, {})


def values_of(resource: Resource, record: Any) -> dict[str, Any]:
    """Return a record's described values by field name."""
    return {name: getattr(record, name) for name in resource.fields}


def parts_of(part: Resource, record: Any) -> list[Any]:
    """Return the child rows of a record in their order."""
    model: Any = part.model
    parent = getattr(model, part.part_of)
    return list(current.session.scalars(model.where(parent == record.id).order_by(model.id)).all())


def check_references(resource: Resource, values: Mapping[str, Any]) -> None:
    """Refuse references to records that are not there for this tenant. One statement per referring field."""
    errors: dict[str, object] = {}
    for name, value in values.items():
        target = resource.fields[name].reference
        if not target or value is None:
            continue
        referred = current.lineup.resources.get(target) if current.lineup else None
        if referred is None:
            continue
        table = referred.table
        found = select(table.c.id).where(table.c.tenant_id == current.tenant.id, table.c.id == value)
        if current.session.execute(found).first() is None:
            errors[name] = _("There is no such %(label)s.", label=str(referred.label).lower())
    if errors:
        raise Invalid(errors)


def integrity_error(resource: Resource, error: IntegrityError) -> DiwanError:
    """Return what a violated constraint means to the person."""
    diagnostic = getattr(error.orig, "diag", None)
    constraint = getattr(diagnostic, "constraint_name", None) or ""
    for prefix, text in (
        (f"uq_{resource.name}_", _("Another record has this value already.")),
        (f"fk_{resource.name}_", _("There is no such record.")),
        (f"ck_{resource.name}_", _("This value is not allowed here.")),
    ):
        if constraint.startswith(prefix) and constraint.removeprefix(prefix) in resource.fields:
            return Invalid({constraint.removeprefix(prefix): text})
    return Refuse(_("The database refuses this record (%(constraint)s).", constraint=constraint))


def _flush(resource: Resource, record: Any) -> None:
    """Write a record. A violated constraint ends the transaction; who wants to go on opens a savepoint before."""
    try:
        current.session.add(record)
        current.session.flush()
    except IntegrityError as error:
        raise integrity_error(resource, error) from error


def _replace_parts(part: Resource, parent: Any, rows: Iterable[dict[str, Any]]) -> None:
    """Make the child rows those given: known ids are changed, new rows added, the others removed."""
    existing = {row.id: row for row in parts_of(part, parent)}
    model: Any = part.model
    for row in rows:
        key = row.pop("id", None)
        stored = existing.pop(UUID(str(key)), None) if key else None
        if key and stored is None:
            raise Invalid({part.name: _("A row does not belong to this record.")})
        if stored is None:
            values = with_defaults(part, row)
            current.session.add(
                model(**values, **{part.part_of: parent.id}, tenant_id=parent.tenant_id,
                           sort_title=sort_title(part, values), created_by=current.user.id)
            )  # fmt: skip
        elif any(getattr(stored, name) != value for name, value in row.items()):
            for name, value in row.items():
                setattr(stored, name, value)
            _touch(stored)
    for row in existing.values():
        current.session.delete(row)
    current.session.flush()


def _announce(resource: Resource, what: str, record: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Tell who listens what happens to a record: `changes` maps each field to [before, after]."""
    if listened(f"{resource.key}.{what}"):
        names = dict.fromkeys([*before, *after])
        changes = {name: [as_json(before.get(name)), as_json(after.get(name))] for name in names}
        emit(record_event(what, resource.key, record.id, title=_title(resource, record), changes=changes))


def _touch(record: Model) -> None:
    record.version += 1
    record.updated_at = now()


def _set_archived(resource: Resource, id: UUID | str, archived: bool) -> Any:
    record = get(resource, id, lock=True)
    if (record.archived_at is not None) == archived:
        return record
    record.archived_at = now() if archived else None
    _touch(record)
    current.session.flush()
    action = "archive" if archived else "restore"
    audit.record(action, resource.key, record.id, _title(resource, record))
    _announce(resource, "updated", record, {"archived": not archived}, {"archived": archived})
    return record


def _stale(resource: Resource, record: Any, raw: Mapping[str, Any]) -> Stale:
    stored = values_of(resource, record)
    mine: dict[str, Any] = {}
    for name, value in raw.items():
        if name in resource.editable:
            try:
                mine[name] = resource.fields[name].parse(value)
            except ValueError:
                mine[name] = value
    differing = {name: value for name, value in mine.items() if stored[name] != value}
    return Stale(
        _("Somebody else has changed this record since you opened it. Compare, then save again."),
        {**stored, "version": record.version},
        differing,
    )


def _plain(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Return child rows as plain values, for audit and comparison."""
    plain = []
    for row in rows:
        if isinstance(row, Mapping):
            plain.append({n: as_json(v) for n, v in row.items() if n != "id"})
        else:
            plain.append({n: as_json(getattr(row, n)) for n in type(row).__resource__.fields})
    return plain


def _title(resource: Resource, record: Any) -> str:
    return str(getattr(record, resource.title) or "")
