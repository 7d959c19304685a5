"""The tables of preferences and saved views.

It must not hold rules; `service` and `views` do.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, TenantMixin


class Preference(Base):
    """One setting of one person in one business."""

    __tablename__ = "preference"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
    updated_at: Mapped[datetime]


class SavedView(TenantMixin, Base):
    """A named state of a list. `shared` ones are seen by all; `is_default` opens for those who chose none."""

    __tablename__ = "saved_view"
    __table_args__ = (
        Index("ix_saved_view_resource", "tenant_id", "resource", "position"),
        {"schema": "core"},
    )

    resource: Mapped[str]
    name: Mapped[str]
    owner_id: Mapped[UUID]
    shared: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_default: Mapped[bool] = mapped_column(default=False, server_default="false")
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    definition: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
