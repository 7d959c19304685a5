"""Tags: words that a business puts on any record, one word however it is spelled.

It must read the tags of many records with one statement.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table, any_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import Uuid

from diwan import audit
from diwan.collaboration.models import RecordTag, Tag
from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import Invalid, Refuse
from diwan.kit.i18n import _
from diwan.kit.ids import uuid7
from diwan.kit.text import clean, fold
from diwan.resources import Resource

TAGS: Table = Tag.__table__  # type: ignore[assignment]
LINKS: Table = RecordTag.__table__  # type: ignore[assignment]
TONES = ("brand", "ok", "warn", "bad", "info", "violet")
LONGEST = 40
MOST = 20
MOST_SUGGESTED = 30


@dataclass(frozen=True, slots=True)
class Mark:
    """A tag as it is shown."""

    id: UUID
    name: str
    tone: str


def add_tag(resource: Resource, id: UUID, title: str, name: str) -> Mark:
    """Put a tag on a record; one that the business does not know yet is made. Raises Invalid, Refuse."""
    shown = " ".join(clean(name).split())
    folded = fold(shown)
    if not folded or len(shown) > LONGEST:
        raise Invalid({"tag": _("Enter a tag of at most %(n)s characters.", n=LONGEST)})
    if len(tags_for(resource.key, [id]).get(id, ())) >= MOST:
        raise Refuse(_("A record has at most %(n)s tags.", n=MOST))
    tone = TONES[zlib.crc32(folded.encode()) % len(TONES)]
    connection, tenant = current.session.connection(), current.tenant.id
    made = insert(TAGS).values(tenant_id=tenant, id=uuid7(), name=shown, folded=folded, tone=tone, created_at=now())
    connection.execute(made.on_conflict_do_nothing(index_elements=["tenant_id", "folded"]))
    row = connection.execute(
        select(TAGS.c.id, TAGS.c.name, TAGS.c.tone).where(TAGS.c.tenant_id == tenant, TAGS.c.folded == folded)
    ).one()
    link = insert(LINKS).values(tenant_id=tenant, resource=resource.key, record_id=id, tag_id=row.id)
    if connection.execute(link.on_conflict_do_nothing().returning(LINKS.c.tag_id)).first() is not None:
        audit.record("tag", resource.key, id, title, after={"tag": row.name})
    return Mark(row.id, row.name, row.tone)


def remove_tag(resource: Resource, id: UUID, title: str, tag_id: UUID) -> None:
    """Take a tag off a record. The business keeps the word for as long as a record has it."""
    connection, tenant = current.session.connection(), current.tenant.id
    name = connection.execute(select(TAGS.c.name).where(TAGS.c.tenant_id == tenant, TAGS.c.id == tag_id)).scalar()
    gone = delete(LINKS).where(
        LINKS.c.tenant_id == tenant, LINKS.c.resource == resource.key, LINKS.c.record_id == id,
        LINKS.c.tag_id == tag_id,
    )  # fmt: skip
    if connection.execute(gone).rowcount:
        audit.record("untag", resource.key, id, title, before={"tag": name})
        used = select(LINKS.c.tag_id).where(LINKS.c.tenant_id == tenant, LINKS.c.tag_id == tag_id).exists()
        connection.execute(delete(TAGS).where(TAGS.c.tenant_id == tenant, TAGS.c.id == tag_id, ~used))


def tags_for(resource: str, ids: Iterable[UUID]) -> Mapping[UUID, list[Mark]]:
    """Return the tags of these records, by record, in the order of their names."""
    statement = (
        select(LINKS.c.record_id, TAGS.c.id, TAGS.c.name, TAGS.c.tone)
        .join(TAGS, (TAGS.c.tenant_id == LINKS.c.tenant_id) & (TAGS.c.id == LINKS.c.tag_id))
        .where(LINKS.c.tenant_id == current.tenant.id, LINKS.c.resource == resource)
        .where(LINKS.c.record_id == any_(bindparam("ids", list(ids), type_=ARRAY(Uuid()))))
        .order_by(TAGS.c.folded)
    )
    found: dict[UUID, list[Mark]] = defaultdict(list)
    for record, *tag in current.session.connection().execute(statement):
        found[record].append(Mark(*tag))
    return found


def suggest_tags(typed: str = "") -> list[Mark]:
    """Return the first tags of the business that begin with what was typed."""
    statement = select(TAGS.c.id, TAGS.c.name, TAGS.c.tone).where(TAGS.c.tenant_id == current.tenant.id)
    if wanted := fold(typed):
        statement = statement.where(func.starts_with(TAGS.c.folded, wanted))
    rows = current.session.connection().execute(statement.order_by(TAGS.c.folded).limit(MOST_SUGGESTED))
    return [Mark(*row) for row in rows]
