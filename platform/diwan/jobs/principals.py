"""As whom a job acts: the person who started it, with the rights of today, or the plugin, or the system.

It must not remember rights: they are read again for every run.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from diwan.db.context import SYSTEM, Actor, Grants
from diwan.kernel.catalogue import installed

PERSON = text(
    """SELECT u.name, u.email, u.language, m.id IS NOT NULL AS member,
        coalesce((SELECT array_agg(DISTINCT g.permission) FROM core.member_role mr
            JOIN core.role_grant g ON g.tenant_id = mr.tenant_id AND g.role_id = mr.role_id
            WHERE mr.tenant_id = :tenant AND mr.membership_id = m.id), '{}') AS grants
    FROM core."user" u
    LEFT JOIN core.membership m ON m.tenant_id = :tenant AND m.user_id = u.id AND m.state = 'active'
    WHERE u.id = :id AND u.disabled_at IS NULL"""
)


def person(connection: Connection, tenant_id: int, id: UUID | None) -> Actor:
    """Return who started a job. Nobody did: the system. Who left since may do nothing."""
    if id is None:
        return SYSTEM
    row: Any = connection.execute(PERSON, {"tenant": tenant_id, "id": id}).first()
    if row is None:
        return Actor(id, name="")
    return Actor(id, row.name, row.email, row.language, grants=Grants.of(row.grants if row.member else ()))


def plugin(name: str) -> Actor:
    """Return a plugin as the one who acts: all of its own, and what its manifest says that it uses."""
    entry = installed().get(name)
    manifest = entry.manifest if entry else None
    return Actor(
        name=manifest.label if manifest else name,
        kind="plugin",
        grants=Grants.of((f"{name}.*", *(manifest.uses if manifest else ()))),
    )
