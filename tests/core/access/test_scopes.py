"""Grants that reach some records or fields only: the same in lists, REST, search, exports, pivots, jobs and by code."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from diwan import resources
from diwan.access import service as access
from diwan.access.models import Team, TeamMember
from diwan.access.permissions import covers, intersect
from diwan.bulk import service as bulk
from diwan.collaboration.people import readers
from diwan.db import unit_of_work
from diwan.db.context import current
from diwan.db.grants import Grant, Grants
from diwan.errors import BadRequest, Denied, Invalid, NotFound
from diwan.kit.ids import uuid7
from diwan.resources import Resource, lookup, store
from diwan.resources.aggregate import aggregate
from diwan.resources.finding import find as find_quickly
from diwan.testing.world import Business, Person, World

KEY = "contacts.contact"
BASE = f"/api/v1/{KEY.replace('.', '/')}"


def contact() -> Resource:
    found: Resource = current.lineup.resources[KEY]
    return found


def make(business: Business, person: Person | None, name: str, **values: Any) -> UUID:
    with business.acting(person), unit_of_work():
        return store.create(contact(), {"name": name, **values}).id  # type: ignore[no-any-return]


@pytest.fixture
def shop(world: World) -> Business:
    return world.business("contacts")


def names(business: Business, person: Person, **options: Any) -> list[str]:
    with business.acting(person), unit_of_work():
        return [row[1] for row in resources.list_page(contact(), ["name"], **options).rows]


# -- arithmetic --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["*", "crm.*", "crm.lead.read", "crm.lead.read:own", "crm.lead.read:crm.area",
                                  "hr.employee.read:own+salary-note", "hr.employee.update-salary"])  # fmt: skip
def test_a_grant_comes_back_as_it_was_written(text: str) -> None:
    assert str(Grant.parse(str(Grant.parse(text)))) == str(Grant.parse(text))


@pytest.mark.parametrize(
    "text", ["", "crm.*:own", "crm.lead.read:", "crm.lead.read::own", "a b", "crm.lead.read+", "*x"]
)
def test_what_is_no_grant_allows_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        Grant.parse(text)
    assert not Grants.of([text]).keys
    assert not Grants.of([text]).prefixes


@pytest.mark.parametrize(
    ("grant", "wanted", "fine"),
    [
        ("a.b.read", "a.b.read:own", True),
        ("a.b.read:own", "a.b.read", False),
        ("a.b.read:team", "a.b.read:own", True),
        ("a.b.read:own", "a.b.read:team", False),
        ("a.b.read-x", "a.b.read", False),
        ("a.b.read", "a.b.read-x", True),
        ("a.b.read", "a.b.read+secret", False),
        ("a.b.read+secret", "a.b.read", True),
        ("a.*", "a.b.read+secret", True),
        ("a.b.read:a.area", "a.b.read:own", False),
    ],
)
def test_a_grant_covers_what_is_narrower(grant: str, wanted: str, fine: bool) -> None:
    assert covers([grant], wanted) is fine


def test_a_token_gets_what_both_sides_allow() -> None:
    assert intersect(["a.b.read:own"], ["a.b.read"]) == ["a.b.read:own"]
    assert intersect(["a.b.read-x"], ["a.b.read:own-y"]) == ["a.b.read:own-x-y"]
    assert intersect(["a.b.read:a.area"], ["a.b.read:own"]) == []


# -- records -----------------------------------------------------------------------------------------------------------


def test_own_records_alone_are_there(shop: Business) -> None:
    clerk = shop.member(f"{KEY}.read:own", f"{KEY}.create", f"{KEY}.update:own")
    mine, theirs = make(shop, clerk, "Mine Ltd"), make(shop, None, "Theirs Ltd")
    assert names(shop, clerk) == ["Mine Ltd"]
    assert names(shop, clerk, search="ltd") == ["Mine Ltd"]
    assert names(shop, clerk, where=[["name", "contains", "Ltd"]]) == ["Mine Ltd"]
    with shop.acting(clerk), unit_of_work():
        assert resources.count(contact()).number == 1
        assert store.get(contact(), mine).name == "Mine Ltd"
        with pytest.raises(NotFound):
            store.get(contact(), theirs)
        with pytest.raises(NotFound):
            store.update(contact(), theirs, {"name": "Taken"})
        assert [title for _id, title in find_quickly([KEY], "ltd").get(KEY, [])] == ["Mine Ltd"]
        assert set(lookup.find_by_id(contact(), [mine, theirs])) == {mine}
        assert aggregate(contact(), ["kind"]).cells[((), ())] == (1,)
        selection = bulk.Selection(everything=True)
        assert bulk.count(contact(), selection) == 1
        assert bulk.pick(contact(), selection, 10) == [mine]


def test_reading_more_than_changing(shop: Business) -> None:
    clerk = shop.member(f"{KEY}.read", f"{KEY}.update:own", f"{KEY}.delete:own")
    theirs = make(shop, None, "Theirs Ltd")
    with shop.acting(clerk), unit_of_work():
        assert store.get(contact(), theirs).name == "Theirs Ltd"
        for act in (
            lambda: store.update(contact(), theirs, {"name": "Taken"}),
            lambda: store.archive(contact(), theirs),
            lambda: store.delete(contact(), theirs),
        ):
            with pytest.raises(Denied):
                act()
        done = bulk.apply(contact(), "edit", [theirs], {"city": "Cairo"})
        assert (done.changed, len(done.refused)) == (0, 1)
        assert bulk.apply(contact(), "delete", [theirs]).changed == 0
        assert bulk.apply(contact(), "archive", [theirs]).changed == 0
    assert names(shop, clerk) == ["Theirs Ltd"]


def test_making_only_what_one_reaches(shop: Business) -> None:
    """`create:team` without a team still reaches what is one's own; a scope that nobody knows reaches nothing."""
    clerk = shop.member(f"{KEY}.create:team", f"{KEY}.read")
    lost = shop.member(f"{KEY}.create:contacts.nowhere", f"{KEY}.read")
    assert make(shop, clerk, "Mine Ltd")
    with pytest.raises(Denied):
        make(shop, lost, "Nobody's Ltd")
    assert names(shop, clerk) == ["Mine Ltd"]


