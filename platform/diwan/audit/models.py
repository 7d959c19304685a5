"""The table of audit entries; the migration is its truth and grants INSERT and SELECT only.

Secrets never belong into `before` and `after`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, TenantMixin


class AuditEntry(TenantMixin, Base):
    """One thing that happened. `title` is the record's name at that time, for people."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_record", "tenant_id", "resource", "record_id", "id"),
        {"schema": "core"},
    )

    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(default="", server_default="")
    actor_kind: Mapped[str] = mapped_column(default="user", server_default="user")
    request_id: Mapped[str] = mapped_column(default="", server_default="")
    action: Mapped[str]
    resource: Mapped[str] = mapped_column(default="", server_default="")
    record_id: Mapped[UUID | None]
    title: Mapped[str] = mapped_column(default="", server_default="")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
