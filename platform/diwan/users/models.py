"""Tables of people and of what proves who they are; the migration is their truth.

Secrets are stored only as digests; nothing here can bring one back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, validates

from diwan.db.base import Base, TenantMixin, now
from diwan.kit.ids import uuid7
from diwan.kit.text import fold


class User(Base):
    """A person, known by one e-mail address (lower case) in all of Diwan."""

    __tablename__ = "user"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(default="", server_default="")
    password_hash: Mapped[str] = mapped_column(default="", server_default="")
    language: Mapped[str] = mapped_column(default="en", server_default="en")
    theme: Mapped[str] = mapped_column(default="auto", server_default="auto")
    email_verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")

    @validates("name")
    def _fold_name(self, _key: str, name: str) -> str:
        self.folded = fold(name)
        return name


class Session(Base):
    """A browser's session. `id` is the digest of the cookie's token; without `user_id` nobody is signed in."""

    __tablename__ = "session"
    __table_args__ = (
        Index("ix_session_user_id", "user_id"),
        Index("ix_session_expires_at", "expires_at"),
        {"schema": "core"},
    )

    id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    ip: Mapped[str] = mapped_column(default="", server_default="")
    user_agent: Mapped[str] = mapped_column(default="", server_default="")
    country: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


class Device(Base):
    """A browser with which a person has signed in. `digest` is that of the token in its long-lived cookie."""

    __tablename__ = "device"
    __table_args__ = (Index("ix_device_seen_at", "seen_at"), {"schema": "core"})

    user_id: Mapped[UUID] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    first_seen_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)


class Challenge(Base):
    """A code or a link sent to an address, to prove that its owner reads it. Used once."""

    __tablename__ = "challenge"
    __table_args__ = (
        Index("ix_challenge_email", "email", "purpose"),
        Index("ix_challenge_expires_at", "expires_at"),
        Index("ix_challenge_secret", "secret_hash"),
        {"schema": "core"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    purpose: Mapped[str]
    email: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    data: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Throttle(Base):
    """How often something was tried lately. `key` is a digest, so that the table lists nobody's address."""

    __tablename__ = "throttle"
    __table_args__ = (Index("ix_throttle_at", "at"), {"schema": "core"})

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    hits: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]


class ApiToken(TenantMixin, Base):
    """A key for programs of one business. A person's narrows what the person's roles allow; a service token has no
    person, and its `grants` are its rights. `warned_days`: the last warning said that it ends within so many days."""

    __tablename__ = "api_token"
    __table_args__ = (
        Index("ix_api_token_secret", "secret_hash"),
        Index("ix_api_token_user", "tenant_id", "user_id"),
        CheckConstraint(
            "kind = 'personal' AND user_id IS NOT NULL OR kind = 'service' AND user_id IS NULL", name="kind"
        ),
        {"schema": "core"},
    )

    kind: Mapped[str] = mapped_column(default="personal", server_default="personal")
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"))
    created_by: Mapped[UUID | None]
    name: Mapped[str]
    prefix: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, comment="secret")
    grants: Mapped[list[str]] = mapped_column(server_default="{*}")
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    used_ip: Mapped[str] = mapped_column(default="", server_default="")
    warned_days: Mapped[int | None]
    revoked_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """A key that a program chose for a request, and the answer that it got (`rest.idempotency`); kept for a day.

    `user_id` is a person, or a service token, which has none.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_created", "tenant_id", "created_at"), {"schema": "core"})

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
