"""Teams: a tree without rings, with people and a manager."""

from __future__ import annotations

import pytest

from diwan.access import teams
from diwan.db import unit_of_work
from diwan.errors import Invalid, NotFound, Refuse, Stale
from diwan.kit.ids import uuid7
from diwan.testing.world import Business, World


def test_a_tree_in_order(business: Business) -> None:
    ann = business.member()
    with business.acting(), unit_of_work():
        sales = teams.create_team("Sales", manager=business.owner.id)
        teams.create_team("South", [ann.id], parent=sales.id)
        teams.create_team("North", parent=sales.id)
        teams.create_team("Accounting")
        shown = [(line.team.name, line.depth, line.people) for line in teams.lines()]
        assert shown == [("Accounting", 0, 0), ("Sales", 0, 0), ("North", 1, 0), ("South", 1, 1)]
        assert [team.name for team in teams.teams_of(ann.id)] == ["South"]
        assert [team.name for team in teams.teams_of(business.owner.id)] == ["Sales"]


def test_what_is_below_moves_along_and_no_ring_closes(business: Business) -> None:
    with business.acting(), unit_of_work():
        one = teams.create_team("One")
        two = teams.create_team("Two", parent=one.id)
        three = teams.create_team("Three", parent=two.id)
        other = teams.create_team("Other")
        teams.update_team(two.id, "Two", [], None, other.id)
        assert teams.find_team(three.id).path == [other.id, two.id, three.id]
        for below in (two.id, three.id):
            with pytest.raises(Invalid):
                teams.update_team(two.id, "Two", [], None, below)
        with pytest.raises(Refuse):
            teams.delete_team(two.id)
        teams.delete_team(three.id)
        teams.delete_team(two.id)
        with pytest.raises(NotFound):
            teams.find_team(two.id)


def test_bad_input(business: Business, world: World) -> None:
    stranger = world.business().owner
    with business.acting(), unit_of_work():
        team = teams.create_team("Sales")
        for wrong in ("", " ", "x" * 81, "SALES"):
            with pytest.raises(Invalid):
                teams.create_team(wrong)
        with pytest.raises(Invalid):
            teams.create_team("North", [stranger.id])
        with pytest.raises(Invalid):
            teams.create_team("North", manager=stranger.id)
        with pytest.raises(NotFound):
            teams.create_team("North", parent=uuid7())
        with pytest.raises(Stale):
            teams.update_team(team.id, "Sales", [], None, None, version=7)


def test_another_business_has_no_such_team(business: Business, world: World) -> None:
    with business.acting(), unit_of_work():
        team = teams.create_team("Sales")
    other = world.business()
    with other.acting(), unit_of_work():
        assert teams.lines() == []
        with pytest.raises(NotFound):
            teams.update_team(team.id, "Mine", [], None, None)
