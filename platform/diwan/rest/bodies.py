"""Records as programs read them: their fields, child rows, and on demand the records that they refer to.

It must read columns, with one statement for each kind of row, however many records there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from diwan.db import current
from diwan.errors import BadRequest, NotFound
from diwan.kit.i18n import _
from diwan.resources import Resource, store
from diwan.resources.filters import described
from diwan.resources.values import json_text
from diwan.rest.reading import STAMPS

Body = dict[str, Any]


def wire(value: Any) -> str:
    """Return what JSON does not know as text: the `default` of orjson. Decimals keep every digit."""
    return f"{value:f}" if isinstance(value, Decimal) else json_text(value)


def fields_of(resource: Resource) -> list[str]:
    """Return the names of a record's fields as a program sees them: not the one that names its parent."""
    return [name for name in resource.fields if name != resource.part_of]


def expandable(resource: Resource, *, parts: bool = True) -> list[str]:
    """Return the names of what can be expanded: references to records of modules that are on, and child rows."""
    on = current.lineup.resources
    names = [name for name, field in resource.fields.items() if field.reference in on and name != resource.part_of]
    return [*names, *resource.parts] if parts else names


def check_expand(resource: Resource, names: Sequence[str]) -> None:
    """Raise BadRequest for what cannot be expanded, Denied for what the actor may not read."""
    known = expandable(resource)
    for name in names:
        if name not in known:
            raise BadRequest(
                _("%(name)s cannot be expanded; known: %(known)s.", name=name[:60], known=", ".join(known) or "-")
            )
        if name in resource.fields:
            current.lineup.resources[resource.fields[name].reference].require("read")


def check_names(resource: Resource, names: Sequence[str]) -> None:
    """Raise BadRequest for names that are neither fields nor child rows nor stamps."""
    for name in names:
        if name not in resource.parts and name not in STAMPS:
            described(resource, name)


AS_GIVEN = frozenset(
    {"text", "longtext", "email", "phone", "url", "country", "currency", "colour", "choice", "choices", "tags"}
    | {"boolean", "integer", "date", "reference", "references"}
)
"""Kinds whose values come back from the database as they went in."""


def as_created(resource: Resource, record: Any, sent: Mapping[str, Any]) -> Body:
    """Return a record that was just made: read again only where the database may have made something of it."""
    if any(f.computed or f.derived or f.kind.name not in AS_GIVEN for f in resource.fields.values()):
        return as_body(resource, record)
    values = store.values_of(resource, record)
    body: Body = {"id": record.id, **{name: values[name] for name in fields_of(resource)}}
    body |= {name: getattr(record, name) for name in STAMPS}
    for name in resource.parts:
        if sent.get(name):
            add_parts(resource, name, [body])
        else:
            body[name] = []
    return body


def as_body(resource: Resource, record: Any) -> Body:
    """Return a record that was just written, as it is stored now, also where the change took it out of reach."""
    [body] = read_bodies(resource, [record.id], written=True)
    return body


def read_bodies(
    resource: Resource, ids: Sequence[UUID], names: Sequence[str] = (), *, written: bool = False
) -> list[Body]:
    """Return records in the order of their ids, whole or with the named fields and child rows.

    written: the actor has just written them, so they are read wherever they are now.
    """
    parts = [name for name in names if name in resource.parts] if names else list(resource.parts)
    plain = [name for name in names if name not in resource.parts] if names else [*fields_of(resource), *STAMPS]
    found = _select(resource, ids, plain, written=written)
    for name in parts:
        add_parts(resource, name, found.values())
    return [found[id] for id in ids if id in found]


def read_body(resource: Resource, id: str, names: Sequence[str] = ()) -> Body:
    """Return one record, archived or not. Raises NotFound."""
    try:
        bodies = read_bodies(resource, [UUID(id)], names)
    except ValueError:
        bodies = []
    if not bodies:
        raise NotFound(_("There is no such record."))
    return bodies[0]


def _select(
    resource: Resource, ids: Sequence[UUID], names: Sequence[str], *, written: bool = False
) -> dict[UUID, Body]:
    if not ids:
        return {}
    table = resource.table
    columns = [table.c.id, *(resource.column(name) for name in names)]
    statement = (resource.whole if written else resource).rows(*columns).where(table.c.id == _among(ids))
    rows = current.session.connection().execute(statement)
    return {row[0]: dict(zip(("id", *names), row, strict=True)) for row in rows}


def add_parts(resource: Resource, name: str, bodies: Iterable[Body]) -> None:
    """Put the child rows of one kind into bodies."""
    part, found = resource.parts[name], {body["id"]: body for body in bodies}
    for body in found.values():
        body[name] = []
    if not found:
        return
    table, names = part.table, fields_of(part)
    parent = table.c[part.part_of]
    statement = select(parent, table.c.id, *(part.column(field) for field in names)).where(
        table.c.tenant_id == current.tenant.id, parent == _among(list(found)), table.c.archived_at.is_(None)
    )
    order = (table.c.position, table.c.id) if part.numbered else (table.c.id,)
    for owner, *row in current.session.connection().execute(statement.order_by(*order)):
        found[owner][name].append(dict(zip(("id", *names), row, strict=True)))


def expand(resource: Resource, bodies: Sequence[Body], names: Sequence[str]) -> None:
    """Put the records themselves in the place of ids, and child rows where they are missing. See check_expand."""
    for name in names:
        if name in resource.parts:
            if bodies and name not in bodies[0]:
                add_parts(resource, name, bodies)
            continue
        target = current.lineup.resources[resource.fields[name].reference]
        several = resource.fields[name].kind.several
        ids = {id for body in bodies for id in _ids(body[name])}
        found = _select(target, sorted(ids), [*fields_of(target), *STAMPS])
        for body in bodies:
            records = [found[id] for id in _ids(body[name]) if id in found]
            body[name] = records if several else (records[0] if records else None)


def _ids(value: Any) -> list[UUID]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _among(ids: Sequence[UUID]) -> Any:
    return any_(bindparam(None, list(ids), type_=ARRAY(Uuid())))
