"""Tables of operators, of their log and of grants to support; the migration is their truth.

Operators are made on the command line only: the application may read `operator`, and only add to `operator_entry`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, TenantMixin, now
from diwan.kit.ids import uuid7


class Operator(Base):
    """An account that runs the platform. It gives no rights inside any business."""

    __tablename__ = "operator"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"), primary_key=True)
    since: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(default="", server_default="")


class OperatorEntry(Base):
    """One thing that an operator did. The log outlives the business, so it holds its number only, never its name."""

    __tablename__ = "operator_entry"
    __table_args__ = (Index("ix_operator_entry_business", "business_id", "id"), {"schema": "core"})

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime] = mapped_column(default=now)
    operator_id: Mapped[UUID | None]
    operator_name: Mapped[str]
    action: Mapped[str]
    business_id: Mapped[int | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")


class SupportGrant(TenantMixin, Base):
    """Leave for the platform's support to look into a business, or to work in it, until a moment.

    `seen_at` is when support last opened a page, and none again once it has left.
    """

    __tablename__ = "support_grant"

    granted_by: Mapped[UUID | None]
    granted_by_name: Mapped[str] = mapped_column(default="", server_default="")
    reason: Mapped[str]
    level: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    first_used_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    operator_id: Mapped[UUID | None]

    @property
    def live(self) -> bool:
        """Whether it lets anybody in now."""
        return self.revoked_at is None and self.expires_at > now()
