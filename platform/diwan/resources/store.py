"""Writing records: validation, references, audit, search and events, in the transaction of the caller.

It never commits and never decides about screens; every path that writes (form, REST, plugin) comes through here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from diwan import audit
from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import DiwanError, Invalid, NotFound, Refuse, Stale
from diwan.events import emit, listened, record_event
from diwan.kit.i18n import _
from diwan.resources import depending, references, rights, search, secrets, sequences
from diwan.resources.amounts import check_amounts
from diwan.resources.computing import computes, settle
from diwan.resources.declare import Resource
from diwan.resources.model import Model
from diwan.resources.values import (
    as_id,
    as_json,
    assign,
    parse_parts,
    parse_values,
    read_set,
    sort_title,
    split,
    title_text,
    value_of,
    with_defaults,
)  # fmt: skip


def get(resource: Resource, id: UUID | str, *, lock: bool = False, action: str = "read") -> Any:
    """Return one record, archived or not, for an action. Raises NotFound, or Denied where only reading reaches it."""
    try:
        key = id if isinstance(id, UUID) else UUID(str(id))
    except ValueError:
        raise NotFound(_("There is no such record.")) from None
    if resource.reach is not None:
        return rights.get(resource, key, action, lock=lock)
    record = current.session.get(resource.model, (current.tenant.id, key), with_for_update=lock or None)
    if record is None:
        raise NotFound(_("There is no such record."))
    return record


def create(resource: Resource, raw: Mapping[str, Any]) -> Any:
    """Create a record and its child rows. Raises Invalid or Refuse, and Denied for one that would be out of reach."""
    asked, resource = resource, resource.whole
    rights.check_names(asked, "create", raw)
    raw, hidden = secrets.take(resource.secrets, raw)
    values = with_defaults(resource, parse_values(resource, raw, partial=False))
    outer = _outer(resource, values.get(resource.part_of)) if resource.part_of else {}
    rows = _rows(resource, raw, None)
    _check(resource, values, {}, rows, outer, narrowed=asked.asked)
    values |= sequences.draw_for(resource, [values])[0]
    values |= settle(resource, values, rows, outer)
    model: Any = resource.model
    columns, custom = split(resource, values)
    record = model(
        **columns, **hidden, tenant_id=current.tenant.id, sort_title=sort_title(resource, values),
        created_by=current.user.id,
    )  # fmt: skip
    if custom:
        record.custom = custom
    _announce(resource, "creating", record, {}, values)
    _flush(resource, record)
    for name, given in rows.items():
        _replace_parts(resource.parts[name], record, given, {})
    stored = {
        **values_of(resource, record),
        **{name: _plain(resource.parts[name], given) for name, given in rows.items()},
    }
    search.index(resource, [{**stored, "id": record.id}])
    stored |= secrets.traces(hidden, {})[1]
    audit.record("create", resource.key, record.id, _title(resource, record), after=as_json(stored))
    rights.check_made(asked, record, raw)
    _announce(resource, "created", record, {}, stored)
    if resource.part_of:
        _settle_parent(resource, getattr(record, resource.part_of))
    return record


def update(resource: Resource, id: UUID | str, raw: Mapping[str, Any], version: int | None = None) -> Any:
    """Change a record. `version` is the one that the person saw: another one stored raises Stale with what differs."""
    record = get(resource, id, lock=True, action="update")
    if version is not None and version != record.version:
        raise stale(resource, record, raw)
    asked, resource = resource, resource.whole
    raw = rights.check_names(asked, "update", raw, record)
    before = values_of(resource, record)
    raw, hidden = secrets.take(resource.secrets, raw)
    values = parse_values(resource, raw, partial=True)
    changed = {name: value for name, value in values.items() if before[name] != value}
    rights.check_changed(asked, record, {**changed, **hidden})
    outer = _outer(resource, before.get(resource.part_of)) if resource.part_of else {}
    existing = _existing(resource, record, raw)
    rows = _rows(resource, raw, existing)
    _check(resource, changed, before, rows, outer, narrowed=asked.asked)
    if computes(resource):
        settled = settle(resource, {**before, **changed}, {**_values_of_rows(resource, existing), **rows}, outer)
        changed |= {name: value for name, value in settled.items() if before[name] != value}
    old_parts = {name: _plain(resource.parts[name], existing[name].values()) for name in rows}
    assign(resource, record, changed)
    was, now_set = secrets.put(resource, record, hidden)
    if changed:
        _announce(resource, "updating", record, before, changed)
    for name, given in rows.items():
        _replace_parts(resource.parts[name], record, given, existing[name])
    new_parts = {name: _plain(resource.parts[name], parts_of(resource.parts[name], record)) for name in rows}
    touched = {name for name in rows if old_parts[name] != new_parts[name]}
    if not changed and not touched and not now_set:
        return record
    _touch(record)
    record.sort_title = sort_title(resource, values_of(resource, record))
    _flush(resource, record)
    after = values_of(resource, record)
    altered = [name for name in after if before[name] != after[name]]  # also what PostgreSQL computes
    if set(altered) & set(resource.search_fields):
        search.index(resource, [{**after, "id": record.id}])
    old = {**{n: before[n] for n in altered}, **{n: old_parts[n] for n in touched}, **was}
    new = {**{n: after[n] for n in altered}, **{n: new_parts[n] for n in touched}, **now_set}
    audit.record("update", resource.key, record.id, _title(resource, record), as_json(old), as_json(new))
    _announce(resource, "updated", record, old, new)
    if resource.part_of:
        _settle_parent(resource, getattr(record, resource.part_of))
    return record


def save(resource: Resource, record: Any, before: Mapping[str, Any], action: str) -> None:
    """Settle what code has set on a locked record since `before`: validated like any change, audited as `action`."""
    resource = resource.whole
    values = values_of(resource, record)
    changed = read_set(resource, {n: v for n, v in values.items() if v != before[n] and not resource.fields[n].derived})
    _check(resource, changed, before, {}, {})
    if changed and computes(resource):
        rows = _values_of_rows(resource, _existing(resource, record, {}))
        changed |= {n: v for n, v in settle(resource, {**before, **changed}, rows, {}).items() if v != before[n]}
    title = _title(resource, record)
    was, now_set = secrets.put(resource, record, secrets.assigned(resource, record))
    if not changed and not now_set:
        audit.record(action, resource.key, record.id, title)
        return
    assign(resource, record, changed)
    _announce(resource, "updating", record, before, changed)
    _touch(record)
    record.sort_title = sort_title(resource, values_of(resource, record))
    _flush(resource, record)
    after = values_of(resource, record)
    altered = [name for name in after if before[name] != after[name]]
    if set(altered) & set(resource.search_fields):
        search.index(resource, [{**after, "id": record.id}])
    old, new = {**{n: before[n] for n in altered}, **was}, {**{n: after[n] for n in altered}, **now_set}
    audit.record(action, resource.key, record.id, _title(resource, record), as_json(old), as_json(new))
    _announce(resource, "updated", record, old, new)


def archive(resource: Resource, id: UUID | str) -> Any:
    """Take a record out of lists; nothing is lost. Archiving twice changes nothing."""
    return _set_archived(resource, id, True)


def restore(resource: Resource, id: UUID | str) -> Any:
    """Bring an archived record back."""
    return _set_archived(resource, id, False)


def delete(resource: Resource, id: UUID | str) -> None:
    """Erase a record for good. Raises Refuse if others refer to it."""
    record = get(resource, id, lock=True, action="delete")
    resource = resource.whole
    before = as_json(values_of(resource, record))
    title = _title(resource, record)
    _announce(resource, "deleting", record, before, {})
    if references.referred(resource, [record.id]):
        raise Refuse(REFERRED)
    try:
        with current.session.begin_nested():
            current.session.delete(record)
            current.session.flush()
    except IntegrityError as error:
        raise Refuse(REFERRED) from error
    search.forget(resource, [record.id])
    audit.record("delete", resource.key, record.id, title, before=before)
    _announce(resource, "deleted", record, before, {})
    if resource.part_of:
        _settle_parent(resource, UUID(str(before[resource.part_of])))


REFERRED = _("Other records refer to this one, so it cannot be deleted. Archive it instead.")


def values_of(resource: Resource, record: Any) -> dict[str, Any]:
    """Return a record's described values by field name."""
    return {
        name: value_of(described, record) if resource.reads(name, record) else None
        for name, described in resource.fields.items()
    }


