"""Teams on the screen: the tree, forms that keep what was typed, who may look and who may change."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest

from diwan.access import teams
from diwan.audit import service as audit
from diwan.db import unit_of_work
from diwan.testing.world import Business, Person, World


def make(business: Business, name: str, *people: Person, **more: Any) -> UUID:
    with business.acting(), unit_of_work():
        return teams.create_team(name, [person.id for person in people], **more).id


def stored(business: Business, id: UUID) -> Any:
    with business.acting(), unit_of_work() as session:
        team = teams.find_team(id)
        session.expunge(team)
        return team


def test_a_team_is_made_changed_and_deleted(business: Business) -> None:
    client, ann, bob = business.client(), business.member(), business.member()
    place = f"{business.url}/people/teams"
    assert "No teams yet" in client.get(place).text
    top = make(business, "Sales")
    form = {
        "name": " North  West ",
        "manager": str(ann.id),
        "parent": str(top),
        "people": [str(ann.id), str(bob.id), ""],
    }
    assert client.post(f"{place}/new", data=form).status_code == 303
    page = client.get(place).text
    assert page.index("Sales") < page.index("North West")
    assert "Led by Test Person" in page
    assert "2 people" in page
    with business.acting(), unit_of_work():
        made = next(line.team for line in teams.lines() if line.team.name == "North West")
        id = made.id
        entry = next(entry for entry in audit.entries() if entry.resource == "core.team" and entry.record_id == id)
        assert entry.after["people"] == ["Test Person", "Test Person"]
        assert entry.after["parent"] == "Sales"
    form = client.get(f"{place}/{id}").text
    assert f'value="{ann.id}" checked' in form
    changed = {"name": "North", "manager": "", "parent": "", "people": str(bob.id), "version": "1"}
    assert client.post(f"{place}/{id}", data=changed).status_code == 303
    team = stored(business, id)
    assert (team.name, team.manager_id, team.parent_id) == ("North", None, None)
    assert client.post(f"{place}/{id}/delete").status_code == 303
    assert f"teams/{id}" not in client.get(place).text


@pytest.mark.parametrize(("form", "said"), [
    ({"name": ""}, "Enter a name"), ({"name": "Sales"}, "a team of this name"),
    ({"name": "East", "people": "not an id"}, "Choose people who work here"),
    ({"name": "East", "people": str(uuid4())}, "Choose people who work here"),
    ({"name": "East", "manager": str(uuid4())}, "Choose somebody who works here"),
    ({"name": "East", "parent": str(uuid4())}, "no such team"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(business: Business, form: dict[str, str], said: str) -> None:
    make(business, "Sales")
    answer = business.client().post(f"{business.url}/people/teams/new", data=form)
    assert answer.status_code in (404, 422)
    assert said in unescape(answer.text)
    with business.acting(), unit_of_work():
        assert len(teams.lines()) == 1


def test_who_comes_second_is_told_what_is_stored_and_may_save_over_it(business: Business) -> None:
    client, ann = business.client(), business.member()
    id = make(business, "Sales")
    place = f"{business.url}/people/teams/{id}"
    assert client.post(place, data={"name": "Selling", "version": "1"}).status_code == 303
    answer = client.post(place, data={"name": "Sales people", "people": str(ann.id), "version": "1"})
    assert answer.status_code == 409
    assert "<bdi>Selling</bdi>" in answer.text
    assert 'value="Sales people"' in answer.text
    assert f'value="{ann.id}" checked' in answer.text
    version = re.search(r'name="version" value="(\d+)"', answer.text)[1]  # type: ignore[index]
    assert client.post(place, data={"name": "Sales people", "version": version}).status_code == 303
    assert stored(business, id).name == "Sales people"


def test_a_team_below_is_not_offered_as_the_one_above(business: Business) -> None:
    one = make(business, "One")
    two = make(business, "Two", parent=one)
    client = business.client()
    page = client.get(f"{business.url}/people/teams/{one}").text
    assert f'<option value="{two}"' not in page
    assert client.post(f"{business.url}/people/teams/{one}/delete").status_code == 303
    assert stored(business, one).name == "One"


def test_who_sees_colleagues_sees_teams_and_changes_none(business: Business, world: World) -> None:
    id = make(business, "Sales", business.owner)
    reader, place = business.client(business.member("core.member.read")), f"{business.url}/people/teams"
    assert "Sales" in reader.get(place).text
    page = reader.get(f"{place}/{id}").text
    assert business.owner.email in page
    assert "<form" not in page.partition("<main")[2].partition("</main>")[0]
    assert reader.get(f"{place}/new").status_code == 403
    for address in (f"{place}/new", f"{place}/{id}", f"{place}/{id}/delete"):
        assert reader.post(address, data={"name": "Mine"}).status_code == 403
    assert business.client(business.member()).get(place).status_code == 403
    keeper = business.client(business.member("core.member.read", "core.team.update"))
    assert keeper.post(f"{place}/{id}", data={"name": "Selling", "version": "1"}).status_code == 303
    other = world.business("contacts")
    for method in ("get", "post"):
        assert getattr(other.client(), method)(f"{other.url}/people/teams/{id}").status_code == 404
    assert other.client().post(f"{other.url}/people/teams/{id}/delete").status_code == 404


def test_the_tree_takes_as_many_statements_as_a_single_team(
    business: Business, statements: Callable[[Callable[[], Any]], int]
) -> None:
    client, place = business.client(), f"{business.url}/people/teams"
    make(business, "One", business.owner, manager=business.owner.id)
    client.get(place)
    few = statements(lambda: client.get(place))
    for number in range(4):
        make(business, f"Team {number}", business.member(), manager=business.member().id)
    assert statements(lambda: client.get(place)) == few
