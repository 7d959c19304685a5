"""Tables of second factors; the migration is their truth.

They are of people, not of tenants; the secret of an app is sealed, codes are kept as digests only.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, now
from diwan.db.columns import sealed_for
from diwan.kit.ids import uuid7


class Totp(Base):
    """The authenticator app of a person. `last_step` is the time step of the newest code that was taken."""

    __tablename__ = "totp"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary, info=sealed_for("user_id"))
    last_step: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """One of the codes that a person keeps on paper; it works once."""

    __tablename__ = "recovery_code"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]


class Passkey(Base):
    """A key that a device or a password manager of a person holds; `synced` says that it has a copy elsewhere."""

    __tablename__ = "passkey"
    __table_args__ = (Index("ix_passkey_user_id", "user_id"), {"schema": "core"})

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]
    name: Mapped[str]
    transports: Mapped[list[str]] = mapped_column(server_default="{}")
    synced: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]
