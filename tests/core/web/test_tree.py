"""Trees: level by level, found records with what is above them, and no record below itself.

The browser's part (keys, dragging) is in tests/browser.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.world import World


class Desk:
    """A business with orders three levels deep: a › b › c, and d beside them."""

    def __init__(self, business: Any) -> None:
        self.business, self.client = business, business.client()
        self.base = f"{business.url}/kitchen/order"
        self.ids: dict[str, Any] = {}
        for name, parent in (("a", ""), ("b", "a"), ("c", "b"), ("d", "")):
            self.add(name, parent)

    def add(self, name: str, parent: str = "") -> None:
        with self.business.acting(), unit_of_work():
            raw = {"subject": f"Order {name}", **({"parent": self.ids[parent]} if parent else {})}
            self.ids[name] = resources.create(current.lineup.resources["kitchen.order"], raw).id

    def names(self, html: str) -> list[str]:
        """The names of the records shown, each with its level."""
        found = re.findall(r'data-node="([^"]+)"', html)
        levels = re.findall(r'aria-level="(\d+)"', html)
        known = {str(id): name for name, id in self.ids.items()}
        return [f"{level}{known[id]}" for id, level in zip(found, levels, strict=True)]

    def move(self, name: str, parent: str, client: Any = None) -> Any:
        form = {"shape": "tree", "parent": str(self.ids[parent]) if parent in self.ids else parent, "version": "1"}
        return (client or self.client).post(
            f"{self.base}/{self.ids[name]}/move", data=form, headers={"Accept": "application/json"}
        )

    def parent(self, name: str) -> Any:
        with self.business.acting():
            return resources.get(current.lineup.resources["kitchen.order"], self.ids[name]).parent


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world.business("kitchen"))


def test_the_first_level_says_how_many_are_below(desk: Desk) -> None:
    html = desk.client.get(f"{desk.base}?as=tree").text
    assert sorted(desk.names(html)) == ["1a", "1d"]
    assert html.count('aria-expanded="false" aria-owns') == 1


def test_a_branch_is_loaded_on_its_own(desk: Desk) -> None:
    html = desk.client.get(f"{desk.base}/branches?of={desk.ids['a']}&level=2").text
    assert desk.names(html) == ["2b"]
    assert "<html" not in html


def test_a_search_shows_what_is_above(desk: Desk) -> None:
    html = desk.client.get(f"{desk.base}?as=tree&q=Order+c").text
    assert desk.names(html) == ["1a", "2b", "3c"]
    assert html.count("tree-node passage") == 2


def test_a_record_moves_and_goes_back(desk: Desk) -> None:
    answer = desk.move("d", "c")
    assert answer.status_code == 200, answer.text
    assert desk.parent("d") == desk.ids["c"]
    desk.client.post(answer.json["undo"])
    assert desk.parent("d") is None


def test_a_record_moves_to_the_first_level(desk: Desk) -> None:
    assert desk.move("c", "").status_code == 200
    assert desk.parent("c") is None


@pytest.mark.parametrize("below", ["a", "b", "c"])
def test_no_record_stands_below_itself(desk: Desk, below: str) -> None:
    answer = desk.move("a", below)
    assert answer.status_code == 422
    assert "below itself" in answer.json["error"]
    assert desk.parent("a") is None


@pytest.mark.parametrize("parent", ["nonsense", "01a20d25-1d34-763d-8259-cf61167090b9"])
def test_a_parent_that_is_not_there(desk: Desk, parent: str) -> None:
    assert desk.move("d", parent).status_code == 404


def test_who_may_only_read_moves_nothing(desk: Desk) -> None:
    reader = desk.business.client(desk.business.member("kitchen.order.read"))
    assert desk.move("d", "a", reader).status_code == 403
    assert "data-movable" not in reader.get(f"{desk.base}?as=tree").text


@pytest.mark.parametrize("query", ["of=nonsense", "of=1&level=x", "cursor=forged"])
def test_forged_branches_are_refused(desk: Desk, query: str) -> None:
    assert desk.client.get(f"{desk.base}/branches?{query}").status_code == 400


def test_a_cycle_in_the_data_does_not_trap_a_search(desk: Desk) -> None:
    with desk.business.acting(), unit_of_work():
        resources.update(current.lineup.resources["kitchen.order"], desk.ids["a"], {"parent": desk.ids["c"]})
    assert desk.client.get(f"{desk.base}?as=tree&q=Order+c").status_code == 200


def test_the_number_of_statements_does_not_grow(desk: Desk, statements: Any) -> None:
    desk.client.get(f"{desk.base}?as=tree")
    few = statements(lambda: desk.client.get(f"{desk.base}?as=tree"))
    for number in range(12):
        desk.add(f"x{number}", "d" if number % 2 else "")
    assert statements(lambda: desk.client.get(f"{desk.base}?as=tree")) == few


def test_archived_records_are_not_below(desk: Desk) -> None:
    with desk.business.acting(), unit_of_work():
        resources.archive(current.lineup.resources["kitchen.order"], desk.ids["b"])
    assert desk.names(desk.client.get(f"{desk.base}/branches?of={desk.ids['a']}&level=2").text) == []