def team(business: Business, name: str, members: list[Person], manager: Person | None = None, above: Any = None) -> Any:
    with business.acting(), unit_of_work() as session:
        id = uuid7()
        path = [*(above.path if above else []), id]
        made = Team(id=id, name=name, folded=name.lower(), parent_id=above.id if above else None, path=path,
                    manager_id=manager.id if manager else None)  # fmt: skip
        session.add(made)
        session.flush()
        for person in members:
            session.add(TeamMember(tenant_id=current.tenant.id, team_id=id, user_id=person.id))
        session.flush()
        session.expunge(made)
        return made


def test_a_team_sees_what_is_its_own_and_a_manager_what_is_below(shop: Business) -> None:
    rights = (f"{KEY}.read:team", f"{KEY}.create")
    ann, bob, cleo, boss = (shop.member(*rights) for _n in range(4))
    sales = team(shop, "Sales", [boss], manager=boss)
    team(shop, "North", [ann, bob], above=sales)
    team(shop, "South", [cleo], above=sales)
    for person, name in ((ann, "Ann's"), (bob, "Bob's"), (cleo, "Cleo's")):
        make(shop, person, name)
    make(shop, None, "The owner's")
    assert names(shop, ann) == ["Ann's", "Bob's"]
    assert names(shop, cleo) == ["Cleo's"]
    assert names(shop, boss) == ["Ann's", "Bob's", "Cleo's"]


def test_roles_add_up(shop: Business) -> None:
    clerk = shop.member(f"{KEY}.read:own", f"{KEY}.read", f"{KEY}.update:own")
    theirs = make(shop, None, "Theirs Ltd")
    assert names(shop, clerk) == ["Theirs Ltd"]
    with shop.acting(clerk), unit_of_work(), pytest.raises(Denied):
        store.update(contact(), theirs, {"name": "Taken"})


def test_two_with_the_same_roles_see_their_own_each(shop: Business, world: World) -> None:
    """They share what is compiled; the person is taken when a statement runs."""
    ann, bob = shop.member(f"{KEY}.read:own", f"{KEY}.create"), shop.member(f"{KEY}.read:own", f"{KEY}.create")
    make(shop, ann, "Ann's"), make(shop, bob, "Bob's")
    other = world.business("contacts")
    eve = other.member(f"{KEY}.read:own", f"{KEY}.create")
    make(other, eve, "Eve's")
    for _again in range(2):
        assert names(shop, ann) == ["Ann's"]
        assert names(shop, bob) == ["Bob's"]
        assert names(other, eve) == ["Eve's"]


