"""The audit log: who, what, when, in one statement; append-only; each business sees its own."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import ProgrammingError

from diwan import audit
from diwan.audit import service as log
from diwan.db import unit_of_work
from diwan.extensions import db
from diwan.testing.world import Business


def test_an_entry_knows_actor_request_and_change(business: Business) -> None:
    record = uuid4()
    before = {"amount": Decimal("1.50"), "day": date(2026, 1, 2), "who": UUID(int=1), "tags": {"a"}, "n": None}
    with business.acting(), unit_of_work():
        audit.record("update", "x.y", record, "Acme", before, {"amount": Decimal("2.00"), "on": True})
        entry = log.entries(record_id=record)[0]
    assert (entry.actor_id, entry.actor_name, entry.actor_kind) == (business.owner.id, "Test Person", "user")
    assert entry.request_id == "test"
    assert entry.title == "Acme"
    assert entry.before == {
        "amount": "1.50", "day": "2026-01-02", "who": str(UUID(int=1)), "tags": ["a"], "n": None
    }  # fmt: skip
    assert entry.after == {"amount": "2.00", "on": True}
    assert abs(entry.at - datetime.now(UTC)) < timedelta(minutes=1)


def test_many_entries_are_one_statement(business: Business) -> None:
    statements: list[str] = []

    def seen(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    with business.acting():
        engine = db.engine
        event.listen(engine, "before_cursor_execute", seen)
        try:
            with unit_of_work():
                audit.record_many(audit.Entry("create", "x.y", uuid4()) for _ in range(500))
                audit.record_many([])
                audit.record("delete", "x.z")
                assert statements == []
        finally:
            event.remove(engine, "before_cursor_execute", seen)
    assert len(statements) == 1
    with business.acting(), unit_of_work():
        assert len(log.entries(resource="x.y", limit=1000)) == 500


def test_nothing_is_recorded_without_the_commit(business: Business) -> None:
    with business.acting():
        with pytest.raises(RuntimeError), unit_of_work():
            audit.record("create", "x.y")
            raise RuntimeError
        with unit_of_work():
            assert log.entries(resource="x.y") == []


@pytest.mark.parametrize("statement", ["UPDATE core.audit_entry SET title = 'x'", "DELETE FROM core.audit_entry"])
def test_the_application_cannot_change_the_log(business: Business, statement: str) -> None:
    with business.acting():
        with unit_of_work():
            audit.record("create", "x.y")
        with pytest.raises(ProgrammingError, match="permission denied"), unit_of_work() as session:
            session.execute(text(statement))


def test_filters_and_pages(business: Business) -> None:
    other = business.member("core.audit.read")
    with business.acting(), unit_of_work():
        for number in range(5):
            audit.record("create", "x.y", title=str(number))
    with business.acting(other), unit_of_work():
        audit.record("delete", "x.z", title="5")
        assert [entry.title for entry in log.entries(limit=2)] == ["5", "4", "3"]
        last = log.entries(limit=2)[1]
        assert [entry.title for entry in log.entries(limit=2, before=last.id)] == ["3", "2", "1"]
        assert [entry.title for entry in log.entries(actor_id=other.id)] == ["5"]
        assert [entry.title for entry in log.entries(action="delete")] == ["5"]
        assert log.entries(since=datetime.now(UTC) + timedelta(hours=1)) == []
        assert len(log.entries(until=datetime.now(UTC) + timedelta(hours=1))) == 6


def test_each_business_sees_its_own(business: Business, other_business: Business) -> None:
    with business.acting(), unit_of_work():
        audit.record("create", "x.y", title="ours")
    with other_business.acting(), unit_of_work():
        assert log.entries(resource="x.y") == []
    page = other_business.client().get(f"{other_business.url}/audit").text
    assert "ours" not in page


def test_the_page_pages_and_filters(business: Business) -> None:
    with business.acting(), unit_of_work():
        audit.record_many(audit.Entry("create", "core.role", title=f"role {number:03}") for number in range(70))
    client = business.client()
    page = client.get(f"{business.url}/audit").text
    assert "role 069" in page
    assert "role 000" not in page
    older = page.split('href="' + business.url + "/audit?")[1].split('"')[0].replace("&amp;", "&")
    assert "role 000" in client.get(f"{business.url}/audit?{older}").text
    assert "role 069" not in client.get(f"{business.url}/audit?what=core.tenant").text
    for odd in ("?who=x", "?from=never", "?before=1", "?to=2026-99-99", "?record='"):
        assert client.get(f"{business.url}/audit{odd}").status_code == 200
