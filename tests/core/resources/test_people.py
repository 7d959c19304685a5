"""References to colleagues: whose a record is, chosen, filtered, imported and shown by name."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from diwan import resources
from diwan.db import unit_of_work
from diwan.db.context import current
from diwan.errors import Denied, Invalid, NotFound
from diwan.resources import Resource, lookup, people, search, store
from diwan.testing.world import Business, Person, World
from diwan.users.models import User

LEAD = "shop.lead"


@pytest.fixture
def shop(world: World) -> Business:
    return world.business("shop")


def lead() -> Resource:
    found: Resource = current.lineup.resources[LEAD]
    return found


def make(business: Business, person: Person | None, name: str, **values: Any) -> UUID:
    with business.acting(person), unit_of_work():
        return store.create(lead(), {"name": name, **values}).id  # type: ignore[no-any-return]


def test_a_new_record_is_of_whoever_makes_it_and_can_be_anothers(shop: Business) -> None:
    ann = shop.member(f"{LEAD}.*", "core.member.read")
    mine, hers = make(shop, None, "Mine"), make(shop, None, "Hers", seller=str(ann.id))
    with shop.acting(), unit_of_work():
        assert store.get(lead(), mine).seller == shop.owner.id
        assert store.get(lead(), hers).seller == ann.id
        found = resources.list_page(lead(), ["name"], where=[["seller", "eq", "me"]])
        assert [row[1] for row in found.rows] == ["Mine"]
    with shop.acting(ann), unit_of_work():
        found = resources.list_page(lead(), ["name"], where=[["seller", "eq", "me"]])
        assert [row[1] for row in found.rows] == ["Hers"]


def test_only_people_who_work_here(shop: Business, world: World) -> None:
    stranger = world.business("shop").owner
    for wrong in (stranger.id, uuid4()):
        with pytest.raises(Invalid) as caught:
            make(shop, None, "Nobody's", seller=str(wrong))
        assert "seller" in caught.value.errors


def test_own_leads_follow_the_salesperson(shop: Business) -> None:
    """Not who wrote a lead down counts, but whose it is; giving it away takes it out of reach."""
    ann = shop.member(f"{LEAD}.read:own", f"{LEAD}.update:own", f"{LEAD}.create")
    given = make(shop, None, "Given to Ann", seller=str(ann.id))
    client = shop.client(ann)
    assert client.get(f"{shop.url}/shop/lead/{given}").status_code == 200
    with shop.acting(ann), unit_of_work():
        store.update(lead(), given, {"seller": str(shop.owner.id)})
    assert client.get(f"{shop.url}/shop/lead/{given}").status_code == 404


def test_names_come_from_the_account_and_need_no_entry(shop: Business) -> None:
    id = make(shop, None, "Mine")
    with shop.acting(), unit_of_work() as session:
        session.get_one(User, shop.owner.id).name = "Émile Haddad"
    with shop.acting(), unit_of_work():
        assert search.titles(people.KEY, [shop.owner.id, uuid4()]) == {shop.owner.id: "Émile Haddad"}
        found = lookup.resolve_references(lead().fields["seller"], {"emile haddad", shop.owner.email, "nobody"})
        assert found["emile haddad"] == found[shop.owner.email] == shop.owner.id
        assert not isinstance(found["nobody"], UUID)
    page = shop.client().get(f"{shop.url}/shop/lead/{id}").get_data(as_text=True)
    assert "Émile Haddad" in page


def test_pickers_offer_colleagues_to_who_may_see_them(shop: Business) -> None:
    ann = shop.member("core.member.read", f"{LEAD}.*")
    answer = shop.client(ann).get(f"{shop.url}/core/person/options?q=")
    assert {item["id"] for item in orjson.loads(answer.data)["items"]} >= {str(ann.id), str(shop.owner.id)}
    blind = shop.member(f"{LEAD}.*")
    assert shop.client(blind).get(f"{shop.url}/core/person/options?q=").status_code == 403


def test_colleagues_can_be_read_and_nothing_else(shop: Business) -> None:
    client, head = shop.world.app.test_client(), {"Authorization": f"Bearer {shop.token()}"}
    listed = client.get("/api/v1/core/person", headers=head)
    assert [row["name"] for row in listed.json["data"]] == [shop.owner.name]
    id = shop.owner.id
    assert client.post("/api/v1/core/person", json={"name": "x"}, headers=head).status_code == 404
    assert client.patch(f"/api/v1/core/person/{id}", json={"name": "x"}, headers=head).status_code == 404
    assert client.delete(f"/api/v1/core/person/{id}", headers=head).status_code == 404
    web = shop.client()
    for path in ("", "/new", f"/{id}", "/export", "/import"):
        assert web.get(f"{shop.url}/core/person{path}").status_code == 404, path
    with shop.acting(), unit_of_work(), pytest.raises((NotFound, Denied)):
        people.PERSON.require("delete")


def test_expanded_by_programs(shop: Business) -> None:
    make(shop, None, "Mine")
    head = {"Authorization": f"Bearer {shop.token()}"}
    found = shop.world.app.test_client().get("/api/v1/shop/lead?expand=seller", headers=head).json["data"]
    assert found[0]["seller"]["email"] == shop.owner.email
