"""What an administrator arranged for everybody of a role: where a person arranged nothing, this counts.

It must not look into the values; their readers check them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from diwan import audit
from diwan.db.context import current

# Of several roles the business's own speaks first, then those of modules, then owner, administrator, member.
FOR_ROLES = text(
    """SELECT s.values -> 'roles' -> r.key -> :key FROM core.membership m
    JOIN core.member_role mr ON mr.tenant_id = m.tenant_id AND mr.membership_id = m.id
    JOIN core.role r ON r.tenant_id = mr.tenant_id AND r.id = mr.role_id
    JOIN core.setting s ON s.tenant_id = m.tenant_id AND s.plugin = 'core'
    WHERE m.tenant_id = :tenant AND m.user_id = :user AND s.values -> 'roles' -> r.key ? :key
    ORDER BY r.key IN ('owner', 'admin', 'member'), r.plugin, r.key LIMIT 1"""
)
KEEP = text(
    """INSERT INTO core.setting AS s (tenant_id, plugin, values)
    VALUES (:tenant, 'core',
        jsonb_build_object('roles', jsonb_build_object(CAST(:role AS text), CAST(:value AS jsonb))))
    ON CONFLICT (tenant_id, plugin) DO UPDATE SET version = s.version + 1, values = s.values || jsonb_build_object(
        'roles', coalesce(s.values -> 'roles', '{}') || jsonb_build_object(CAST(:role AS text),
            coalesce(s.values -> 'roles' -> :role, '{}') || CAST(:value AS jsonb)))"""
).bindparams(bindparam("value", type_=JSONB()))


def for_roles(key: str, default: Any = None) -> Any:
    """Return what was arranged for the roles of the person who acts, or `default`."""
    values = {"tenant": current.tenant.id, "user": current.user.id, "key": key}
    row = current.session.connection().execute(FOR_ROLES, values).first()
    return default if row is None else row[0]


def put_for_role(role: str, key: str, value: Any) -> None:
    """Arrange something for everybody of a role who arranged nothing. The caller checks the right and the role."""
    current.session.connection().execute(KEEP, {"tenant": current.tenant.id, "role": role, "value": {key: value}})
    audit.record("update", "core.setting", None, "core", None, {f"{role}.{key}": value})
