"""The claim on one intention: a lease with a fencing token, taken and given back by single statements.

Whoever lost a lease finds no row to update; it must then undo what it did. Every statement names its tenant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from diwan.db.base import now
from diwan.db.context import Tenant

CLAIM = text(
    """UPDATE core.outbox o
    SET state = 'leased', fence = o.fence + 1, attempts = o.attempts + 1, lease_until = :until
    FROM core.tenant t
    WHERE o.tenant_id = :tenant AND o.id = :id AND t.id = o.tenant_id
        AND (t.state = 'active' OR t.state = 'closing' AND o.kind = 'mail')
        AND (o.state = 'ready' AND o.available_at <= :moment OR o.state = 'leased' AND o.lease_until < :moment)
    RETURNING o.kind, o.name, o.payload, o.attempts, o.fence, o.actor_id, o.token_id, o.grants,
        o.language, t.slug, t.name AS tenant_name,
        t.country, t.language AS tenant_language, t.timezone, t.currency, t.lineup_key,
        t.tailoring, t.brand"""
)


def _held(changes: str) -> TextClause:
    """Return the statement that changes a row only for whoever holds it."""
    mine = "tenant_id = :tenant AND id = :id AND fence = :fence AND state = 'leased'"
    return text(f"UPDATE core.outbox SET {changes} WHERE {mine}")  # noqa: S608 - constants, see below


EXTEND = _held("lease_until = :until")
PROGRESS = _held("lease_until = :until, progress = CAST(:progress AS jsonb)")
DONE = _held("state = 'done', finished_at = :moment, lease_until = NULL, error = ''")
PARK = _held("state = 'parked', finished_at = :moment, lease_until = NULL, error = :error")
AGAIN = _held("state = 'ready', available_at = :at, lease_until = NULL, error = :error, attempts = attempts - :free")
STATE = text("SELECT state, fence FROM core.outbox WHERE tenant_id = :tenant AND id = :id")


class Abandon(BaseException):
    """Ends a handler from outside its logic; no `except Exception` may swallow it."""


class LostLease(Abandon):
    """Another worker has taken the job over: nothing that this one did since may be committed."""


class Cancelled(Abandon):
    """A person cancelled the job."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One intention that this worker holds."""

    id: UUID
    tenant: Tenant
    kind: str
    name: str
    payload: Mapping[str, Any]
    attempts: int
    fence: int
    actor_id: UUID | None
    token_id: UUID | None
    grants: list[str] | None
    language: str
    seconds: float

    @property
    def key(self) -> dict[str, Any]:
        """The parameters that say whose row it is, and by which right."""
        return {"tenant": self.tenant.id, "id": self.id, "fence": self.fence}


def take(connection: Connection, tenant_id: int, id: UUID, seconds: float) -> Claim | None:
    """Claim an intention for some seconds; None where it is done, not due, or somebody else's."""
    moment = now()
    row = connection.execute(
        CLAIM, {"tenant": tenant_id, "id": id, "moment": moment, "until": moment + timedelta(seconds=seconds)}
    ).first()
    if row is None:
        return None
    tenant = Tenant(
        tenant_id,
        row.slug,
        row.tenant_name,
        row.country,
        row.tenant_language,
        row.timezone,
        row.currency,
        row.lineup_key,
        row.tailoring,
        row.brand,
    )
    return Claim(
        id,
        tenant,
        row.kind,
        row.name,
        row.payload,
        row.attempts,
        row.fence,
        row.actor_id,
        row.token_id,
        row.grants,
        row.language or tenant.language,
        seconds,
    )


def extend(connection: Connection, claim: Claim, progress: str | None = None) -> None:
    """Prolong the lease, with a note of progress as JSON. Raises LostLease or Cancelled."""
    values = {**claim.key, "until": now() + timedelta(seconds=claim.seconds)}
    if progress is None:
        _must_be_mine(connection, claim, EXTEND, values)
    else:
        _must_be_mine(connection, claim, PROGRESS, {**values, "progress": progress})


def finish(connection: Connection, claim: Claim) -> None:
    """Mark the intention done. Raises LostLease or Cancelled, so that its effects are not committed."""
    _must_be_mine(connection, claim, DONE, {**claim.key, "moment": now()})


def give_back(connection: Connection, claim: Claim, *, at: datetime, error: str, free: bool = False) -> None:
    """Let the intention be tried again from `at` on; a `free` attempt does not count."""
    _must_be_mine(connection, claim, AGAIN, {**claim.key, "at": at, "error": error, "free": int(free)})


def park(connection: Connection, claim: Claim, error: str) -> None:
    """Set the intention aside for a person to look at."""
    _must_be_mine(connection, claim, PARK, {**claim.key, "moment": now(), "error": error})


def _must_be_mine(connection: Connection, claim: Claim, statement: Any, values: dict[str, Any]) -> None:
    if connection.execute(statement, values).rowcount == 1:
        return
    row = connection.execute(STATE, {"tenant": claim.tenant.id, "id": claim.id}).first()
    if row is not None and row.state == "cancelled" and row.fence == claim.fence:
        raise Cancelled(f"{claim.name} {claim.id} was cancelled")
    raise LostLease(f"{claim.name} {claim.id} is no longer held under fence {claim.fence}")
