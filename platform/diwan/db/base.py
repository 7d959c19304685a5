"""The one MetaData of Diwan and the declarative base of the core's own tables.

Plugins have registries of their own (`diwan.resources.model`) over the same MetaData.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from diwan.kit.ids import uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

TYPES = {
    str: Text(),
    int: BigInteger(),
    UUID: Uuid(),
    datetime: DateTime(timezone=True),
    list[str]: ARRAY(Text()),
    dict: JSONB(),
    dict[str, Any]: JSONB(),
}

metadata = MetaData(naming_convention=NAMING)


def now() -> datetime:
    """Return the present moment, aware, in UTC: the application binds every timestamp."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """The base of the core's tables, which live in the PostgreSQL schema `core`."""

    metadata = metadata
    type_annotation_map = TYPES
    __table_args__: Any = {"schema": "core"}


class TenantMixin:
    """What makes a core table a tenant's: the composite key; its migration adds forced row-level security."""

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
