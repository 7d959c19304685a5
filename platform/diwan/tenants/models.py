"""Tables of businesses, memberships and invitations; the migration is their truth.

The business itself is global and small; everything else belongs to it and is under row-level security.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db import context
from diwan.db.base import Base, TenantMixin, now


class Tenant(Base):
    """A business. `lineup_key` names its set of enabled plugins, `currency` is its base currency."""

    __tablename__ = "tenant"
    __table_args__ = (
        Index("ix_tenant_closes_at", "closes_at", postgresql_where=text("state = 'closing'")),
        {"schema": "core"},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    country: Mapped[str]
    language: Mapped[str]
    timezone: Mapped[str]
    currency: Mapped[str]
    lineup_key: Mapped[str] = mapped_column(default="", server_default="")
    state: Mapped[str] = mapped_column(default="active", server_default="active")
    created_at: Mapped[datetime] = mapped_column(default=now)
    tailoring: Mapped[int] = mapped_column(default=0, server_default="0")
    brand: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    rights: Mapped[int] = mapped_column(default=0, server_default="0")
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    closed_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]

    def snapshot(self) -> context.Tenant:
        """Return what a scope carries of it."""
        return context.Tenant(
            id=self.id,
            slug=self.slug,
            name=self.name,
            country=self.country,
            language=self.language,
            timezone=self.timezone,
            currency=self.currency,
            lineup_key=self.lineup_key,
            tailoring=self.tailoring,
            brand=dict(self.brand),
            policy=dict(self.policy),
        )


class Membership(TenantMixin, Base):
    """A person in a business: active, or disabled (kept for history), with what they show there. `avatar` is a file."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id", name="uq_membership_user_id"),
        Index("ix_membership_user", "user_id"),
        {"schema": "core"},
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(default="active", server_default="active")
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    job_title: Mapped[str] = mapped_column(default="", server_default="")
    phone: Mapped[str] = mapped_column(default="", server_default="")
    signature: Mapped[str] = mapped_column(default="", server_default="")
    avatar: Mapped[UUID | None]


class Invitation(TenantMixin, Base):
    """An invitation by mail; whoever holds its link may join with the roles it names, once."""

    __tablename__ = "invitation"
    __table_args__ = (
        Index("ix_invitation_secret", "secret_hash"),
        Index("ix_invitation_email", "tenant_id", "email"),
        {"schema": "core"},
    )

    email: Mapped[str]
    role_keys: Mapped[list[str]] = mapped_column(server_default="{}")
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, comment="secret")
    invited_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
