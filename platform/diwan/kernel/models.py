"""What the database remembers of plugins: `core.plugin` for the deployment, the rest for each tenant.

Plugin administration works from these rows and manifests; it must never need a plugin's code.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, now


class PluginRow(Base):
    """The state of a plugin after the last `diwan migrate`. `tables` are in the order in which rows may be erased."""

    __tablename__ = "plugin"

    name: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    version: Mapped[str] = mapped_column(server_default="")
    revision: Mapped[str] = mapped_column(server_default="")
    tables: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    problems: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    updated_at: Mapped[datetime] = mapped_column(default=now)


class TenantPlugin(Base):
    """A plugin that a tenant has on, or once had: `off` keeps the row, as it keeps the plugin's data."""

    __tablename__ = "tenant_plugin"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    plugin: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(server_default="on")
    version: Mapped[str] = mapped_column(server_default="")
    enabled_at: Mapped[datetime] = mapped_column(default=now)
    enabled_by: Mapped[UUID | None]
    first_enabled_at: Mapped[datetime] = mapped_column(default=now)
