"""The tables around records: comments, followers, attachments, tasks, tags, favourites, visits.

They hold (resource, record_id) without a foreign key, for records of every plugin; `gone` removes them with the record.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, TenantMixin

CORE = {"schema": "core"}


class Comment(TenantMixin, Base):
    """What somebody said about a record. A deleted one keeps its place without its text."""

    __tablename__ = "comment"
    __table_args__ = (
        CheckConstraint("length(body) <= 20000", name="body"),
        Index("ix_comment_record", "tenant_id", "resource", "record_id", "id"),
        CORE,
    )

    resource: Mapped[str]
    record_id: Mapped[UUID]
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]
    body: Mapped[str]
    mentions: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), default=list, server_default="{}")
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Follower(Base):
    """Somebody who is told when a record changes."""

    __tablename__ = "follower"
    __table_args__ = (Index("ix_follower_user", "tenant_id", "user_id"), CORE)

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime]


class Attachment(TenantMixin, Base):
    """A stored file of a record."""

    __tablename__ = "attachment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "file_id"], ["core.file.tenant_id", "core.file.id"], ondelete="CASCADE",
            name="fk_attachment_file_id",
        ),
        Index("ix_attachment_record", "tenant_id", "resource", "record_id", "id"),
        Index("ix_attachment_file", "tenant_id", "file_id"),
        CORE,
    )  # fmt: skip

    resource: Mapped[str]
    record_id: Mapped[UUID]
    file_id: Mapped[UUID]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]


class Task(TenantMixin, Base):
    """Something that one person has to do, about a record or on its own."""

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_record", "tenant_id", "resource", "record_id", "id"),
        Index("ix_task_assignee", "tenant_id", "assignee_id", "done_at", "due_at"),
        Index(
            "ix_task_remind", "tenant_id", "remind_at", postgresql_where=text("reminded_at IS NULL AND done_at IS NULL")
        ),
        CORE,
    )

    resource: Mapped[str] = mapped_column(default="", server_default="")
    record_id: Mapped[UUID | None]
    record_title: Mapped[str] = mapped_column(default="", server_default="")
    title: Mapped[str]
    note: Mapped[str] = mapped_column(default="", server_default="")
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("core.user.id", ondelete="RESTRICT"))
    due_at: Mapped[datetime | None]
    remind_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_by: Mapped[UUID | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class Tag(TenantMixin, Base):
    """A word that the business puts on records. `folded` makes it one, however it is spelled."""

    __tablename__ = "tag"
    __table_args__ = (UniqueConstraint("tenant_id", "folded", name="uq_tag_folded"), CORE)

    name: Mapped[str]
    folded: Mapped[str]
    tone: Mapped[str] = mapped_column(default="mute", server_default="mute")
    created_at: Mapped[datetime]


class RecordTag(Base):
    """A tag on a record."""

    __tablename__ = "record_tag"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "tag_id"], ["core.tag.tenant_id", "core.tag.id"], ondelete="CASCADE",
            name="fk_record_tag_tag_id",
        ),
        Index("ix_record_tag_tag", "tenant_id", "tag_id", "resource", "record_id"),
        CORE,
    )  # fmt: skip

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    tag_id: Mapped[UUID] = mapped_column(primary_key=True)


class Favourite(Base):
    """A record that somebody marked with a star."""

    __tablename__ = "favourite"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"), primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class Visit(Base):
    """When somebody last looked at a record."""

    __tablename__ = "visit"
    __table_args__ = (Index("ix_visit_seen", "tenant_id", "user_id", "seen_at"), CORE)

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("core.user.id", ondelete="CASCADE"), primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
