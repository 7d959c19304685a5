"""Somebody leaves: out at once, tokens ended, what was theirs given away, at once or by a job; later, too."""

from __future__ import annotations

from html import unescape
from uuid import UUID, uuid4

import pytest
from flask import Flask

from diwan import collaboration, jobs, notifications
from diwan.access import teams
from diwan.audit import service as audit
from diwan.bulk import handing_over
from diwan.collaboration import handover
from diwan.db import current, unit_of_work
from diwan.errors import Denied
from diwan.resources.bulk import create_many
from diwan.tenants import people
from diwan.testing.world import Business, Person, World


@pytest.fixture
def shop(world: World) -> Business:
    return world.business("shop")


def leads(business: Business, person: Person, number: int) -> None:
    with business.acting(person), unit_of_work():
        resource = current.lineup.whole.resources["shop.lead"]
        create_many(resource, [{"name": f"Lead {n}", "seller": person.id} for n in range(number)])


def membership(business: Business, person: Person) -> UUID:
    with business.acting(), unit_of_work():
        return next(member.id for member in people.members() if member.user_id == person.id)


def state(business: Business, person: Person) -> str:
    with business.acting(), unit_of_work():
        return next(member.state for member in people.members() if member.user_id == person.id)


def left(business: Business, person: Person) -> int:
    with business.acting(), unit_of_work():
        return handover.belongings(person.id).total


def told(business: Business, person: Person) -> list[str]:
    with business.acting(person), unit_of_work():
        return [f"{n.title} {n.body}" for n in notifications.latest() if n.kind == handing_over.KIND]


def acts(business: Business) -> int:
    with business.acting(), unit_of_work():
        found = [e for e in audit.entries() if (e.action, e.resource) == ("handed_over", "core.member")]
        return len(found)


def test_out_at_once_and_all_that_was_theirs_is_given(app: Flask, shop: Business) -> None:
    ann, bob = shop.member("shop.*", "core.member.read", "core.token.manage"), shop.member("shop.*", "core.member.read")
    leads(shop, ann, 3)
    token, client = shop.token(ann), shop.client(ann)
    with shop.acting(), unit_of_work():
        collaboration.create_task("Call", assignee_id=ann.id)
        teams.create_team("North", [ann.id], manager=ann.id)
    place, admin = f"{shop.url}/people/{membership(shop, ann)}/leaving", shop.client()
    page = unescape(admin.get(place).text)
    for said in ("Leads", "Salesperson", "Open tasks", "Teams led", "North", "API tokens here end"):
        assert said in page
    href = page.partition(f'href="{shop.url}/shop/lead?')[2].partition('"')[0]
    assert admin.get(f"{shop.url}/shop/lead?{href}").text.count("<tr data-row") == 3
    assert admin.post(place, data={"what": "give", "heir": str(bob.id)}).status_code == 303
    assert client.get(shop.url).status_code == 404
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/v1/", headers=headers).status_code == 401
    assert (state(shop, ann), left(shop, ann), left(shop, bob)) == ("disabled", 0, 5)
    assert told(shop, bob) == ["You took over what belonged to Test Person Leads: 3, Tasks: 1, Teams led: 1"]
    assert acts(shop) == 1
    assert "You took over" in shop.client(bob).get(f"{shop.url}/notifications").text
    assert "handed over what belonged to" in admin.get(f"{shop.url}/audit").text
    # Back again: with the roles, without the records and the tokens.
    back = f"{shop.url}/people/{membership(shop, ann)}/enable"
    assert admin.post(back).status_code == 303
    assert client.get(shop.url).status_code == 200
    assert app.test_client().get("/api/v1/", headers=headers).status_code == 401
    assert left(shop, ann) == 0


