"""Entries wait for the commit: savepoints, readers in the same transaction, long transactions, other businesses."""

from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select, text

from diwan import audit
from diwan.audit import service as log
from diwan.audit import waiting
from diwan.audit.models import AuditEntry
from diwan.db import current, scope, unit_of_work
from diwan.testing.world import Business


def titles(business: Business) -> list[str]:
    """Return what the log of a business says of our resource, oldest first."""
    with business.acting(), unit_of_work():
        return [entry.title for entry in reversed(log.entries(resource="x.y", limit=100_000))]


def note(title: str) -> None:
    audit.record("create", "x.y", title=title)


class Broken(Exception):
    """What goes wrong in a savepoint."""


def savepoint(*steps: Any, fails: bool) -> None:
    with suppress(Broken), current.session.begin_nested():
        for step in steps:
            step()
        if fails:
            raise Broken


@pytest.mark.parametrize("reads", [False, True])
@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        (False, False, ["1", "2", "3", "4", "5"]),
        (True, False, ["1", "2", "4", "5"]),
        (False, True, ["1", "5"]),
        (True, True, ["1", "5"]),
    ],
)
def test_a_savepoint_takes_its_entries_along(
    business: Business, inner: bool, outer: bool, expected: list[str], reads: bool
) -> None:
    def look() -> None:
        if reads:  # what waits is written then, in the savepoint
            log.entries()

    def within() -> None:
        savepoint(lambda: note("3"), look, fails=inner)

    with business.acting(), unit_of_work():
        note("1")
        savepoint(lambda: note("2"), within, lambda: note("4"), look, fails=outer)
        note("5")
    assert titles(business) == expected


def test_a_savepoint_without_entries_before_it(business: Business) -> None:
    with business.acting(), unit_of_work():
        savepoint(lambda: note("gone"), fails=True)
    assert titles(business) == []


def test_who_reads_in_the_transaction_finds_its_entries(business: Business) -> None:
    with business.acting(), unit_of_work() as session:
        note("one")
        assert session.scalars(select(AuditEntry.title).where(AuditEntry.resource == "x.y")).all() == ["one"]
        note("two")
        count = session.execute(text("SELECT count(*) FROM core.audit_entry WHERE resource = 'x.y'"))
        assert count.scalar() == 2
    assert titles(business) == ["one", "two"]


def test_a_rollback_forgets_also_what_waited_before_any_statement(business: Business) -> None:
    with business.acting():
        note("gone")
        current.session.rollback()
        with unit_of_work():
            note("kept")
    assert titles(business) == ["kept"]


def test_what_changes_later_does_not_change_the_entry(business: Business) -> None:
    values = {"a": 1, "list": ["x"]}
    with business.acting(), unit_of_work():
        audit.record("update", "x.y", title="frozen", after=values)
        values["a"] = 2
        values["list"].append("y")  # type: ignore[attr-defined]
    with business.acting(), unit_of_work():
        assert log.entries(resource="x.y")[0].after == {"a": 1, "list": ["x"]}


def test_a_very_long_transaction_is_written_in_parts(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST", 30)
    monkeypatch.setattr(waiting, "BATCH", 25)
    with business.acting(), unit_of_work():
        for number in range(4):
            audit.record_many(audit.Entry("create", "x.y", uuid4(), f"{number}-{n:02}") for n in range(25))
        assert len(waiting.waiting().rows) < 100
    assert titles(business) == [f"{number}-{n:02}" for number in range(4) for n in range(25)]


def test_an_entry_for_each_business_of_a_person(app: Flask, business: Business, other_business: Business) -> None:
    with app.app_context(), scope(user=business.owner.actor), unit_of_work():
        audit.record_everywhere(business.owner.id, audit.Entry("password_changed", "core.member", title="Somebody"))
    for found, expected in ((business, 1), (other_business, 0)):
        with found.acting(), unit_of_work():
            assert len(log.entries(action="password_changed")) == expected


def test_odd_values_become_json(business: Business) -> None:
    odd = {"big": 2**80, "set": {"a"}, "bytes": b"x", 5: "number", "zero": "a\x00b", "half": "\ud800"}
    with business.acting(), unit_of_work():
        audit.record("update", "x.y", after=odd)
    with business.acting(), unit_of_work():
        found = log.entries(resource="x.y")[0].after
    assert found == {
        "big": 2**80, "set": ["a"], "bytes": "b'x'", "5": "number", "zero": "a\ufffdb", "half": "?",
    }  # fmt: skip
