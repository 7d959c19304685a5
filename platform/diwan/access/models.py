"""Tables of roles, their grants and who has them; the migration is their truth.

A grant is a permission (`contacts.contact.read`) or a prefix (`contacts.*`, `*`); nothing here interprets it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, TenantMixin, now


class Role(TenantMixin, Base):
    """A named set of grants. `key` is stable (`owner`, `contacts.editor`); `plugin` is who suggested it."""

    __tablename__ = "role"
    __table_args__ = (UniqueConstraint("tenant_id", "key", name="uq_role_key"), {"schema": "core"})

    key: Mapped[str]
    name: Mapped[str]
    plugin: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class RoleGrant(Base):
    """One grant of a role."""

    __tablename__ = "role_grant"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "role_id"],
            ["core.role.tenant_id", "core.role.id"],
            ondelete="CASCADE",
            name="fk_role_grant_role_id",
        ),
        {"schema": "core"},
    )

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[UUID] = mapped_column(primary_key=True)
    permission: Mapped[str] = mapped_column(primary_key=True)


class MemberRole(Base):
    """One role of one member."""

    __tablename__ = "member_role"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["core.membership.tenant_id", "core.membership.id"],
            ondelete="CASCADE",
            name="fk_member_role_membership_id",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "role_id"],
            ["core.role.tenant_id", "core.role.id"],
            ondelete="CASCADE",
            name="fk_member_role_role_id",
        ),
        Index("ix_member_role_role", "tenant_id", "role_id"),
        {"schema": "core"},
    )

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(primary_key=True)
    role_id: Mapped[UUID] = mapped_column(primary_key=True)
