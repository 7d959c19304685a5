"""Finding stored records by values that files and people bring: a match key, a unique value, a name to refer to.

It must answer for a whole batch with one statement, and never write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from diwan.db.context import current
from diwan.kit.i18n import LazyText, _
from diwan.kit.phones import DIGITS
from diwan.kit.text import fold
from diwan.resources.declare import Resource
from diwan.resources.fields import Field
from diwan.resources.values import LONGEST_SORT

KEY_KINDS = frozenset({"text", "email", "phone", "url", "integer"})


@dataclass(frozen=True, slots=True)
class Existing:
    """A stored record: its described values, and the version that a change must follow."""

    id: UUID
    version: int
    archived_at: datetime | None
    values: dict[str, Any]
    custom: Mapping[str, Any] = field(default_factory=dict)


def can_be_key(described: Field) -> bool:
    """Return whether records can be told apart by this field."""
    return described.kind.name in KEY_KINDS


def key_of(resource: Resource, name: str) -> Callable[[Any], str]:
    """Return the function that turns a value of the field into what is compared: names and e-mails without case,
    telephones by their digits, all else as it is. A blank value has the key ""."""
    kind = resource.fields[name].kind.name
    if name == resource.title:
        return lambda value: fold(str(value or ""))
    if kind == "email":
        return lambda value: str(value or "").lower()
    if kind == "phone":
        return lambda value: "".join(c for c in str(value or "").translate(DIGITS) if c.isdigit())
    return lambda value: "" if value is None else str(value)


def find_by_key(
    resource: Resource, name: str, keys: Collection[str], *, lock: bool = False
) -> dict[str, list[Existing]]:
    """Return the records, archived ones too, whose field has one of these keys; `lock` keeps them from changing."""
    if not keys:
        return {}
    key = key_of(resource, name)
    found: dict[str, list[Existing]] = {}
    for record in _fetch(resource, _criterion(resource, name, keys), lock=lock):
        if (own := key(record.values[name])) in keys:
            found.setdefault(own, []).append(record)
    return found


def find_by_id(resource: Resource, ids: Collection[UUID], *, lock: bool = False) -> dict[UUID, Existing]:
    """Return the records with these ids that are there."""
    if not ids:
        return {}
    criterion = resource.table.c.id == any_(bindparam("ids", list(ids), type_=ARRAY(Uuid())))
    return {record.id: record for record in _fetch(resource, criterion, lock=lock)}


def find_taken(resource: Resource, name: str, values: Collection[Any]) -> dict[Any, UUID]:
    """Return who has which of these values of a unique field."""
    if not values:
        return {}
    table = resource.table
    column = resource.column(name)
    wanted = bindparam("values", list(values), type_=ARRAY(column.type))
    statement = select(column, table.c.id).where(table.c.tenant_id == current.tenant.id, column == any_(wanted))
    return {row[0]: row[1] for row in current.session.connection().execute(statement)}


def resolve_references(described: Field, texts: Collection[str]) -> dict[str, UUID | LazyText]:
    """Return for each text (an id, a title, or a value of a unique field) the record it names, or what is wrong."""
    target: Resource | None = current.lineup.resources.get(described.reference) if current.lineup else None
    if target is None:
        return {text: _("The module of these records is switched off.") for text in texts}
    candidates: dict[str, set[UUID]] = {text: set() for text in texts}
    by_id = {text: key for text in texts if (key := _as_id(text))}
    there = find_by_id(target, by_id.values())
    for text, key in by_id.items():
        candidates[text] |= {key} & there.keys()
    unique = [name for name, f in target.fields.items() if f.unique and f.kind.name in ("text", "email")]
    for name in (target.title, *unique):
        to_key = key_of(target, name)
        keys = {text: to_key(text) for text in texts if not candidates[text]}
        found = find_by_key(target, name, set(keys.values()) - {""})
        for text, own in keys.items():
            candidates[text] |= {record.id for record in found.get(own, ()) if record.archived_at is None}
    return {text: _only(target, text, ids) for text, ids in candidates.items()}


def _only(target: Resource, text: str, ids: set[UUID]) -> UUID | LazyText:
    if len(ids) == 1:
        return next(iter(ids))
    values: Mapping[str, str] = {"label": str(target.label), "text": text[:80]}
    if ids:
        return _("More than one record is called “%(text)s” (%(label)s); use its id.", **values)
    return _("There is no “%(text)s” (%(label)s).", **values)


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _criterion(resource: Resource, name: str, keys: Collection[str]) -> ColumnElement[bool]:
    column: ColumnElement[Any] = resource.column(name)
    kind = resource.fields[name].kind.name
    texts = bindparam("keys", sorted(keys), type_=ARRAY(Text()))
    if name == resource.title:
        texts = bindparam("keys", sorted({key[:LONGEST_SORT] for key in keys}), type_=ARRAY(Text()))
        return resource.table.c.sort_title == any_(texts)
    if kind == "email":
        return func.lower(column) == any_(texts)
    if kind == "phone":
        return func.regexp_replace(func.translate(column, *_digits()), "[^0-9]", "", "g") == any_(texts)
    if kind == "integer":
        numbers = [int(key) for key in keys]
        return column == any_(bindparam("keys", numbers, type_=ARRAY(column.type)))
    return column == any_(texts)


def _digits() -> tuple[str, str]:
    return "".join(map(chr, DIGITS)), "".join(map(str, DIGITS.values()))


def _fetch(resource: Resource, criterion: ColumnElement[bool], *, lock: bool) -> list[Existing]:
    table, fields = resource.table, resource.whole.fields  # whoever writes compares with all that is stored
    names = [name for name, described in fields.items() if not described.custom]
    added = [described for described in fields.values() if described.custom]
    statement = resource.rows(
        table.c.id, table.c.version, table.c.archived_at, table.c.custom,
        *(resource.whole.column(name) for name in names),
    ).where(criterion)  # fmt: skip
    if lock:
        # In the order of the key: two imports that meet wait for each other instead of falling into a deadlock.
        statement = statement.order_by(table.c.id).with_for_update()
    found = []
    for id, version, archived_at, custom, *values in current.session.connection().execute(statement):
        known = dict(zip(names, values, strict=True))
        known |= {described.name: described.load(custom.get(described.name)) for described in added}
        found.append(Existing(id, version, archived_at, known, custom))
    return found
