"""The table of stored files.

It must not know where the bytes are; `service` does.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, TenantMixin


class StoredFile(TenantMixin, Base):
    """One file of a tenant. `name` is what the person called it, `purpose` which area keeps it."""

    __tablename__ = "file"

    name: Mapped[str]
    mime: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[bytes]
    purpose: Mapped[str] = mapped_column(default="")
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
