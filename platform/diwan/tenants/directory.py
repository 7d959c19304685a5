"""The people of the open business as a list to search in: by name, role, team, state, second factor.

It must read columns, a fixed number of statements however many people there are, and show no more than `MOST`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select

from diwan.access import teams
from diwan.access.models import MemberRole, TeamMember
from diwan.access.terms import held_by_members
from diwan.db.context import current
from diwan.kit.text import fold
from diwan.tenants.models import Membership
from diwan.tenants.people import Member
from diwan.users.factors import people_with_factors
from diwan.users.factors.models import Passkey, Totp
from diwan.users.models import User

MOST = 500
STATES = ("active", "disabled")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for; what is empty is not asked. `unprotected`: only who has no second factor."""

    search: str = ""
    role: UUID | None = None
    team: UUID | None = None
    state: str = ""
    unprotected: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """People, at most `MOST` of the `total`; the teams that they are in, and who has a second factor."""

    members: Sequence[Member]
    total: int
    teams: Mapping[UUID, Sequence[str]]
    protected: frozenset[UUID]


def find_people(asked: Asked, *, factors: bool = False) -> Found:
    """Return who fits, the disabled ones last. `factors`: find out who has a second factor."""
    words = fold(asked.search).split()
    rows = current.session.execute(_statement(asked)).all()
    if words:
        rows = [row for row in rows if _has(row, words)]
    shown = rows[:MOST]
    held = held_by_members()
    members = [
        Member(r.id, r.user_id, r.name, r.email, r.state, r.created_at, r.seen_at, held.get(r.id, []), r.job_title,
               r.avatar)
        for r in shown
    ]  # fmt: skip
    protected = people_with_factors(member.user_id for member in members) if factors else ()
    return Found(members, len(rows), teams.names_by_person(), frozenset(protected))


def _statement(asked: Asked) -> Any:
    mine = Membership.tenant_id == current.tenant.id
    statement: Any = (
        select(
            Membership.id, Membership.user_id, User.name, User.email, Membership.state, Membership.created_at,
            User.seen_at, Membership.job_title, Membership.avatar,
        )
        .join(User, User.id == Membership.user_id)
        .where(mine)
        .order_by(Membership.state, User.folded, User.name, Membership.id)
    )  # fmt: skip
    if asked.state:
        statement = statement.where(Membership.state == asked.state)
    if asked.role is not None:
        statement = statement.where(exists().where(
            MemberRole.tenant_id == current.tenant.id, MemberRole.membership_id == Membership.id,
            MemberRole.role_id == asked.role,
        ))  # fmt: skip
    if asked.team is not None:
        statement = statement.where(exists().where(
            TeamMember.tenant_id == current.tenant.id, TeamMember.user_id == Membership.user_id,
            TeamMember.team_id == asked.team,
        ))  # fmt: skip
    if asked.unprotected:
        statement = statement.where(
            ~exists().where(Totp.user_id == User.id), ~exists().where(Passkey.user_id == User.id)
        )
    return statement


def _has(row: Any, words: Sequence[str]) -> bool:
    text = fold(f"{row.name} {row.email} {row.job_title}")
    return all(word in text for word in words)


def members_by_role() -> dict[UUID, int]:
    """Return how many people have each role, whatever its days."""
    statement = (
        select(MemberRole.role_id, func.count())
        .where(MemberRole.tenant_id == current.tenant.id)
        .group_by(MemberRole.role_id)
    )
    return {row[0]: row[1] for row in current.session.execute(statement)}
