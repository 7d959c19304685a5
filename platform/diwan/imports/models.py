"""The tables of import runs and of what became of each row; the migration is their truth.

They must not hold rules; `service` and the jobs do.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db.base import Base, TenantMixin, now

MODES = ("update", "skip", "create")
OUTCOMES = ("created", "updated", "skipped", "failed", "undone", "kept")


class ImportRun(TenantMixin, Base):
    """One import of one file. Its counters are those of the last check, then those of the run.

    state: uploaded → mapped → checking → checked → queued → running → done, or failed, or stopped; then undoing →
    undone. file_id: None once the file was deleted, after 90 days. mapping: {"columns": {column: field}, "sheet": ...}.
    encoding, delimiter: what the person chose, or "".
    """

    __tablename__ = "import_run"
    __table_args__ = (
        CheckConstraint("mode IN ('update', 'skip', 'create')", name="mode"),
        ForeignKeyConstraint(
            ["tenant_id", "file_id"],
            ["core.file.tenant_id", "core.file.id"],
            ondelete="RESTRICT",
            name="fk_import_run_file_id",
        ),
        Index("ix_import_run_created", "tenant_id", "resource", "created_at"),
        Index("ix_import_run_file", "tenant_id", "file_id"),
        {"schema": "core"},
    )

    resource: Mapped[str]
    file_id: Mapped[UUID | None]
    file_name: Mapped[str]
    encoding: Mapped[str] = mapped_column(default="", server_default="")
    delimiter: Mapped[str] = mapped_column(default="", server_default="")
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    defaults: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    match_field: Mapped[str] = mapped_column(default="", server_default="")
    mode: Mapped[str] = mapped_column(default="update", server_default="update")
    state: Mapped[str] = mapped_column(default="uploaded", server_default="uploaded")
    total: Mapped[int] = mapped_column(default=0, server_default="0")
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    created: Mapped[int] = mapped_column(default=0, server_default="0")
    updated: Mapped[int] = mapped_column(default=0, server_default="0")
    skipped: Mapped[int] = mapped_column(default=0, server_default="0")
    failed: Mapped[int] = mapped_column(default=0, server_default="0")
    error: Mapped[str] = mapped_column(default="", server_default="")
    job_id: Mapped[UUID | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    @property
    def columns(self) -> dict[str, str]:
        """The mapping proper: column of the file to field."""
        return self.mapping.get("columns") or {}

    @property
    def sheet(self) -> str:
        return self.mapping.get("sheet") or ""


class ImportRow(Base):
    """What became of one row. `before` holds the former values of what changed, `version` the record's since then.

    `cells` are kept of failed rows only, for the file that people repair.
    """

    __tablename__ = "import_row"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["core.import_run.tenant_id", "core.import_run.id"],
            ondelete="CASCADE",
            name="fk_import_row_run_id",
        ),
        CheckConstraint(f"outcome IN {OUTCOMES}", name="outcome"),
        Index("ix_import_row_record", "tenant_id", "run_id", "record_id"),
        {"schema": "core"},
    )

    tenant_id: Mapped[int] = mapped_column(ForeignKey("core.tenant.id", ondelete="CASCADE"), primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    record_id: Mapped[UUID | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    version: Mapped[int | None]
    problem: Mapped[str] = mapped_column(default="", server_default="")
    cells: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))


ROWS: Table = ImportRow.__table__  # type: ignore[assignment]
