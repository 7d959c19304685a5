"""Imports against the database: check, run, match, undo; what goes wrong fails alone and nothing is done twice.

It must use the jobs as workers do, and real files.
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
from diwan.errors import Denied, Invalid, NotFound, Refuse, TooLarge
from diwan.imports import run as running
from diwan.imports import service
from diwan.imports.models import ImportRun
from diwan.resources import Resource, store
from diwan.testing.world import Business

NORTHWIND = Path(__file__).parents[2] / "data" / "northwind"


def contacts() -> Resource:
    resource: Resource = current.lineup.resources["contacts.contact"]
    return resource


class Importer:
    """Takes the steps of the wizard as the owner of a business, each in a transaction of its own."""

    def __init__(self, business: Business) -> None:
        self.business = business

    def upload(self, content: str | bytes | Path, name: str = "table.csv") -> UUID:
        raw = content.read_bytes() if isinstance(content, Path) else content.encode() if isinstance(content, str) else content
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
            statement = f"SELECT {columns} FROM contacts.contact WHERE tenant_id = :t AND archived_at IS NULL ORDER BY name, id"
            rows = session.execute(text(statement), {"t": self.business.tenant.id}).all()
            return [row[0] if len(row) == 1 else tuple(row) for row in rows]

    def query(self, statement: str, **values: Any) -> list[Any]:
        with self.business.acting(), unit_of_work() as session:
            return list(session.execute(text(statement), {"t": self.business.tenant.id, **values}).all())


@pytest.fixture
def importer(business: Business) -> Importer:
    return Importer(business)


def counts(run: ImportRun) -> tuple[int, int, int, int]:
    return run.created, run.updated, run.skipped, run.failed


def test_northwind_customers_and_suppliers(importer: Importer) -> None:
    customers = importer.upload(NORTHWIND / "customers.csv", "customers.csv")
    checked = importer.check(customers, defaults={"roles": ["customer"]})
    assert (checked.state, checked.total, counts(checked)) == ("checked", 91, (91, 0, 0, 0))
    assert importer.contacts() == []
    done = importer.run(customers)
    assert (done.state, done.done, counts(done)) == ("done", 91, (91, 0, 0, 0))
    suppliers = importer.all(NORTHWIND / "suppliers.csv", "suppliers.csv", defaults={"roles": ["supplier"]})
    shippers = importer.all(NORTHWIND / "shippers.csv", "shippers.csv", defaults={"roles": ["carrier"]})
    assert (counts(suppliers), counts(shippers)) == ((29, 0, 0, 0), (0, 6, 0, 0))  # suppliers and shippers are numbered 1, 2 ...


def test_northwind_values_arrive_as_they_were(importer: Importer) -> None:
    importer.all(NORTHWIND / "customers.csv", defaults={"roles": "customer"})
    row = importer.contacts("code, name, contact_person, job_title, street, city, region, postal_code, country, phone, fax, roles")[1]
    assert row == (
        "ANATR", "Ana Trujillo Emparedados y helados", "Ana Trujillo", "Owner", "Avda. de la Constitución 2222",
        "México D.F.", None, "05021", "MX", "(5) 555-4729", "(5) 555-3745", ["customer"],
    )  # fmt: skip
    with importer.business.acting(), unit_of_work():
        from diwan.resources import list_page

        assert [r[1] for r in list_page(contacts(), ["name"], search="trujillo").rows] == [row[1]]
    audit = importer.query("SELECT action, count(*) FROM core.audit_entry WHERE tenant_id = :t GROUP BY 1 ORDER BY 1")
    assert [tuple(a) for a in audit if a[0] in ("create", "import")] == [("create", 91), ("import", 1)]