def test_very_many_go_by_a_job_whose_progress_is_shown(shop: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing_over, "BATCH", 400)
    ann, bob = shop.member("shop.*"), shop.member("shop.*")
    leads(shop, ann, 1200)
    place, admin = f"{shop.url}/people/{membership(shop, ann)}/leaving", shop.client()
    assert "goes on in the background" in admin.get(place).text
    answer = admin.post(place, data={"what": "give", "heir": str(bob.id)})
    assert f"{place}/jobs/" in answer.location
    assert state(shop, ann) == "disabled"  # at once
    assert "of 1,200 records" in admin.get(answer.location).text or "Waiting" in admin.get(answer.location).text
    assert shop.client(shop.member("*")).get(answer.location).status_code == 404
    with shop.acting():
        jobs.run_pending()
    assert admin.get(answer.location).location == f"{shop.url}/people"
    assert "1200 were handed over" in admin.get(f"{shop.url}/people").text.replace(",", "")
    assert (left(shop, ann), left(shop, bob), len(told(shop, bob)), acts(shop)) == (0, 1200, 1, 1)


def test_a_job_that_runs_twice_tells_once(shop: Business) -> None:
    ann, bob = shop.member("shop.*"), shop.member("shop.*")
    leads(shop, ann, 3)
    values = {"former": str(ann.id), "heir": str(bob.id), "total": 3, "numbers": {"shop.lead": 3}, "act": str(uuid4())}
    for _again in range(2):
        with shop.acting():
            with unit_of_work():
                jobs.enqueue(handing_over.RUN, values)
            jobs.run_pending()
    assert (left(shop, bob), len(told(shop, bob)), acts(shop)) == (3, 1, 1)


def test_it_can_wait_and_be_stopped(shop: Business) -> None:
    ann, bob = shop.member("shop.*"), shop.member("shop.*")
    leads(shop, ann, 2)
    place, admin = f"{shop.url}/people/{membership(shop, ann)}/leaving", shop.client()
    assert admin.post(place, data={"what": "leave", "heir": str(bob.id)}).status_code == 303
    assert (state(shop, ann), left(shop, ann)) == ("disabled", 2)
    page = admin.get(place).text
    assert "Hand over" in page
    assert "API tokens here end" not in page
    assert "Test Person" in shop.client().get(f"{shop.url}/shop/lead?columns=name,seller").text  # still named
    assert str(ann.id) not in admin.get(f"{shop.url}/core/person/options").text
    assert str(bob.id) in admin.get(f"{shop.url}/core/person/options").text
    assert admin.post(place, data={"what": "give", "heir": str(bob.id)}).status_code == 303
    assert (left(shop, ann), left(shop, bob)) == (0, 2)


@pytest.mark.parametrize("heir", ["", "nonsense", "self", "nobody"])
def test_a_wrong_heir_shuts_nobody_out(shop: Business, heir: str) -> None:
    ann = shop.member("shop.*")
    leads(shop, ann, 1)
    place, sent = f"{shop.url}/people/{membership(shop, ann)}/leaving", {"self": str(ann.id), "nobody": str(uuid4())}
    answer = shop.client().post(place, data={"what": "give", "heir": sent.get(heir, heir)})
    assert answer.status_code == 422
    assert "Choose somebody else who works here" in answer.text
    assert state(shop, ann) == "active"


def test_who_may(shop: Business, world: World) -> None:
    ann, owner = shop.member("shop.*"), membership(shop, shop.owner)
    leads(shop, ann, 1)
    place = f"{shop.url}/people/{membership(shop, ann)}/leaving"
    reader, weak = shop.member("core.member.read"), shop.member("core.member.read", "core.member.update")
    for method in ("get", "post"):
        assert getattr(shop.client(reader), method)(place).status_code == 403
    # Who holds less than the one who leaves can neither shut them out nor take what is theirs.
    sent = {"what": "give", "heir": str(weak.id)}
    assert shop.client(weak).post(place, data=sent).status_code == 403
    assert (state(shop, ann), left(shop, ann)) == ("active", 1)
    with shop.acting(weak), unit_of_work(), pytest.raises(Denied):
        handing_over.hand_over(membership(shop, ann), weak.id)
    assert shop.client(weak).post(f"{shop.url}/people/{owner}/leaving", data=sent).status_code == 403
    assert shop.client().get(f"{shop.url}/people/{owner}/leaving").status_code == 422  # oneself
    other = world.business("shop")
    address = f"{other.url}/people/{membership(shop, ann)}/leaving"
    assert other.client().get(address).status_code == 404
    assert other.client().post(address, data=sent).status_code == 404
