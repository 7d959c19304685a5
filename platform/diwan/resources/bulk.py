"""Many records at once, with the rules, audit, search and events of `store`, in a few statements a batch.

It must give the same result as `store` called once a record; where somebody wants a say on each, it does call that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import any_, bindparam, delete, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.types import Text, Uuid

from diwan import audit
from diwan.audit import Entry
from diwan.db.base import now
from diwan.db.bulk import as_document, insert_rows, update_rows
from diwan.db.context import current
from diwan.errors import DiwanError, Refuse
from diwan.events import emit_all, listened, record_event
from diwan.kit.i18n import _
from diwan.kit.ids import uuid7s
from diwan.resources import references, rights, search, sequences, store
from diwan.resources.computing import computes, settle
from diwan.resources.declare import Resource
from diwan.resources.lookup import Existing
from diwan.resources.values import as_json, sort_title, split, title_text, with_defaults

T = TypeVar("T")
RECORD = frozenset(
    {"tenant_id", "id", "created_at", "created_by", "updated_at", "archived_at", "version", "sort_title", "custom"}
)


@dataclass(frozen=True, slots=True)
class Written:
    """A record that was written: its version now, and the former values of what changed (JSON; empty: nothing did)."""

    id: UUID
    version: int
    before: dict[str, Any] = field(default_factory=dict)


Outcome = Written | DiwanError


@dataclass(frozen=True, slots=True)
class Change:
    """What to write over a record that was read with `lock=True`. `revive` brings it back from the archive."""

    record: Existing
    values: Mapping[str, Any]
    revive: bool = False


def create_many(resource: Resource, drafts: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Create one record for each mapping of typed values (see `Field.parse`); return what became of each, in order."""
    if resource.reach is not None:
        return _one_by_one(drafts, lambda draft: _created(store.create(resource, draft)))
    if listened(f"{resource.key}.creating") or not _fully_described(resource) or resource.part_of:
        return _one_by_one(drafts, lambda draft: _created(store.create(resource, draft)))
    return _in_halves(resource, drafts, lambda some: _insert(resource, some))


def update_many(resource: Resource, changes: Sequence[Change]) -> list[Outcome]:
    """Write typed values over records; return what became of each, in order. Each record may come once."""
    if resource.reach is not None:
        names = {name for change in changes for name in change.values}
        closed = rights.outside(resource, [change.record.id for change in changes], "update", names)
        return _beside(closed, changes, lambda c: c.record.id, lambda some: update_many(resource.whole, some))
    if listened(f"{resource.key}.updating") or (resource.parts and computes(resource)) or resource.part_of:
        return _one_by_one(changes, lambda change: _update_one(resource, change))
    return _in_halves(resource, changes, lambda some: _update(resource, some))


def delete_many(resource: Resource, records: Sequence[Existing]) -> list[Outcome]:
    """Erase records; one that others refer to is refused and stays."""
    if resource.reach is not None:
        closed = rights.outside(resource, [record.id for record in records], "delete")
        return _beside(closed, records, lambda r: r.id, lambda some: delete_many(resource.whole, some))
    if listened(f"{resource.key}.deleting"):
        return _one_by_one(records, lambda record: _delete_one(resource, record))
    return _in_halves(resource, records, lambda some: _delete(resource, some), store.REFERRED)


def set_archived_many(resource: Resource, records: Sequence[Existing], *, archived: bool) -> list[Outcome]:
    """Archive or restore records; like `store.archive` and `store.restore`. `before` tells {"archived": …}."""
    if resource.reach is not None:
        closed = rights.outside(resource, [record.id for record in records], "update")
        return _beside(
            closed, records, lambda r: r.id, lambda some: set_archived_many(resource.whole, some, archived=archived)
        )
    moment = now()
    changed = [record for record in records if (record.archived_at is not None) != archived]
    rows = [
        {"id": r.id, "archived_at": moment if archived else None, "updated_at": moment, "version": r.version + 1}
        for r in changed
    ]
    names = ("archived_at", "updated_at", "version")
    update_rows(current.session.connection(), resource.table, current.tenant.id, names, rows)
    action = "archive" if archived else "restore"
    audit.record_many(Entry(action, resource.key, r.id, str(r.values[resource.title] or "")) for r in changed)
    title = resource.title
    if listened(f"{resource.key}.updated"):
        emit_all(
            record_event(
                "updated", resource.key, r.id, title=str(r.values[title] or ""),
                changes={"archived": [not archived, archived]},
            )
            for r in changed
        )  # fmt: skip
    mine = {record.id for record in changed}
    return [
        Written(r.id, r.version + 1, {"archived": not archived}) if r.id in mine else Written(r.id, r.version)
        for r in records
    ]