def test_programs_reach_the_same(shop: Business) -> None:
    clerk = shop.member(f"{KEY}.read:own", f"{KEY}.create", f"{KEY}.update:own", f"{KEY}.export")
    mine, theirs = make(shop, clerk, "Mine Ltd"), make(shop, None, "Theirs Ltd")
    client, head = shop.world.app.test_client(), {"Authorization": f"Bearer {shop.token(clerk)}"}

    def get(path: str) -> Any:
        return client.get(path, headers=head)

    assert [row["name"] for row in get(BASE).json["data"]] == ["Mine Ltd"]
    assert get(f"{BASE}/{mine}").status_code == 200
    assert get(f"{BASE}/{theirs}").status_code == 404
    assert client.patch(f"{BASE}/{theirs}", json={"name": "x"}, headers=head).status_code == 404
    assert "Theirs" not in get(f"{BASE}?format=csv").get_data(as_text=True)
    made = client.post(BASE, json={"name": "New", "organisation": str(theirs)}, headers=head)
    assert made.status_code == 422, "a reference to a record out of reach"


def test_screens_reach_the_same(shop: Business) -> None:
    clerk = shop.member(f"{KEY}.read:own", f"{KEY}.create", f"{KEY}.update:own")
    mine, theirs = make(shop, clerk, "Mine Ltd"), make(shop, None, "Theirs Ltd")
    client, base = shop.client(clerk), f"{shop.url}/contacts/contact"
    assert "Theirs" not in client.get(base).get_data(as_text=True)
    assert client.get(f"{base}/{mine}").status_code == 200
    for path in ("", "/around", "/around/activity", "/documents/record.pdf"):
        assert client.get(f"{base}/{theirs}{path}").status_code == 404, path
    found = client.get(f"{shop.url}/search?q=ltd").get_data(as_text=True)
    assert "Mine" in found
    assert "Theirs" not in found
    options = orjson.loads(client.get(f"{base}/options?q=ltd").data)
    assert [item["label"] for item in options["items"]] == ["Mine Ltd"]


def test_whoever_is_told_of_a_record_reaches_it(shop: Business) -> None:
    clerk, reader = shop.member(f"{KEY}.read:own", f"{KEY}.create"), shop.member(f"{KEY}.read")
    mine, theirs = make(shop, clerk, "Mine Ltd"), make(shop, None, "Theirs Ltd")
    with shop.acting(), unit_of_work():
        wanted = [clerk.id, reader.id]
        assert readers(contact(), mine, wanted) == {clerk.id, reader.id}
        assert readers(contact(), theirs, wanted) == {reader.id}


# -- fields ------------------------------------------------------------------------------------------------------------


def test_a_hidden_field_is_not_there(shop: Business) -> None:
    clerk = shop.member(f"{KEY}.read-email", f"{KEY}.update-email", f"{KEY}.create-email")
    id = make(shop, None, "Acme", email="boss@acme.example", phone="+96522212345")
    with shop.acting(clerk), unit_of_work():
        resource = contact()
        assert "email" not in resource.fields
        assert "email" in resource.whole.fields
        assert "email" not in store.values_of(resource, store.get(resource, id))
        for wrong in ({"where": [["email", "filled"]]}, {"sort": "email"}):
            with pytest.raises(BadRequest):
                resources.list_page(resource, ["name"], **wrong)
        with pytest.raises(Invalid):
            store.update(resource, id, {"email": "x@acme.example"})
        store.update(resource, id, {"city": "Cairo"})
    assert names(shop, clerk, search="boss") == [], "the words of a hidden field are not found"
    assert names(shop, clerk, search="acm") == ["Acme"]
    with shop.acting(), unit_of_work():
        stored = store.get(contact(), id)
        assert (stored.email, stored.city) == ("boss@acme.example", "Cairo")
        found = current.session.execute(text("SELECT 1 FROM core.search_entry WHERE record_id = :id AND words @@"
                                             " 'boss'::tsquery"), {"id": id})  # fmt: skip
        assert found.first() is not None, "what others find stays found"
    page = shop.client(clerk).get(f"{shop.url}/contacts/contact/{id}").get_data(as_text=True)
    assert "boss@acme" not in page
    assert "22212345" in page.replace(" ", "")


def test_a_field_that_may_be_read_but_not_written(shop: Business) -> None:
    clerk = shop.member(f"{KEY}.read", f"{KEY}.update-email")
    id = make(shop, None, "Acme", email="boss@acme.example")
    with shop.acting(clerk), unit_of_work():
        store.update(contact(), id, {"email": "boss@acme.example", "city": "Cairo"})
        with pytest.raises(Invalid):
            store.update(contact(), id, {"email": "other@acme.example"})
        done = bulk.apply(contact(), "edit", [id], {"email": "other@acme.example"})
        assert (done.changed, len(done.refused)) == (0, 1)
    client = shop.client(clerk)
    page = client.get(f"{shop.url}/contacts/contact/{id}").get_data(as_text=True)
    assert "boss@acme.example" in page


