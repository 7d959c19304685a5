"""What one person keeps at hand: records marked with a star, and those looked at lately.

It must show no title of a record that the person may no longer read.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import Text

from diwan.collaboration.models import Favourite, Visit
from diwan.db.base import now
from diwan.db.context import current
from diwan.resources import Resource, rights

STARS: Table = Favourite.__table__  # type: ignore[assignment]
VISITS: Table = Visit.__table__  # type: ignore[assignment]
AGAIN = timedelta(minutes=1)
MOST = 20


def star(resource: Resource, id: UUID) -> None:
    """Mark a record with a star. Twice changes nothing."""
    row = {**_key(resource, id), "created_at": now()}
    current.session.connection().execute(insert(STARS).values(row).on_conflict_do_nothing())


def unstar(resource: Resource, id: UUID) -> None:
    """Take the star away."""
    current.session.connection().execute(delete(STARS).where(*_mine(STARS, resource, id)))


def is_starred(resource: Resource, id: UUID) -> bool:
    """Return whether the person marked the record."""
    return (
        current.session.connection().execute(select(STARS.c.user_id).where(*_mine(STARS, resource, id))).first()
        is not None
    )


def visit(resource: Resource, id: UUID) -> None:
    """Note that the person looks at a record, at most once a minute."""
    if current.user.id is None or current.user.kind == "support":
        return
    moment = now()
    statement = insert(VISITS).values(**_key(resource, id), seen_at=moment)
    statement = statement.on_conflict_do_update(
        index_elements=["tenant_id", "user_id", "resource", "record_id"], set_={"seen_at": moment},
        where=VISITS.c.seen_at < moment - AGAIN,
    )  # fmt: skip
    current.session.connection().execute(statement)


def favourites(limit: int = MOST) -> list[tuple[str, UUID, str]]:
    """Return (resource, id, title) of the records with a star, the newest first, in one statement."""
    return _titled("favourite", "created_at", limit)


def recent(limit: int = MOST) -> list[tuple[str, UUID, str]]:
    """Return (resource, id, title) of the records seen lately, the latest first, in one statement."""
    return _titled("visit", "seen_at", limit)


def _titled(table: str, order: str, limit: int) -> list[tuple[str, UUID, str]]:
    readable = [r.key for r in current.lineup.resources.values() if r.may("read")]
    statement = text(
        f"""SELECT t.resource, t.record_id, s.title FROM core.{table} t
        JOIN core.search_entry s ON s.tenant_id = t.tenant_id AND s.resource = t.resource
            AND s.record_id = t.record_id
        WHERE t.tenant_id = :tenant AND t.user_id = :user AND t.resource = ANY(:readable)
        ORDER BY t.{order} DESC, t.record_id LIMIT :most"""  # noqa: S608  (names are constants)
    ).bindparams(bindparam("readable", type_=ARRAY(Text())))
    values = {"tenant": current.tenant.id, "user": current.user.id, "readable": readable, "most": limit}
    rows = [(row[0], row[1], row[2]) for row in current.session.connection().execute(statement, values)]
    for key in {key for key, _id, _title in rows if current.lineup.resources[key].reach}:
        there = rights.reaches(current.lineup.resources[key], [id for own, id, _title in rows if own == key], "read")
        rows = [row for row in rows if row[0] != key or row[1] in there]
    return rows


def _key(resource: Resource, id: UUID) -> dict[str, Any]:
    return {"tenant_id": current.tenant.id, "user_id": current.user.id, "resource": resource.key, "record_id": id}


def _mine(table: Table, resource: Resource, id: UUID) -> tuple[Any, ...]:
    c = table.c
    return (
        c.tenant_id == current.tenant.id, c.user_id == current.user.id, c.resource == resource.key, c.record_id == id,
    )  # fmt: skip
