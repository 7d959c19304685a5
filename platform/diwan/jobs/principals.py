"""As whom a job acts: the person or token that started it, with the rights of today, or the plugin, or the system.

It must not remember rights: they are read again for every run. Only what narrowed them is kept with the row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, text

from diwan.access.permissions import intersect
from diwan.db.base import now
from diwan.db.context import SYSTEM, Actor, Tenant
from diwan.db.grants import Grants
from diwan.jobs.lease import Claim
from diwan.kernel.catalogue import installed
from diwan.kernel.lineup import lineup_of
from diwan.operators import support

# One row always; of a person who left, and of a token that was revoked, there are no names and no rights.
STARTER = text(
    """SELECT u.id, u.name, u.email, u.language, k.name AS token_name,
        coalesce((SELECT array_agg(DISTINCT g.permission) FROM core.member_role mr
            JOIN core.role_grant g ON g.tenant_id = mr.tenant_id AND g.role_id = mr.role_id
            WHERE mr.tenant_id = t.id AND mr.membership_id = m.id
                AND (mr.valid_from IS NULL OR mr.valid_from <= (:moment AT TIME ZONE t.timezone)::date)
                AND (mr.valid_to IS NULL OR mr.valid_to >= (:moment AT TIME ZONE t.timezone)::date)), '{}') AS grants
    FROM core.tenant t
    LEFT JOIN core."user" u ON u.id = :person AND u.disabled_at IS NULL
    LEFT JOIN core.membership m ON m.tenant_id = t.id AND m.user_id = u.id AND m.state = 'active'
    LEFT JOIN core.api_token k ON k.tenant_id = t.id AND k.id = :token AND k.revoked_at IS NULL
    WHERE t.id = :tenant"""
)


def starter(connection: Connection, claim: Claim) -> Actor:
    """Return who started a job. Nobody did: the system. Who left since, or whose token was revoked, may do nothing."""
    if claim.actor_id is None and claim.token_id is None:
        return SYSTEM
    values = {"tenant": claim.tenant.id, "person": claim.actor_id, "token": claim.token_id, "moment": now()}
    row: Any = connection.execute(STARTER, values).one()
    revoked = claim.token_id is not None and row.token_name is None
    mine = None if claim.grants is None else tuple(claim.grants)
    if claim.actor_id is None:
        rights: list[str] = list(mine or ())
    else:
        rights = list(row.grants) if mine is None else intersect(row.grants, mine)
    return Actor(
        claim.actor_id,
        (row.token_name if claim.actor_id is None else row.name) or "",
        row.email or "",
        row.language or "",
        kind="user" if claim.token_id is None else "token" if claim.actor_id else "service",
        grants=Grants.of([] if revoked else rights),
        token_id=claim.token_id,
        narrowing=mine,
    )


def supporting(person: Actor, tenant: Tenant) -> Actor:
    """Return a person without any rights as the support that they are, while the business lets them change things."""
    if person.id is None or person.kind != "user" or person.grants.keys or person.grants.prefixes:
        return person
    opened = support.open_for(person.id, tenant.slug)
    if opened is None or opened.reads_only:
        return person
    return replace(support.actor(opened, person), grants=support.grants_of(opened.level, lineup_of(tenant)))


def plugin(name: str) -> Actor:
    """Return a plugin as the one who acts: all of its own, and what its manifest says that it uses."""
    entry = installed().get(name)
    manifest = entry.manifest if entry else None
    return Actor(
        name=manifest.label if manifest else name,
        kind="plugin",
        grants=Grants.of((f"{name}.*", *(manifest.uses if manifest else ()))),
    )