def parts_of(part: Resource, record: Any) -> list[Any]:
    """Return the child rows of a record in their order."""
    model: Any = part.model
    parent = getattr(model, part.part_of)
    order = (model.position, model.id) if part.numbered else (model.id,)
    return list(current.session.scalars(model.where(parent == record.id).order_by(*order)).all())


def check_references(resource: Resource, values: Mapping[str, Any]) -> None:
    """Refuse references to records that are not there for this tenant. One statement per referring field."""
    [errors] = references.check(resource, [values], narrowed=resource.asked)
    if errors:
        raise Invalid(errors)


def _check(
    resource: Resource, values: Mapping[str, Any], stored: Mapping[str, Any], rows: Mapping[str, Sequence[Any]],
    outer: Mapping[str, Any], *, narrowed: bool = False,
) -> None:  # fmt: skip
    """Refuse values that do not fit together, or refer to what is not there. `values` are those that change."""
    errors = {
        **references.check(resource, [values], narrowed=narrowed)[0],
        **check_amounts(resource, values, stored, outer),
    }
    whole = {**stored, **values}
    errors |= depending.check(resource, values, whole)
    for name, given in rows.items():
        part = resource.parts[name]
        for number, wrong in enumerate(references.check(part, given, narrowed=narrowed)):
            wrong |= check_amounts(part, given[number], {}, whole)
            errors |= {f"{name}.{number}.{field}": text for field, text in wrong.items()}
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


