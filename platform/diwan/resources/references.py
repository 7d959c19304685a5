"""What records refer to: whether it is there when a reference is written, and who refers when a record is deleted.

PostgreSQL guards what has a foreign key; this is for all that cannot have one, and for messages at the field.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, any_, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from diwan.db.context import current
from diwan.files.models import StoredFile
from diwan.kit.i18n import _
from diwan.resources.declare import Resource
from diwan.resources.fields import Field


def check(resource: Resource, rows: Sequence[Mapping[str, Any]], *, narrowed: bool = False) -> list[dict[str, object]]:
    """Return for each row of values what is wrong with its references and files. One statement for each such field.

    narrowed: a person writes, whose values may name only what that person reaches.
    """
    errors: list[dict[str, object]] = [{} for _row in rows]
    for name, described in resource.fields.items():
        if not (described.reference or described.is_file) or name == resource.part_of:
            continue
        wanted = {id for row in rows for id in _ids(row.get(name))}
        missing = _missing(described, wanted, narrowed=narrowed) if wanted else set()
        for row, found in zip(rows, errors, strict=True):
            if missing.intersection(_ids(row.get(name))):
                found[name] = _what_lacks(described)
    return errors


def _ids(value: Any) -> list[UUID]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _missing(described: Field, ids: set[UUID], *, narrowed: bool) -> set[UUID]:
    wanted = bindparam("ids", list(ids), type_=ARRAY(Uuid()))
    if described.is_file:
        # A file is stored for one field: nobody makes it readable by putting its id somewhere else.
        statement = select(StoredFile.id).where(
            StoredFile.tenant_id == current.tenant.id, StoredFile.id == any_(wanted),
            StoredFile.purpose == described.purpose,
        )  # fmt: skip
    else:
        referred = current.lineup.resources.get(described.reference) if current.lineup else None
        if referred is None:
            return set()
        # Code names anything; so do those who may read none at all: programs with few rights know ids from elsewhere.
        referred = referred.whole if not narrowed or not referred.may("read") else referred
        statement = referred.rows(referred.table.c.id).where(referred.table.c.id == any_(wanted))
    return ids - set(current.session.execute(statement).scalars())


def _what_lacks(described: Field) -> object:
    if described.is_file:
        return _("Upload the file first.")
    return _("There is no such %(label)s.", label=str(current.lineup.resources[described.reference].label).lower())


def referred(resource: Resource, ids: Collection[UUID]) -> set[UUID]:
    """Return which of these records a list of references or a custom field refers to."""
    found: set[UUID] = set()
    for other, described in _referring(resource):
        column = other.column(described.name)
        wanted = bindparam("ids", list(ids), type_=ARRAY(Uuid()))
        one: ColumnElement[Any] = func.unnest(column) if described.kind.several else column
        inner = select(one.label("id")).where(other.table.c.tenant_id == current.tenant.id)
        inner = inner.where(column.op("&&", return_type=literal_column("true").type)(wanted)
                            if described.kind.several else column == any_(wanted))  # fmt: skip
        found.update(current.session.execute(inner).scalars())
    return found.intersection(ids)


def _referring(resource: Resource) -> Iterable[tuple[Resource, Field]]:
    for other in current.lineup.whole.resources.values() if current.lineup else ():
        for described in other.fields.values():
            if described.reference == resource.key and (described.kind.several or described.custom):
                yield other, described
