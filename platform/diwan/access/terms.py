"""For how long somebody has a role: from a day, until a day, both in the time zone of the business.

It must not decide who may give one; it says what is held, and since when and until when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from diwan.access import service
from diwan.access.models import MemberRole, Role
from diwan.access.service import Term
from diwan.db.clock import today
from diwan.db.context import current
from diwan.errors import Invalid
from diwan.kit.i18n import _

__all__ = ["Held", "Term", "held_by_members", "read_term"]


@dataclass(frozen=True, slots=True)
class Held:
    """A role as somebody has it. Both days count; None has no end."""

    role: Role
    since: date | None = None
    until: date | None = None

    @property
    def state(self) -> str:
        """`now`, `later`, or `over`."""
        day = today()
        if self.until is not None and self.until < day:
            return "over"
        return "later" if self.since is not None and self.since > day else "now"


def held_by_members(membership_id: UUID | None = None) -> Mapping[UUID, list[Held]]:
    """Return the roles of every member (or of one), in the order of the roles, with those that are over or to come."""
    statement = select(MemberRole.membership_id, MemberRole.role_id, MemberRole.valid_from, MemberRole.valid_to).where(
        MemberRole.tenant_id == current.tenant.id
    )
    if membership_id is not None:
        statement = statement.where(MemberRole.membership_id == membership_id)
    rows = current.session.execute(statement).all()
    known = {role.id: (place, role) for place, role in enumerate(service.roles())}
    found: dict[UUID, list[Held]] = defaultdict(list)
    for member, role_id, since, until in sorted(rows, key=lambda row: known[row.role_id][0]):
        found[member].append(Held(known[role_id][1], since, until))
    return found


def read_term(since: str, until: str) -> Term:
    """Return the two days as they were typed. Raises Invalid."""
    try:
        days = tuple(date.fromisoformat(text.strip()) if text.strip() else None for text in (since, until))
    except ValueError:
        raise Invalid({"roles": _("Enter days as in 2026-11-30.")}) from None
    first, last = days
    if first and last and last < first:
        raise Invalid({"roles": _("A role cannot end before it begins.")})
    return first, last
