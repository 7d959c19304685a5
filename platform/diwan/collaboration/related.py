"""How many records of each kind refer to a record: one statement for all counts.

It must leave out what the person may not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.types import Uuid

from diwan.db.context import current
from diwan.resources import Field, Resource

CAP = 99


@dataclass(frozen=True, slots=True)
class Related:
    """Records of `resource` whose `field` refers to the record. `capped`: there are more than `number`."""

    resource: Resource
    field: Field
    number: int
    capped: bool


def related(resource: Resource, id: UUID) -> list[Related]:
    """Return what refers to a record, in the order of the modules; what has none is left out."""
    places = list(_referring(resource))
    if not places:
        return []
    counts = union_all(*(_count(number, other, field, id) for number, (other, field) in enumerate(places)))
    found = []
    for number, count in sorted(tuple(row) for row in current.session.connection().execute(counts)):
        if count:
            other, field = places[number]
            found.append(Related(other, field, min(count, CAP), count > CAP))
    return found


def _referring(resource: Resource) -> Iterator[tuple[Resource, Field]]:
    for other in current.lineup.resources.values():
        if other.part_of or not other.may("read"):
            continue
        for field in other.fields.values():
            if field.reference == resource.key:
                yield other, field


def _count(number: int, other: Resource, field: Field, id: UUID) -> Any:
    column = other.column(field.name)
    holds = literal(id, Uuid()) == column.any_() if field.kind.several and not field.custom else column == id
    found = other.rows(other.table.c.id).where(other.table.c.archived_at.is_(None), holds).limit(CAP + 1).subquery()
    return select(literal(number), func.count()).select_from(found)
