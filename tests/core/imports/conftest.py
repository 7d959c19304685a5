"""The steps of the import wizard for tests, as the owner of a business takes them.

It must commit after each step, as the pages and workers do.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from diwan import jobs
from diwan.db import current, unit_of_work
from diwan.imports import service
from diwan.imports.models import ImportRun
from diwan.resources import Resource
from diwan.testing.world import Business


def contacts() -> Resource:
    resource: Resource = current.lineup.resources["contacts.contact"]
    return resource


class Importer:
    """Takes the steps of the wizard as the owner of a business, each in a transaction of its own."""

    def __init__(self, business: Business) -> None:
        self.business = business

    def upload(self, content: str | bytes | Path, name: str = "table.csv") -> UUID:
        raw = content.read_bytes() if isinstance(content, Path) else content
        raw = raw.encode() if isinstance(raw, str) else raw
        with self.business.acting(), unit_of_work():
            return service.start(contacts(), io.BytesIO(raw), name).id

    def do(self, run: UUID, action: Callable[..., Any], *args: Any, **options: Any) -> Any:
        with self.business.acting(), unit_of_work():
            return action(service.get_run(run, lock=True), *args, **options)

    def work(self) -> int:
        with self.business.acting():
            delivered = jobs.run_pending()
            current.session.commit()
            return delivered

    def check(self, run: UUID, **options: Any) -> ImportRun:
        with self.business.acting(), unit_of_work():
            found = service.get_run(run, lock=True)
            options = {"match_field": found.match_field, "mode": found.mode, **options}
            service.set_mapping(found, options.pop("columns", found.columns), **options)
            service.begin_check(found)
        self.work()
        return self.state(run)

    def run(self, run: UUID) -> ImportRun:
        self.do(run, service.begin)
        self.work()
        return self.state(run)

    def undo(self, run: UUID) -> ImportRun:
        self.do(run, service.begin_undo)
        self.work()
        return self.state(run)

    def all(self, content: str | bytes | Path, name: str = "table.csv", **options: Any) -> ImportRun:
        run = self.upload(content, name)
        self.check(run, **options)
        return self.run(run)

    def state(self, run: UUID) -> ImportRun:
        with self.business.acting(), unit_of_work() as session:
            found = service.get_run(run)
            session.refresh(found)
            session.expunge(found)
            return found

    def rows(self, run: ImportRun | UUID) -> list[tuple[int, str, str]]:
        key = run if isinstance(run, UUID) else run.id
        with self.business.acting(), unit_of_work():
            found = service.rows_of(service.get_run(key), "created", "updated", "skipped", "failed", "undone", "kept")
            return [(row.number, row.outcome, row.problem) for row in found]

    def contacts(self, columns: str = "name") -> list[Any]:
        with self.business.acting(), unit_of_work() as session:
            table = "contacts.contact WHERE tenant_id = :t AND archived_at IS NULL ORDER BY name, id"
            rows = session.execute(text(f"SELECT {columns} FROM {table}"), {"t": self.business.tenant.id}).all()
            return [row[0] if len(row) == 1 else tuple(row) for row in rows]

    def query(self, statement: str, **values: Any) -> list[Any]:
        with self.business.acting(), unit_of_work() as session:
            return list(session.execute(text(statement), {"t": self.business.tenant.id, **values}).all())


@pytest.fixture
def importer(business: Business) -> Importer:
    return Importer(business)
