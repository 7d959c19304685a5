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

MOST = 1000
# A grant is a permission, or a prefix that ends in an asterisk.
MAY = """EXISTS (SELECT 1 FROM core.member_role mr
    JOIN core.role_grant g ON g.tenant_id = mr.tenant_id AND g.role_id = mr.role_id
    WHERE mr.tenant_id = m.tenant_id AND mr.membership_id = m.id AND (g.permission = :permission
        OR (right(g.permission, 1) = '*' AND starts_with(:permission, left(g.permission, -1)))))"""
PEOPLE = text(
    f"""SELECT m.user_id, u.name, u.email, {MAY} AS may FROM core.membership m
    JOIN core."user" u ON u.id = m.user_id AND u.disabled_at IS NULL
    WHERE m.tenant_id = :tenant AND m.state = 'active'
        AND (CAST(:ids AS uuid[]) IS NULL OR m.user_id = ANY(CAST(:ids AS uuid[])))
    ORDER BY u.name, m.user_id LIMIT :most"""  # noqa: S608  (constants only)
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))


@dataclass(frozen=True, slots=True)
class Person:
    """An active member. `may`: whether they have the permission that was asked about."""

    id: UUID
    name: str
    email: str
    may: bool


def people(permission: str = "", ids: Iterable[UUID] | None = None) -> list[Person]:
    """Return the active members by name (of these ids), each with whether they have a permission."""
    values = {
        "tenant": current.tenant.id, "permission": permission, "most": MOST,
        "ids": None if ids is None else list(ids),
    }  # fmt: skip
    return [Person(*row) for row in current.session.connection().execute(PEOPLE, values)]


def readers(permission: str, ids: Iterable[UUID]) -> set[UUID]:
    """Return those of these people who are active and have the permission."""
    wanted = set(ids)
    return {person.id for person in people(permission, wanted) if person.may} if wanted else set()
