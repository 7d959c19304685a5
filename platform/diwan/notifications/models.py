"""The table of notifications.

It must not hold rules; `service` does.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, TenantMixin


class Notification(TenantMixin, Base):
    """What one person is told. `resource` and `record_id` say where it leads; the record may be gone by then."""

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_user", "tenant_id", "user_id", "id"),
        Index("ix_notification_unread", "tenant_id", "user_id", postgresql_where=text("read_at IS NULL")),
        {"schema": "core"},
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"))
    kind: Mapped[str]
    resource: Mapped[str] = mapped_column(default="", server_default="")
    record_id: Mapped[UUID | None]
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="", server_default="")
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
