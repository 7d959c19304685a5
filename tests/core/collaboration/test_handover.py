"""Somebody leaves: what is theirs is counted and given to a colleague, in batches that can run twice."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from diwan import bulk, collaboration, jobs
from diwan.access import teams
from diwan.collaboration import handover
from diwan.db import unit_of_work
from diwan.db.context import current
from diwan.errors import Invalid
from diwan.resources.bulk import create_many
from diwan.testing.world import Business, Person, World


@pytest.fixture
def shop(world: World) -> Business:
    return world.business("shop")


def leads(business: Business, person: Person, number: int) -> None:
    with business.acting(person), unit_of_work():
        resource = current.lineup.whole.resources["shop.lead"]
        create_many(resource, [{"name": f"Lead {n}", "seller": person.id} for n in range(number)])


def test_all_that_is_theirs_goes_to_the_heir(shop: Business) -> None:
    ann, bob = shop.member("shop.*", "core.member.read"), shop.member("shop.*", "core.member.read")
    leads(shop, ann, 1203)
    leads(shop, bob, 2)
    with shop.acting(), unit_of_work():
        collaboration.create_task("Call", assignee_id=ann.id)
        teams.create_team("North", [ann.id, bob.id], manager=ann.id)
    with shop.acting(), unit_of_work():
        found = handover.belongings(ann.id)
        assert ([(h.resource.key, h.number) for h in found.records], found.tasks, found.teams) == (
            [("shop.lead", 1203)], 1, ["North"])  # fmt: skip
        assert found.total == 1205
    with shop.acting(), unit_of_work():
        bulk.handing_over.begin(ann.id, bob.id)
    with shop.acting():
        jobs.run_pending()
    with shop.acting(), unit_of_work():
        assert handover.belongings(ann.id).total == 0
        assert handover.belongings(bob.id).records[0].number == 1205
        assert teams.lines()[0].team.manager_id == bob.id


def test_running_it_twice_does_it_once(shop: Business) -> None:
    ann, bob = shop.member("shop.*"), shop.member("shop.*")
    leads(shop, ann, 3)
    for _again in range(2):
        with shop.acting(), unit_of_work():
            given, refused = handover.hand_over_records(ann.id, bob.id)
        assert (given, refused) == ((3, []) if not _again else (0, []))


@pytest.mark.parametrize("who", ["self", "nobody", "disabled"])
def test_the_heir_is_somebody_else_who_works_here(shop: Business, who: str) -> None:
    from diwan.tenants import people as members

    ann, gone = shop.member("shop.*"), shop.member("shop.*")
    with shop.acting(), unit_of_work():
        membership = next(m.id for m in members.members() if m.user_id == gone.id)
        members.disable_member(membership)
    heir: UUID = {"self": ann.id, "nobody": uuid4(), "disabled": gone.id}[who]
    with shop.acting(), unit_of_work(), pytest.raises(Invalid):
        bulk.handing_over.begin(ann.id, heir)