def test_a_field_that_is_read_on_own_records_only(shop: Business) -> None:
    """Two roles: everybody's records without the e-mail, own ones with it. They add up record by record."""
    clerk = shop.member(f"{KEY}.read-email", f"{KEY}.read:own", f"{KEY}.create", f"{KEY}.update-email")
    mine = make(shop, clerk, "Mine", email="mine@acme.example")
    theirs = make(shop, None, "Theirs", email="theirs@acme.example")
    with shop.acting(clerk), unit_of_work():
        resource = contact()
        rows = resources.list_page(resource, ["name", "email"]).rows
        assert [tuple(row)[1:] for row in rows] == [("Mine", "mine@acme.example"), ("Theirs", None)]
        found = resources.list_page(resource, ["name"], where=[["email", "filled"]]).rows
        assert [row[1] for row in found] == ["Mine"]
        assert store.values_of(resource, store.get(resource, mine))["email"] == "mine@acme.example"
        assert store.values_of(resource, store.get(resource, theirs))["email"] is None
        store.update(resource, theirs, {"email": None, "city": "Cairo"})  # a form sends the blank it was shown
        with pytest.raises(Invalid):
            store.update(resource, theirs, {"email": "x@acme.example"})
    with shop.acting(), unit_of_work():
        assert store.get(contact(), theirs).email == "theirs@acme.example"
    head = {"Authorization": f"Bearer {shop.token(clerk)}"}
    data = shop.world.app.test_client().get(f"{BASE}?sort=name&fields=name,email", headers=head).json["data"]
    assert [row["email"] for row in data] == ["mine@acme.example", None]


def test_code_of_modules_is_not_narrowed(shop: Business) -> None:
    """A module's own work in a request of somebody with few rights sees the business as it is."""
    clerk = shop.member(f"{KEY}.read:own-email")
    theirs = make(shop, None, "Theirs", email="theirs@acme.example")
    with shop.acting(clerk), unit_of_work():
        model = contact().model
        assert model.get(theirs).email == "theirs@acme.example"  # type: ignore[attr-defined]
        changed = store.update(contact().whole, theirs, {"city": "Cairo"})
        assert changed.city == "Cairo"


def test_a_change_of_roles_counts_at_once(shop: Business) -> None:
    """What somebody may do is kept from request to request; every change of roles makes it be read again."""
    clerk = shop.member(f"{KEY}.read:own", f"{KEY}.create")
    make(shop, None, "Theirs Ltd")
    client, url = shop.client(clerk), f"{shop.url}/contacts/contact"
    head = {"Authorization": f"Bearer {shop.token(clerk)}"}
    program = shop.world.app.test_client()
    assert "Theirs" not in client.get(url).get_data(as_text=True)
    assert program.get(BASE, headers=head).json["data"] == []
    with shop.acting(), unit_of_work():
        [role] = [r for r in access.roles() if f"{KEY}.read:own" in access.grants_by_role().get(r.id, ())]
        access.update_role(role.id, "Clerk", [f"{KEY}.read"])
    assert "Theirs" in client.get(url).get_data(as_text=True)
    assert [row["name"] for row in program.get(BASE, headers=head).json["data"]] == ["Theirs Ltd"]
    with shop.acting(), unit_of_work():
        access.update_role(role.id, "Clerk", [])
    assert client.get(url).status_code == 403
    assert program.get(BASE, headers=head).status_code == 403


def test_a_role_counts_on_its_days_only(shop: Business) -> None:
    clerk = shop.member(f"{KEY}.read")
    client, url = shop.client(clerk), f"{shop.url}/contacts/contact"
    for first, last, status in (
        ("current_date - 2", "current_date - 1", 403), ("current_date + 2", "NULL", 403),
        ("current_date - 2", "current_date + 2", 200), ("NULL", "NULL", 200),
    ):  # fmt: skip
        with shop.acting(), unit_of_work() as session:
            session.execute(text(f"UPDATE core.member_role SET valid_from = {first}, valid_to = {last} WHERE"
                                 " tenant_id = :tenant AND membership_id = (SELECT id FROM core.membership WHERE"
                                 " tenant_id = :tenant AND user_id = :user)"),
                            {"tenant": shop.tenant.id, "user": clerk.id})  # fmt: skip
        assert client.get(url).status_code == status, (first, last)