def _beside(
    closed: Mapping[UUID, DiwanError], items: Sequence[T], key: Callable[[T], UUID],
    write: Callable[[Sequence[T]], list[Outcome]],
) -> list[Outcome]:  # fmt: skip
    """Write what is not closed to the actor; return what became of each, in order."""
    written = iter(write([item for item in items if key(item) not in closed]))
    return [closed.get(key(item)) or next(written) for item in items]


def _in_halves(
    resource: Resource, items: Sequence[T], write: Callable[[Sequence[T]], list[Written]], referred: object = None
) -> list[Outcome]:
    """Write all at once; when the database refuses, write each half, down to the one that it means."""
    if not items:
        return []
    try:
        with current.session.begin_nested():
            return list(write(items))
    except IntegrityError as error:
        if len(items) == 1:
            return [Refuse(referred) if referred else store.integrity_error(resource, error)]
    except Refuse as error:
        if len(items) == 1:
            return [error]
    except DataError:
        if len(items) == 1:
            return [Refuse(_("The database cannot store a value of this record."))]
    middle = len(items) // 2
    return [
        *_in_halves(resource, items[:middle], write, referred),
        *_in_halves(resource, items[middle:], write, referred),
    ]


def _one_by_one(items: Iterable[T], write: Callable[[T], Written]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for item in items:
        try:
            with current.session.begin_nested():
                outcomes.append(write(item))
        except DiwanError as error:
            outcomes.append(error)
    return outcomes


def _fully_described(resource: Resource) -> bool:
    """Whether the model has no column with a default of its own outside its fields: only the ORM knows those."""
    return all(c.name in resource.fields or c.name in RECORD or c.default is None for c in resource.table.c)


def _insert(resource: Resource, drafts: Sequence[Mapping[str, Any]]) -> list[Written]:
    moment = now()
    rows = _with_defaults(resource, drafts)
    for row, number in zip(rows, sequences.draw_for(resource, rows), strict=True):
        row |= number
    if computes(resource):
        for row in rows:
            row |= settle(resource, row, {})
    documents = _stored(resource, rows)
    for row, document, key in zip(rows, documents, uuid7s(len(rows)), strict=True):
        row["id"] = document["id"] = key
        document["sort_title"] = sort_title(resource, row)
    shared = {
        "tenant_id": current.tenant.id, "created_at": moment, "created_by": current.user.id, "updated_at": moment,
        "version": 1,
    }  # fmt: skip
    names = set[str]().union(*documents)
    insert_rows(current.session.connection(), resource.table, documents, names=sorted(names), shared=shared)
    index_many(resource, rows, new=True)
    audit.record_many(
        Entry("create", resource.key, row["id"], title_text(resource, row), after=_filled(resource, row))
        for row in rows
    )
    _tell(resource, "created", ((row["id"], {}, {name: row.get(name) for name in resource.fields}) for row in rows))
    return [Written(row["id"], 1) for row in rows]


def _with_defaults(resource: Resource, drafts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the drafts with the defaults of their blanks; constant ones are worked out once."""
    if any(callable(described.default) for described in resource.fields.values()):
        return [with_defaults(resource, draft) for draft in drafts]
    blanks = with_defaults(resource, {})
    return [{**blanks, **draft} for draft in drafts]


def _update(resource: Resource, changes: Sequence[Change]) -> list[Written]:
    moment, written = now(), list[Written]()
    rows: list[tuple[Change, dict[str, Any], dict[str, Any]]] = []
    for change in changes:
        record = change.record
        change = _settled(resource, change)
        new = {**record.values, "archived_at": record.archived_at, **change.values}
        old = _differences(change)
        if "archived_at" in old:
            new["archived_at"] = None
        written.append(Written(record.id, record.version + bool(old), as_json(old)))
        if old:
            rows.append((change, old, new))
    altered = {name for _change, old, _new in rows for name in old}
    fields = resource.fields
    names = {"custom" if n in fields and fields[n].custom else n for n in altered}
    names |= {"updated_at", "version", "sort_title"}
    documents = [
        {
            **{name: new.get(name) for name in names}, "custom": _merged_custom(resource, change, altered),
            "id": change.record.id, "updated_at": moment,
            "version": change.record.version + 1, "sort_title": sort_title(resource, new),
        }
        for change, _old, new in rows
    ]  # fmt: skip
    update_rows(current.session.connection(), resource.table, current.tenant.id, names, documents)
    searched = set(resource.search_fields)
    index_many(resource, [{**new, "id": change.record.id} for change, old, new in rows if searched & old.keys()])
    changed = [(c.record.id, old, {n: new[n] for n in old}, title_text(resource, new)) for c, old, new in rows]
    audit.record_many(Entry("update", resource.key, key, title, old, new) for key, old, new, title in changed)
    _tell(resource, "updated", ((key, old, new) for key, old, new, _title in changed))
    return written


def _stored(resource: Resource, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows as columns: what a business added stands in one column."""
    if not any(f.custom for f in resource.fields.values()):
        return [dict(row) for row in rows]
    found = (split(resource, row) for row in rows)
    return [{**columns, "custom": custom} for columns, custom in found]


def _merged_custom(resource: Resource, change: Change, altered: Collection[str]) -> dict[str, Any] | None:
    """All that the column `custom` will hold; None where no field of the business changes."""
    names = [name for name in altered if name in resource.fields and resource.fields[name].custom]
    if not names:
        return None
    _columns, custom = split(resource, {n: v for n, v in change.values.items() if n in names})
    blank = {name for name in names if name in change.values} - custom.keys()
    return {**{n: v for n, v in change.record.custom.items() if n not in blank}, **custom}


def _settled(resource: Resource, change: Change) -> Change:
    """The change with what functions compute from it."""
    if not computes(resource):
        return change
    values = {**change.record.values, **change.values}
    return replace(change, values={**change.values, **settle(resource, values, {})})


def _differences(change: Change) -> dict[str, Any]:
    """The former values of what a change would alter."""
    record = change.record
    old = {name: record.values[name] for name, value in change.values.items() if record.values[name] != value}
    if change.revive and record.archived_at:
        old["archived_at"] = record.archived_at
    return old


def _delete(resource: Resource, records: Sequence[Existing]) -> list[Written]:
    table = resource.table
    ids = [record.id for record in records]
    if references.referred(resource, ids):
        raise Refuse(store.REFERRED)
    criterion = table.c.id == any_(bindparam("ids", ids, type_=ARRAY(Uuid())))
    current.session.connection().execute(delete(table).where(table.c.tenant_id == current.tenant.id, criterion))
    search.forget(resource, ids)
    audit.record_many(
        Entry("delete", resource.key, r.id, title_text(resource, r.values), before=_filled(resource, r.values))
        for r in records
    )
    _tell(resource, "deleted", ((record.id, record.values, {}) for record in records))
    return [Written(record.id, record.version) for record in records]


def _filled(resource: Resource, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says, without its blanks: entries of many records are what the audit log mostly consists of."""
    fields = resource.fields
    return {name: value for name, value in values.items() if value is not None and value != [] and name in fields}


def _tell(resource: Resource, what: str, happened: Iterable[tuple[UUID, Mapping[str, Any], Mapping[str, Any]]]) -> None:
    """Emit one event for each record that was written, if anybody listens."""
    if listened(f"{resource.key}.{what}"):
        emit_all(
            record_event(
                what, resource.key, key, title=title_text(resource, after if after.get(resource.title) else before),
                changes={n: [as_json(before.get(n)), as_json(after.get(n))] for n in dict.fromkeys([*before, *after])},
            )
            for key, before, after in happened
        )  # fmt: skip


INDEX_NEW = """INSERT INTO core.search_entry (tenant_id, resource, record_id, title, words)
    SELECT :tenant, :resource, s.record_id, s.title, array_to_tsvector(s.words)
    FROM json_to_recordset(:document) AS s (record_id uuid, title text, words text[])"""
INDEX = (
    INDEX_NEW
    + """
    ON CONFLICT (tenant_id, resource, record_id) DO UPDATE SET title = excluded.title, words = excluded.words"""
)


def index_many(resource: Resource, records: Collection[Mapping[str, Any]], *, new: bool = False) -> None:
    """Write the search entries of many records with one statement; like `search.index`. `new`: there are none yet."""
    if not records:
        return
    entries = [
        {
            "record_id": values["id"],
            "title": title_text(resource, values)[: search.LONGEST_TITLE],
            "words": search.entry_words(resource, values),
        }
        for values in records
    ]
    statement = text(INDEX_NEW if new else INDEX).bindparams(bindparam("resource", type_=Text()))
    values = {"tenant": current.tenant.id, "resource": resource.key, "document": as_document(entries)}
    current.session.connection().execute(statement, values)


def _created(record: Any) -> Written:
    return Written(record.id, record.version)


def _update_one(resource: Resource, change: Change) -> Written:
    old = _differences(change)
    if "archived_at" in old:
        store.restore(resource, change.record.id)
    stored = store.update(resource, change.record.id, change.values)
    return Written(stored.id, stored.version, as_json(old))


def _delete_one(resource: Resource, record: Existing) -> Written:
    store.delete(resource, record.id)
    return Written(record.id, record.version)
