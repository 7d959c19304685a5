"""Tables of roles, their grants and who has them; the migration is their truth.

A grant is a permission (`contacts.contact.read`) or a prefix (`contacts.*`, `*`); nothing here interprets it.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
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
    """One role of one member, for a time: both days count, in the time zone of the business; None has no end."""

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
    valid_from: Mapped[date | None] = mapped_column(Date())
    valid_to: Mapped[date | None] = mapped_column(Date())


class Team(TenantMixin, Base):
    """People who work together. `path` holds the ids of the teams above it and its own, from the top."""

    __tablename__ = "team"
    __table_args__ = (
        UniqueConstraint("tenant_id", "folded", name="uq_team_folded"),
        ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["core.team.tenant_id", "core.team.id"],
            ondelete="RESTRICT",
            name="fk_team_parent_id",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "manager_id"],
            ["core.membership.tenant_id", "core.membership.user_id"],
            ondelete="RESTRICT",
            name="fk_team_manager_id",
        ),
        Index("ix_team_parent", "tenant_id", "parent_id"),
        Index("ix_team_manager", "tenant_id", "manager_id"),
        {"schema": "core"},
    )

    name: Mapped[str]
    folded: Mapped[str]
    parent_id: Mapped[UUID | None]
    manager_id: Mapped[UUID | None]
    path: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class TeamMember(Base):
    """One person of one team, by the id of the account."""

    __tablename__ = "team_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "team_id"],
            ["core.team.tenant_id", "core.team.id"],
            ondelete="CASCADE",
            name="fk_team_member_team_id",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["core.membership.tenant_id", "core.membership.user_id"],
            ondelete="CASCADE",
            name="fk_team_member_user_id",
        ),
        Index("ix_team_member_user", "tenant_id", "user_id"),
        {"schema": "core"},
    )

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    team_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
