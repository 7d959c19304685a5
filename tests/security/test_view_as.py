"""Looking at the business as a colleague: who may, that nothing can be done meanwhile, and that it is written down."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from diwan import collaboration, resources
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.testing.browsing import signed_in
from diwan.testing.world import Business, Person, World

ADMIN = ("core.role.update", "core.member.update", "core.member.read", "shop.*")


@pytest.fixture
def shop(world: World) -> Business:
    return world.business("shop")


@pytest.fixture
def seller(shop: Business) -> Person:
    return shop.member("shop.lead.read:own", "shop.lead.update:own", "shop.lead.export:own", "core.member.read")


def looking(shop: Business, person: Person, viewer: Person | None = None) -> FlaskClient:
    client = shop.client(viewer)
    assert client.post(f"{shop.url}/viewing/{person.id}").status_code == 303
    return client


def entries(shop: Business) -> list[tuple[str, str, dict[str, str]]]:
    with shop.acting(), unit_of_work() as session:
        rows = session.execute(
            text("SELECT action, actor_id, after FROM core.audit_entry WHERE action = 'viewed_as' ORDER BY id")
        ).all()
        return [(row.action, row.actor_id, row.after) for row in rows]


def leads(shop: Business, seller: Person) -> list[UUID]:
    made = []
    for person in (shop.owner, seller):
        maker = Person(person.id, person.email, person.name, ("shop.*",))
        with shop.acting(maker), unit_of_work():
            made.append(resources.create(current.lineup.resources["shop.lead"], {"name": f"Of {person.email}"}).id)
    return made


def test_it_is_their_view(shop: Business, seller: Person) -> None:
    theirs, own = leads(shop, seller)
    client = looking(shop, seller, shop.member(*ADMIN))
    page = client.get(f"{shop.url}/shop/lead")
    assert f"You see this as {seller.name} sees it" in page.text
    assert f"Of {seller.email}" in page.text
    assert f"Of {shop.owner.email}" not in page.text
    assert client.get(f"{shop.url}/shop/lead/{own}").status_code == 200
    assert client.get(f"{shop.url}/shop/lead/{theirs}").status_code == 404
    assert client.get(f"{shop.url}/people/roles/new").status_code == 403


def test_nothing_can_be_done(shop: Business, seller: Person) -> None:
    _theirs, own = leads(shop, seller)
    client = looking(shop, seller)
    record = f"{shop.url}/shop/lead/{own}"
    for method, path in (
        ("POST", record), ("POST", f"{record}/archive"), ("POST", f"{shop.url}/people/invitations"),
        ("POST", f"{shop.url}/preferences/look"), ("POST", f"{shop.url}/viewing/{shop.owner.id}"),
    ):  # fmt: skip
        answer = client.open(path, method=method, data={"name": "Changed"})
        assert answer.status_code == 403, path
        assert "nothing can be changed" in answer.text
    for path in ("/shop/lead/export", f"/shop/lead/{own}/documents/record.pdf"):
        assert client.get(f"{shop.url}{path}").status_code == 403, path
    with shop.acting(), unit_of_work():
        assert resources.get(current.lineup.resources["shop.lead"], own).name == f"Of {seller.email}"


def test_it_leaves_no_trace_in_their_name(shop: Business, seller: Person) -> None:
    _theirs, own = leads(shop, seller)
    client = looking(shop, seller)
    assert client.get(f"{shop.url}/shop/lead/{own}").status_code == 200
    assert client.get(f"{shop.url}/shop/lead/{own}/around", headers={"HX-Request": "true"}).status_code in (200, 404)
    assert client.get(shop.url).status_code == 200
    with shop.acting(seller), unit_of_work() as session:
        assert not collaboration.recent(10)
        done = session.scalar(text("SELECT count(*) FROM core.audit_entry WHERE actor_id = :id"), {"id": seller.id})
        assert done == 1  # the lead that the seller made


def test_begin_and_end_are_written_down(shop: Business, seller: Person) -> None:
    client = looking(shop, seller)
    answer = client.post(f"{shop.url}/viewing/leave")
    assert answer.status_code == 303
    assert "You see this as" not in client.get(shop.url).text
    (_, first, begun), (_, second, ended) = entries(shop)
    assert first == second == shop.owner.id
    assert "until" in begun
    assert "ended" in ended
    assert "looked at the business as" in client.get(f"{shop.url}/audit").text


@pytest.mark.parametrize("missing", ["core.role.update", "core.member.update", "shop.*"])
def test_who_may_not_look(shop: Business, seller: Person, missing: str) -> None:
    viewer = shop.member(*(grant for grant in ADMIN if grant != missing))
    client = shop.client(viewer)
    assert client.post(f"{shop.url}/viewing/{seller.id}").status_code == 403
    assert not entries(shop)


def test_whose_own_records_are_others_may_not_look(shop: Business, seller: Person) -> None:
    """Both may read their own leads; looking as the seller would show the seller's."""
    viewer = shop.member(*ADMIN[:3], "shop.lead.read:own", "shop.lead.update:own", "shop.lead.export:own")
    assert shop.client(viewer).post(f"{shop.url}/viewing/{seller.id}").status_code == 403


def test_nobody_looks_as_an_owner_as_themselves_or_as_a_stranger(shop: Business, world: World) -> None:
    admin, stranger = shop.member("*"), world.business("shop").owner
    client = shop.client(admin)
    assert client.post(f"{shop.url}/viewing/{shop.owner.id}").status_code == 403
    for id in (admin.id, stranger.id, uuid4()):
        assert client.post(f"{shop.url}/viewing/{id}").status_code == 404
    assert looking(shop, admin).get(shop.url).status_code == 200
    with shop.acting(), unit_of_work() as session:
        session.execute(text("UPDATE core.membership SET state = 'disabled' WHERE user_id = :id"), {"id": admin.id})
    assert shop.client().post(f"{shop.url}/viewing/{admin.id}").status_code == 404


def test_it_ends_after_an_hour_and_with_the_right(shop: Business, seller: Person) -> None:
    with shop.acting(), unit_of_work() as session:
        member = session.scalar(text("SELECT id FROM core.membership WHERE user_id = :id"), {"id": seller.id})
    stored = {"tenant": shop.tenant.id, "person": str(seller.id), "member": str(member), "name": seller.name}
    over = {**stored, "until": (now() - timedelta(seconds=1)).isoformat()}
    client = signed_in(shop.world.app, shop.owner, **{"as": over})
    # A form of that page is not sent in one's own name.
    assert client.post(f"{shop.url}/preferences/look", data={}).status_code == 403
    page = client.get(f"{shop.url}/shop/lead")
    assert "You see this as" not in page.text
    assert "The hour is over" in page.text
    assert len(entries(shop)) == 1
    later = {**stored, "until": (now() + timedelta(minutes=5)).isoformat()}
    poor = shop.member("core.member.update", "shop.*")
    client = signed_in(shop.world.app, poor, **{"as": later})
    assert "You see this as" not in client.get(f"{shop.url}/shop/lead").text


def test_another_business_is_not_touched(shop: Business, seller: Person, world: World) -> None:
    other = world.business("shop")
    client = looking(shop, seller)
    assert client.get(other.url).status_code == 404
