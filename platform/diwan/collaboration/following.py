"""Who follows a record, and what they are told when it changes.

It must tell only who may still read the record, and not more than once an hour about one record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, any_, bindparam, delete, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import Uuid

from diwan import notifications
from diwan.collaboration.models import Follower
from diwan.collaboration.people import people, readers
from diwan.db.base import now
from diwan.db.context import current
from diwan.events.event import RecordEvent
from diwan.resources import Resource

TABLE: Table = Follower.__table__  # type: ignore[assignment]
QUIET = timedelta(hours=1)
CHANGED = "changed"


def follow(resource: Resource, id: UUID, user_ids: Iterable[UUID | None]) -> None:
    """Make people followers of a record; who follows already stays one."""
    moment = now()
    rows = [
        {
            "tenant_id": current.tenant.id,
            "resource": resource.key,
            "record_id": id,
            "user_id": user,
            "created_at": moment,
        }
        for user in dict.fromkeys(user_ids)
        if user is not None
    ]
    if rows:
        current.session.connection().execute(insert(TABLE).on_conflict_do_nothing(), rows)


def unfollow(resource: Resource, id: UUID) -> None:
    """The person who acts no longer follows the record."""
    current.session.connection().execute(
        delete(TABLE).where(*_of(resource.key, [id]), TABLE.c.user_id == current.user.id)
    )


def followers(resource: Resource, id: UUID) -> list[UUID]:
    """Return who follows a record, in the order in which they began."""
    statement = select(TABLE.c.user_id).where(*_of(resource.key, [id])).order_by(TABLE.c.created_at, TABLE.c.user_id)
    return list(current.session.connection().execute(statement).scalars())


def tell_followers(events: Sequence[RecordEvent]) -> None:
    """Tell the followers of records that have changed."""
    for key in {event.resource for event in events}:
        resource = current.lineup.resources.get(key)
        if resource is None or resource.part_of:
            continue
        titles = {event.record: event.title for event in events if event.resource == key}
        statement = select(TABLE.c.user_id, TABLE.c.record_id).where(*_of(key, titles))
        pairs = {
            (user, record)
            for user, record in current.session.connection().execute(statement)
            if user != current.user.id
        }
        if not pairs:
            continue
        pairs -= notifications.told_lately(CHANGED, key, {record for _user, record in pairs}, QUIET)
        for record in {record for _user, record in pairs}:
            users = list(readers(resource, record, {user for user, its in pairs if its == record}))
            notifications.notify(users, CHANGED, titles[record] or str(resource.label), "", key, record)


def names_of(ids: Iterable[UUID]) -> list[str]:
    """Return the names of people who are active here, in the order of their names."""
    wanted = list(ids)
    return [person.name for person in people("", wanted)] if wanted else []


def _of(key: str, records: Iterable[UUID]) -> tuple[Any, ...]:
    wanted = bindparam("records", list(records), type_=ARRAY(Uuid()))
    return TABLE.c.tenant_id == current.tenant.id, TABLE.c.resource == key, TABLE.c.record_id == any_(wanted)