def _existing(resource: Resource, record: Any, raw: Mapping[str, Any]) -> dict[str, dict[UUID, Any]]:
    """The stored child rows by id, of the parts that are given and, where something is computed from them, of all."""
    wanted = resource.parts if computes(resource) else [name for name in resource.parts if name in raw]
    return {name: {row.id: row for row in parts_of(resource.parts[name], record)} for name in wanted}


def _rows(
    resource: Resource, raw: Mapping[str, Any], existing: Mapping[str, Mapping[UUID, Any]] | None
) -> dict[str, list[dict[str, Any]]]:
    """The child rows that are given, each with all of its values, and with the "id" of the stored one it changes."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, part in resource.parts.items():
        if name not in raw:
            continue
        found[name] = rows = []
        for row in parse_parts(part, raw[name]):
            key = row.pop("id", None)
            if not key:
                rows.append(with_defaults(part, row))
                continue
            id = as_id(key)
            stored = (existing or {}).get(name, {}).get(id) if id else None
            if stored is None:
                raise Invalid({part.name: _("A row does not belong to this record.")})
            rows.append({**values_of(part, stored), **row, "id": stored.id})
        if part.numbered:
            for place, row in enumerate(rows, 1):
                row["position"] = place
    return found


def _values_of_rows(resource: Resource, existing: Mapping[str, Mapping[UUID, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {name: [values_of(resource.parts[name], row) for row in rows.values()] for name, rows in existing.items()}


def _replace_parts(
    part: Resource, parent: Any, rows: Iterable[Mapping[str, Any]], existing: Mapping[UUID, Any]
) -> None:
    """Make the child rows those given: known ids are changed, new rows added, the others removed."""
    gone = dict(existing)
    model: Any = part.model
    for row in rows:
        values = {n: v for n, v in row.items() if n not in ("id", part.part_of) and part.fields[n].formula is None}
        stored = gone.pop(row["id"], None) if row.get("id") else None
        if stored is None:
            current.session.add(
                model(**values, **{part.part_of: parent.id}, tenant_id=parent.tenant_id,
                           sort_title=sort_title(part, values), created_by=current.user.id)
            )  # fmt: skip
        elif any(getattr(stored, name) != value for name, value in values.items()):
            assign(part, stored, values)
            stored.sort_title = sort_title(part, values)
            _touch(stored)
    for row in gone.values():
        current.session.delete(row)
    current.session.flush()


def _outer(part: Resource, id: Any) -> dict[str, Any]:
    """The values of the record that a child row belongs to."""
    parent = _parent(part)
    record = current.session.get(parent.model, (current.tenant.id, id)) if parent and id else None
    return values_of(parent.whole, record) if parent and record is not None else {}


def _parent(part: Resource) -> Resource | None:
    found: Resource | None = (
        current.lineup.resources.get(part.fields[part.part_of].reference) if current.lineup else None
    )
    return found


def _settle_parent(part: Resource, id: UUID) -> None:
    """Work out what a record computes from its child rows, after one of them was written alone."""
    parent = _parent(part)
    if parent is not None and computes(parent):
        update(parent.whole, id, {})


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
    record = get(resource, id, lock=True, action="update")
    resource = resource.whole
    if (record.archived_at is not None) == archived:
        return record
    record.archived_at = now() if archived else None
    _touch(record)
    current.session.flush()
    action = "archive" if archived else "restore"
    audit.record(action, resource.key, record.id, _title(resource, record))
    _announce(resource, "updated", record, {"archived": not archived}, {"archived": archived})
    return record


def stale(resource: Resource, record: Any, raw: Mapping[str, Any]) -> Stale:
    """Return the error of a save that comes too late, with what is stored and what differs from it."""
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


def _plain(part: Resource, rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Return child rows as plain values, for audit and comparison."""
    plain = []
    for row in rows:
        values = row if isinstance(row, Mapping) else values_of(part, row)
        plain.append({name: as_json(value) for name, value in values.items() if name not in ("id", part.part_of)})
    return plain


def _title(resource: Resource, record: Any) -> str:
    return title_text(resource, {resource.title: getattr(record, resource.title)})
