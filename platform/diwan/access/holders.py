"""What people of the open business hold: their roles, what each gives, and whether it counts today.

It must not judge what follows from it; `resources.explaining` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import text

from diwan.access import service
from diwan.access.models import Role
from diwan.access.permissions import OWNER, covers_all
from diwan.db.clock import today
from diwan.db.context import Actor, current
from diwan.db.grants import ALL, GRANT, Grant, Grants
from diwan.errors import Denied, NotFound
from diwan.kit.i18n import _

# Plain table names: memberships belong to `tenants`, which stands beside this area.
PEOPLE = """SELECT m.id AS member_id, u.id, u.name, u.email, u.language, u.preferences,
        m.state = 'active' AND u.disabled_at IS NULL AS active, mr.role_id, mr.valid_from, mr.valid_to,
        coalesce(mr.valid_from <= :day, true) AND coalesce(mr.valid_to >= :day, true) AS counts,
        ARRAY(SELECT g.permission FROM core.role_grant g
            WHERE g.tenant_id = mr.tenant_id AND g.role_id = mr.role_id ORDER BY g.permission) AS grants
    FROM core.membership m
    JOIN core."user" u ON u.id = m.user_id
    LEFT JOIN core.member_role mr ON mr.tenant_id = m.tenant_id AND mr.membership_id = m.id
    WHERE m.tenant_id = :tenant """
EVERYBODY = text(PEOPLE + "ORDER BY u.name, m.id")
ONE = text(PEOPLE + "AND m.user_id = :person")
VIEWED = text(
    """SELECT u.id, u.name, u.email, u.language, u.preferences, m.id AS member_id,
        ARRAY(SELECT DISTINCT g.permission FROM core.member_role mr
            JOIN core.role_grant g ON g.tenant_id = mr.tenant_id AND g.role_id = mr.role_id
            WHERE mr.tenant_id = m.tenant_id AND mr.membership_id = m.id
                AND coalesce(mr.valid_from <= :day, true) AND coalesce(mr.valid_to >= :day, true)) AS grants,
        ARRAY(SELECT o.user_id FROM core.membership o
            JOIN core.member_role mr ON mr.tenant_id = o.tenant_id AND mr.membership_id = o.id
            JOIN core.role r ON r.tenant_id = mr.tenant_id AND r.id = mr.role_id
            WHERE o.tenant_id = m.tenant_id AND o.user_id IN (:person, :viewer) AND r.key = :owner) AS owners
    FROM core.membership m JOIN core."user" u ON u.id = m.user_id
    WHERE m.tenant_id = :tenant AND m.user_id = :person AND m.state = 'active' AND u.disabled_at IS NULL"""
)


@dataclass(frozen=True, slots=True)
class Share:
    """What one role gives somebody. `counts`: whether it does so today."""

    role: Role
    grants: tuple[str, ...]
    counts: bool = True


@dataclass(frozen=True)
class Holder:
    """A person of the open business with what they hold."""

    id: UUID
    member_id: UUID
    name: str
    email: str
    language: str
    active: bool
    shares: tuple[Share, ...] = ()
    preferences: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The grants that count today."""
        return tuple(sorted({grant for share in self.shares if share.counts for grant in share.grants}))

    @cached_property
    def grants(self) -> Grants:
        """The same, compiled."""
        return Grants.of(self.texts)

    @property
    def is_owner(self) -> bool:
        return any(share.role.key == OWNER for share in self.shares)

    def actor(self, kind: str = "user") -> Actor:
        """Return the person as one who acts."""
        return Actor(
            self.id, self.name, self.email, self.language, kind=kind, grants=self.grants, preferences=self.preferences
        )


def holders() -> list[Holder]:
    """Return everybody of the open business."""
    return _holders(current.session.execute(EVERYBODY, {"tenant": current.tenant.id, "day": today()}).all())


def holder(user_id: UUID) -> Holder:
    """Return one person of the open business. Raises NotFound."""
    values = {"tenant": current.tenant.id, "day": today(), "person": user_id}
    found = _holders(current.session.execute(ONE, values).all())
    if not found:
        raise NotFound(_("There is no such person here."))
    return found[0]


def _holders(rows: Any) -> list[Holder]:
    roles = {role.id: (place, role) for place, role in enumerate(service.roles())}
    shares: dict[UUID, list[tuple[int, Share]]] = {}
    for row in rows:
        mine = shares.setdefault(row.id, [])
        if row.role_id is not None:
            place, role = roles[row.role_id]
            mine.append((place, Share(role, tuple(row.grants), row.counts)))
    people = {row.id: row for row in rows}
    return [
        Holder(
            id, row.member_id, row.name, row.email, row.language, row.active,
            tuple(share for _place, share in sorted(shares[id], key=lambda pair: pair[0])), row.preferences or {},
        )
        for id, row in people.items()
    ]  # fmt: skip


def reaches_all(grants: Grants, texts: Iterable[str]) -> bool:
    """Return whether an actor with `grants` reaches whatever these let somebody else reach.

    What is one's own is not the other's: of a grant that is limited to some records, the one for all is asked for.
    """
    wanted = (Grant.parse(text) for text in texts if GRANT.fullmatch(text))
    return covers_all(grants, [str(replace(grant, scope=ALL)) for grant in wanted])


def viewed(user_id: UUID) -> tuple[Actor, UUID]:
    """Return a colleague as one who only looks (kind `viewer`), and their membership: for whoever looks as them.

    The actor must see to roles and to people, and hold all that the colleague holds. Raises Denied, NotFound.
    """
    for permission in ("core.role.update", "core.member.update"):
        current.require(permission)
    viewer = current.user.id
    values = {"tenant": current.tenant.id, "person": user_id, "viewer": viewer, "day": today(), "owner": OWNER}
    row: Any = current.session.execute(VIEWED, values).one_or_none()
    if row is None or viewer is None or user_id == viewer:
        raise NotFound(_("There is no such person here."))
    if user_id in row.owners and viewer not in row.owners:
        raise Denied(_("Only an owner can look as an owner."))
    if not reaches_all(current.user.grants, row.grants):
        raise Denied(_("This person has rights that you do not have yourself."))
    made = Grants.of(row.grants)
    preferences = row.preferences or {}
    actor = Actor(row.id, row.name, row.email, row.language, kind="viewer", grants=made, preferences=preferences)
    return actor, row.member_id
