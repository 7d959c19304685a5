"""Numbers that records draw: in order, without gaps, anew each year, alone and in bulk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from diwan.db import current, unit_of_work
from diwan.errors import Invalid
from diwan.resources import sequences, store
from diwan.resources.bulk import create_many
from diwan.testing.world import Business, World


@pytest.fixture
def kitchen(world: World) -> Business:
    return world.business("kitchen")


@pytest.fixture
def orders(kitchen: Business) -> Iterator[Any]:
    with kitchen.acting(), unit_of_work():
        yield current.lineup.resources["kitchen.order"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    def at(moment: datetime) -> None:
        monkeypatch.setattr(sequences, "now", lambda: moment)

    at(datetime(2026, 11, 24, tzinfo=UTC))
    return at


def test_one_after_another_and_anew_each_year(orders: Any, clock: Any) -> None:
    assert [store.create(orders, {"subject": "A"}).number for _n in range(2)] == ["O-2026-0001", "O-2026-0002"]
    made = create_many(orders, [{"subject": str(n)} for n in range(3)])
    numbers = [store.get(orders, outcome.id).number for outcome in made]  # type: ignore[union-attr]
    assert numbers == ["O-2026-0003", "O-2026-0004", "O-2026-0005"]
    clock(datetime(2026, 12, 31, 22, tzinfo=UTC))  # new year in Kuwait
    assert store.create(orders, {"subject": "A"}).number == "O-2027-0001"


def test_a_number_that_was_not_used_comes_again(kitchen: Business, clock: Any) -> None:
    for _attempt in range(2):
        with kitchen.acting(), pytest.raises(ZeroDivisionError), unit_of_work():
            made = store.create(current.lineup.resources["kitchen.order"], {"subject": "A"})
            assert made.number == "O-2026-0001"
            raise ZeroDivisionError


def test_people_cannot_write_it(orders: Any) -> None:
    with pytest.raises(Invalid) as caught:
        store.create(orders, {"subject": "A", "number": "O-1"})
    assert set(caught.value.errors) == {"number"}


def test_a_business_has_its_own_pattern(orders: Any, clock: Any) -> None:
    sequences.set_pattern(orders, "number", "{year}{month}/{n}")
    assert sequences.get_pattern(orders, "number") == "{year}{month}/{n}"
    assert store.create(orders, {"subject": "A"}).number == "202611/1"
    sequences.set_pattern(orders, "number", "B{n:03}")
    assert store.create(orders, {"subject": "A"}).number == "B001"
    for wrong in ("", "no number", "{n", "{n.__class__}", "{n!r}", "{n:x}", "{name}{n}", "{month}{n}", "{n}" * 30):
        with pytest.raises(Invalid):
            sequences.set_pattern(orders, "number", wrong)
    with pytest.raises(Invalid):
        sequences.set_pattern(orders, "subject", "{n}")


def test_a_life_cycle_may_draw_later(orders: Any, clock: Any) -> None:
    made = store.create(orders, {"subject": "A"})
    assert sequences.draw(orders, made, "number") == made.number == "O-2026-0001"
    made.number = ""
    assert sequences.draw(orders, made, "number") == "O-2026-0002"


def test_neighbours_count_for_themselves(orders: Any, other_business: Business, world: World, clock: Any) -> None:
    store.create(orders, {"subject": "A"})
    neighbour = world.business("kitchen")
    with neighbour.acting():
        made = store.create(current.lineup.resources["kitchen.order"], {"subject": "A"})
        assert made.number == "O-2026-0001"
        current.session.rollback()
