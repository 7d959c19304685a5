"""Tags: words that a business puts on any record, one word however it is spelled.

It must read the tags of many records with one statement.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table, any_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import Text, Uuid

from diwan import audit
from diwan.collaboration.models import RecordTag, Tag
from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import Invalid, NotFound, Refuse
from diwan.kit.i18n import _
from diwan.kit.ids import uuid7
from diwan.kit.text import clean, fold
from diwan.resources import Resource, rights
from diwan.resources.lookup import find_by_id
from diwan.resources.values import title_text

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
    shown, folded = _checked(name)
    if len(tags_for(resource.key, [id]).get(id, ())) >= MOST:
        raise Refuse(_("A record has at most %(n)s tags.", n=MOST))
    mark = _known(shown, folded)
    link = insert(LINKS).values(tenant_id=current.tenant.id, resource=resource.key, record_id=id, tag_id=mark.id)
    made = link.on_conflict_do_nothing().returning(LINKS.c.tag_id)
    if current.session.connection().execute(made).first() is not None:
        audit.record("tag", resource.key, id, title, after={"tag": mark.name})
    return mark


def add_tag_to(resource: Resource, ids: Iterable[UUID], name: str) -> int:
    """Put a tag on many records, in as many statements as on one; return how many did not have it. Raises Invalid.

    Records that are gone or out of reach, and those that have as many tags as a record takes, are left as they are.
    """
    shown, folded = _checked(name)
    there = find_by_id(resource, list(rights.reaches(resource, list(ids), "update")))
    if not there:
        return 0
    mark, tenant = _known(shown, folded), current.tenant.id
    full = {record for record, marks in tags_for(resource.key, there).items() if len(marks) >= MOST}
    rows = [
        {"tenant_id": tenant, "resource": resource.key, "record_id": record, "tag_id": mark.id}
        for record in there
        if record not in full
    ]
    if not rows:
        return 0
    link = insert(LINKS).values(rows).on_conflict_do_nothing().returning(LINKS.c.record_id)
    done = list(current.session.connection().execute(link).scalars())
    audit.record_many(
        audit.Entry("tag", resource.key, record, title_text(resource, there[record].values), after={"tag": mark.name})
        for record in done
    )
    return len(done)


def set_tone(tag_id: UUID, tone: str) -> None:
    """Choose the colour of a tag, everywhere in the business. Raises Invalid, NotFound."""
    if tone not in TONES:
        raise Invalid({"tone": _("Choose one of the colours.")})
    mine = TAGS.c.tenant_id == current.tenant.id, TAGS.c.id == tag_id
    row = current.session.connection().execute(
        select(TAGS.c.name, TAGS.c.tone).where(*mine).with_for_update()
    ).first()  # fmt: skip
    if row is None:
        raise NotFound(_("This tag is no longer there."))
    if row.tone != tone:
        current.session.connection().execute(update(TAGS).where(*mine).values(tone=tone))
        audit.record("update", "core.tag", tag_id, row.name, {"tone": row.tone}, {"tone": tone})


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


def tones_of(names: Iterable[str]) -> Mapping[str, str]:
    """Return the colours of tags, by name."""
    wanted = bindparam("names", list(names), type_=ARRAY(Text()))
    statement = select(TAGS.c.name, TAGS.c.tone).where(
        TAGS.c.tenant_id == current.tenant.id, TAGS.c.name == any_(wanted)
    )
    return {row[0]: row[1] for row in current.session.connection().execute(statement)}


def suggest_tags(typed: str = "") -> list[Mark]:
    """Return the first tags of the business that begin with what was typed."""
    statement = select(TAGS.c.id, TAGS.c.name, TAGS.c.tone).where(TAGS.c.tenant_id == current.tenant.id)
    if wanted := fold(typed):
        statement = statement.where(func.starts_with(TAGS.c.folded, wanted))
    rows = current.session.connection().execute(statement.order_by(TAGS.c.folded).limit(MOST_SUGGESTED))
    return [Mark(*row) for row in rows]


def _checked(name: str) -> tuple[str, str]:
    """A tag as it is shown, and as it is compared."""
    shown = " ".join(clean(name).split())
    folded = fold(shown)
    if not folded or len(shown) > LONGEST:
        raise Invalid({"tag": _("Enter a tag of at most %(n)s characters.", n=LONGEST)})
    return shown, folded


def _known(shown: str, folded: str) -> Mark:
    """The business's tag of this word; one that it does not know yet is made."""
    tone = TONES[zlib.crc32(folded.encode()) % len(TONES)]
    connection, tenant = current.session.connection(), current.tenant.id
    made = insert(TAGS).values(tenant_id=tenant, id=uuid7(), name=shown, folded=folded, tone=tone, created_at=now())
    connection.execute(made.on_conflict_do_nothing(index_elements=["tenant_id", "folded"]))
    row = connection.execute(
        select(TAGS.c.id, TAGS.c.name, TAGS.c.tone).where(TAGS.c.tenant_id == tenant, TAGS.c.folded == folded)
    ).one()
    return Mark(row.id, row.name, row.tone)
