"""Tables of the end of a business: its exports, which are its own, and the erasures, which outlive it.

An erasure must not tell who the business was: it holds a digest of its address, numbers, and names of tables.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, TenantMixin, now
from diwan.kit.ids import uuid7

WAITING, RUNNING, DONE, FAILED, STOPPED, EXPIRED = "waiting", "running", "done", "failed", "stopped", "expired"
BUSY = frozenset({WAITING, RUNNING})


class Takeout(TenantMixin, Base):
    """One export of everything. `file_id` is its ZIP until it expires."""

    __tablename__ = "takeout"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "file_id"], ["core.file.tenant_id", "core.file.id"], ondelete="RESTRICT",
            name="fk_takeout_file_id",
        ),
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'stopped', 'expired')", name="state"),
        Index("ix_takeout_file", "tenant_id", "file_id"),
        {"schema": "core"},
    )  # fmt: skip

    state: Mapped[str] = mapped_column(default=WAITING, server_default=WAITING)
    job_id: Mapped[UUID | None]
    file_id: Mapped[UUID | None]
    rows: Mapped[int] = mapped_column(default=0, server_default="0")
    size: Mapped[int] = mapped_column(default=0, server_default="0")
    sha256: Mapped[str] = mapped_column(default="", server_default="")
    error: Mapped[str] = mapped_column(default="", server_default="")
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class Erasure(Base):
    """One business that was erased, or is being: what went, what is left, and the checks at the end.

    `people` are those whose accounts may go with it, `tell` whom to write to afterwards; both are emptied then.
    """

    __tablename__ = "erasure"
    __table_args__ = (Index("ix_erasure_slug_hash", "slug_hash"), {"schema": "core"})

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    business: Mapped[int] = mapped_column(unique=True)
    slug_hash: Mapped[bytes] = mapped_column(LargeBinary)
    closed_at: Mapped[datetime | None]
    begun_at: Mapped[datetime] = mapped_column(default=now)
    erased_at: Mapped[datetime | None]
    erased_by: Mapped[str] = mapped_column(default="", server_default="")
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    remains: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    files: Mapped[int] = mapped_column(default=0, server_default="0")
    bytes: Mapped[int] = mapped_column(default=0, server_default="0")
    people: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), default=list, server_default="{}")
    persons: Mapped[int] = mapped_column(default=0, server_default="0")
    checks: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    digest: Mapped[str] = mapped_column(default="", server_default="")
    tell: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
