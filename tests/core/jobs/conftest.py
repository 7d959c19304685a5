"""What tests of jobs share: the sample jobs, a queue in the run's Valkey, and a look at rows and effects."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from diwan import jobs
from diwan.config import Config
from diwan.db import scope, unit_of_work
from diwan.db.context import Tenant
from diwan.jobs.queue import Queues
from diwan.testing import database

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    spec = importlib.util.spec_from_file_location("samples", HERE / "samples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["samples"] = module
    spec.loader.exec_module(module)
    return module


class Bench:
    """A tenant whose jobs a test runs by hand."""

    def __init__(self, desk: Any, samples: ModuleType, tenant: Tenant) -> None:
        self.desk, self.samples, self.tenant = desk, samples, tenant

    def put(self, name: str, **payload: Any) -> UUID:
        with self.desk.working(self.tenant):
            return jobs.enqueue(f"core.test.{name}", payload)

    def deliver(self, id_: UUID, **options: Any) -> str:
        return jobs.deliver(self.tenant.id, id_, **options)

    def row(self, id_: UUID) -> Any:
        with scope(tenant=self.tenant), unit_of_work() as session:
            return session.execute(
                text("SELECT * FROM core.outbox WHERE tenant_id = :t AND id = :id"), {"t": self.tenant.id, "id": id_}
            ).one()

    def change(self, id_: UUID, what: str) -> None:
        with scope(tenant=self.tenant), unit_of_work() as session:
            session.execute(text(f"UPDATE core.outbox SET {what} WHERE tenant_id = :t AND id = :id"),
                            {"t": self.tenant.id, "id": id_})  # fmt: skip

    def effects(self) -> list[str]:
        with scope(tenant=self.tenant), unit_of_work() as session:
            rows = session.execute(
                text("SELECT body FROM core.comment WHERE tenant_id = :t AND resource = 'test.effect' ORDER BY body"),
                {"t": self.tenant.id},
            )
            return list(rows.scalars())


@pytest.fixture
def bench(desk: Any, samples: ModuleType) -> Bench:
    samples.parked.clear()
    samples.seen.clear()
    return Bench(desk, samples, desk.tenant())


@pytest.fixture
def queues(core_database: Any, tmp_path: Path) -> Iterator[Queues]:
    """Queues and an outbox that this test has to itself; commits push to them."""
    core_database.as_owner("TRUNCATE core.outbox")
    endpoints = database.join_servers().endpoints()
    config = Config(tmp_path, database_url=core_database.app_url, redis_url=endpoints.redis_url)
    made = jobs.connect(config)
    yield made
    for queue in made.all:
        queue.delete(delete_jobs=True)
    jobs.disconnect()
