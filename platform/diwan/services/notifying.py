"""The platform's own Notifier, over the notifications under the bell.

It must tell nobody of a record that they may not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from diwan import collaboration, notifications
from diwan.collaboration.people import people as members
from diwan.collaboration.people import readers
from diwan.db.context import current
from diwan.resources import Resource
from diwan.services.interfaces import Notifier

NOTICE = "notice"


class Bell(Notifier):
    """Notifier as one row for each person."""

    def tell(
        self,
        people: Sequence[UUID | None],
        title: object,
        body: object = "",
        resource: str = "",
        record: UUID | None = None,
    ) -> int:
        wanted = [id for id in people if id is not None]
        return _notify(wanted, title, body, resource, record, itself=True)

    def tell_followers(self, resource: str, record: UUID, title: object, body: object = "") -> int:
        found = _resource(resource)
        following = collaboration.followers(found, record) if found else []
        return _notify(following, title, body, resource, record)

    def tell_permitted(
        self, permission: str, title: object, body: object = "", resource: str = "", record: UUID | None = None
    ) -> int:
        allowed = [person.id for person in members(permission) if person.may]
        return _notify(allowed, title, body, resource, record)


def _notify(
    ids: Iterable[UUID], title: object, body: object, resource: str, record: UUID | None, *, itself: bool = False
) -> int:
    wanted = list(ids)
    if not wanted:
        return 0
    if resource:
        found = _resource(resource)
        may = readers(found, record, wanted) if found else set()
    else:
        may = {person.id for person in members("", wanted)}
    told = [id for id in wanted if id in may]
    return notifications.notify(told, NOTICE, title, body, resource, record, itself=itself)


def _resource(key: str) -> Resource | None:
    found: Resource | None = current.lineup.resources.get(key)
    return found
