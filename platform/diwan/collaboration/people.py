"""The people of the business, and which of them may read a record: one statement each.

It must not give any right: who is mentioned or follows sees only what their roles allow already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from diwan.db.context import current
from diwan.db.grants import ALL, Grants
from diwan.resources import Resource, rights

MOST = 1000
# Grants that may give a permission: a wildcard, the permission, or the permission with what narrows it.
GIVEN = """(SELECT array_agg(DISTINCT g.permission) FROM core.member_role mr
    JOIN core.role_grant g ON g.tenant_id = mr.tenant_id AND g.role_id = mr.role_id
    WHERE mr.tenant_id = m.tenant_id AND mr.membership_id = m.id
        AND (mr.valid_from IS NULL OR mr.valid_from <= core.today())
        AND (mr.valid_to IS NULL OR mr.valid_to >= core.today())
        AND (right(g.permission, 1) = '*' OR starts_with(g.permission, :permission)))"""
PEOPLE = text(
    f"""SELECT m.user_id, u.name, u.email, m.avatar, {GIVEN} AS given FROM core.membership m
    JOIN core."user" u ON u.id = m.user_id AND u.disabled_at IS NULL
    WHERE m.tenant_id = :tenant AND m.state = 'active'
        AND (CAST(:ids AS uuid[]) IS NULL OR m.user_id = ANY(CAST(:ids AS uuid[])))
    ORDER BY u.name, m.user_id LIMIT :most"""  # noqa: S608  (constants only)
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))


@dataclass(frozen=True, slots=True)
class Person:
    """An active member. `may`: whether they have the permission that was asked about; `avatar`: a file."""

    id: UUID
    name: str
    email: str
    may: bool
    avatar: UUID | None = None


def people(
    permission: str = "", ids: Iterable[UUID] | None = None, *, resource: Resource | None = None,
    record: UUID | None = None,
) -> list[Person]:  # fmt: skip
    """Return the active members by name (of these ids), each with whether they have a permission.

    With a record of a resource: whether they may read that one; `permission` then need not be given.
    """
    asked = resource.permission("read") if resource is not None else permission
    values = {
        "tenant": current.tenant.id, "permission": asked, "most": MOST,
        "ids": None if ids is None else list(ids),
    }  # fmt: skip
    rows = current.session.connection().execute(PEOPLE, values).all()
    reaching = {row.user_id: Grants.of(row.given or ()).reaching(asked) for row in rows}
    if resource is not None and record is not None:
        narrowed = {
            id: frozenset(grant.scope for grant in grants)
            for id, grants in reaching.items()
            if grants and all(grant.scope != ALL for grant in grants)
        }
        inside = rights.readers(resource.whole, record, narrowed)
        reaching = {id: grants for id, grants in reaching.items() if id not in narrowed or id in inside}
    return [Person(row.user_id, row.name, row.email, bool(reaching.get(row.user_id)), row.avatar) for row in rows]


def readers(resource: Resource, record: UUID | None, ids: Iterable[UUID]) -> set[UUID]:
    """Return those of these people who are active and may read a record."""
    wanted = set(ids)
    return {p.id for p in people("", wanted, resource=resource, record=record) if p.may} if wanted else set()
