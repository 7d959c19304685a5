"""Counts by the values of fields: totals that hold, filters that show a group's records, limits with a reason.

Numbers of several currencies and units are in the tests of those kinds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.errors import BadRequest, Refuse
from diwan.resources import Resource, aggregate, create
from diwan.resources.aggregate import dimension, filter_of, group_counts, next_span
from diwan.resources.periods import first_weekday
from diwan.testing.world import Business

ROWS = (
    {"name": "Alpha", "kind": "organisation", "country": "KW", "roles": ["customer", "supplier"]},
    {"name": "Beta", "kind": "organisation", "country": "KW", "roles": ["customer"]},
    {"name": "Gamma", "kind": "person", "country": "SA", "roles": []},
    {"name": "Delta", "kind": "person"},
)


@pytest.fixture
def contacts(business: Business) -> Iterator[Resource]:
    with business.acting():
        resource = current.lineup.resources["contacts.contact"]
        with unit_of_work():
            for row in ROWS:
                create(resource, row)
        yield resource


def test_rows_columns_and_totals(contacts: Resource) -> None:
    found = aggregate.aggregate(contacts, ["country"], ["kind"])
    assert found.cells[(("KW",), ("organisation",))] == (2,)
    assert found.cells[(("KW",), ())] == (2,)
    assert found.cells[((None,), ("person",))] == (1,)
    assert found.cells[((), ("person",))] == (2,)
    assert found.cells[((), ())] == (4,)
    assert sorted(map(str, found.keys(0))) == ["('KW',)", "('SA',)", "(None,)"]


def test_subtotals_of_two_fields_in_the_rows(contacts: Resource) -> None:
    found = aggregate.aggregate(contacts, ["kind", "country"])
    assert found.cells[(("person",), ())] == (2,)
    assert found.cells[(("person", "SA"), ())] == (1,)


def test_several_values_count_once_in_the_total(contacts: Resource) -> None:
    found = aggregate.aggregate(contacts, ["roles"], ["kind"])
    assert found.cells[(("customer",), ())] == (2,)
    assert found.cells[((None,), ())] == (2,)
    assert found.cells[((), ("organisation",))] == (2,)
    assert found.cells[((), ())] == (4,)


@pytest.mark.parametrize("span", ["day", "week", "month", "quarter", "year"])
def test_every_group_of_dates_is_shown_by_its_filter(contacts: Resource, span: str) -> None:
    subject = dimension(contacts, f"created_at:{span}")
    [group] = group_counts(contacts, subject.key)
    assert group.count == 4
    assert resources.count(contacts, filter_of(subject, group.value)).number == 4
    if span == "week":
        assert group.value.weekday() == first_weekday("KW")


@pytest.mark.parametrize("name", ["country", "kind", "roles"])
def test_every_group_is_shown_by_its_filter(contacts: Resource, name: str) -> None:
    subject = dimension(contacts, name)
    groups = group_counts(contacts, name)
    assert groups
    for group in groups:
        assert resources.count(contacts, filter_of(subject, group.value)).number == group.count


def test_filter_search_and_archive_bound_the_groups(contacts: Resource) -> None:
    with unit_of_work():
        resources.archive(contacts, resources.list_page(contacts, search="beta").rows[0][0])
    assert [g.count for g in group_counts(contacts, "country", [["country", "eq", "KW"]])] == [1]
    assert [g.value for g in group_counts(contacts, "kind", search="gamma")] == ["person"]
    assert [g.count for g in group_counts(contacts, "kind", archived=True)] == [1]


def test_choices_come_in_their_order_and_nothing_last(contacts: Resource) -> None:
    assert [g.value for g in group_counts(contacts, "kind")] == ["organisation", "person"]
    assert [g.value for g in group_counts(contacts, "country")] == ["KW", "SA", None]


def test_an_empty_list_has_a_total_of_nothing(business: Business) -> None:
    with business.acting():
        found = aggregate.aggregate(current.lineup.resources["contacts.contact"], ["kind"])
        assert found.cells == {((), ()): (0,)}


@pytest.mark.parametrize(
    ("rows", "measures"),
    [(["nothing"], ["count"]), (["note"], ["count"]), (["kind:month"], ["count"]), (["created_at:hour"], ["count"]),
     (["kind"], ["sum:name"]), (["kind"], ["drop:name"]), (["kind", "country", "language"], ["count"])],
)  # fmt: skip
def test_forged_fields_and_measures_are_refused(contacts: Resource, rows: list[str], measures: list[str]) -> None:
    with pytest.raises(BadRequest):
        aggregate.aggregate(contacts, rows, (), measures)


def test_too_many_cells_are_refused(contacts: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregate, "MOST_CELLS", 3)
    with pytest.raises(Refuse):
        aggregate.aggregate(contacts, ["country"], ["kind"])


def test_another_business_is_never_counted(contacts: Resource, other_business: Business) -> None:
    with other_business.acting():
        assert group_counts(current.lineup.resources["contacts.contact"], "kind") == []


@pytest.mark.parametrize(
    ("span", "first", "after"),
    [("day", date(2026, 12, 31), date(2027, 1, 1)), ("week", date(2026, 12, 27), date(2027, 1, 3)),
     ("month", date(2026, 12, 1), date(2027, 1, 1)), ("quarter", date(2026, 10, 1), date(2027, 1, 1)),
     ("year", date(2026, 1, 1), date(2027, 1, 1))],
)  # fmt: skip
def test_the_span_after(span: str, first: date, after: date) -> None:
    assert next_span(span, first) == after
