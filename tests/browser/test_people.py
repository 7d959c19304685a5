"""People, teams and leaving as somebody at the screen meets them: pickers, readable in both themes, on a phone.

It must click and type only.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from diwan.access import teams
from diwan.db import current, unit_of_work
from diwan.resources.bulk import create_many
from diwan.tenants import people
from diwan.testing.chrome import Windows
from diwan.testing.world import Business, Person, World


def named(business: Business, name: str, *grants: str) -> Person:
    person = business.member(*grants)
    with business.acting(), unit_of_work() as session:
        statement = 'UPDATE core."user" SET name = :name, folded = :folded WHERE id = :id'
        session.execute(text(statement), {"name": name, "folded": name.lower(), "id": person.id})
    return person


def member_id(business: Business, person: Person) -> str:
    with business.acting(), unit_of_work():
        return str(next(member.id for member in people.members() if member.user_id == person.id))


@pytest.fixture
def shop(live_world: World) -> Business:
    return live_world.business("shop")


def test_a_team_is_made_with_pickers(windows: Windows, shop: Business) -> None:
    named(shop, "Ann Smith"), named(shop, "Bob Karam")
    page = windows.open(shop.owner)
    page.goto(f"{shop.url}/people")
    page.get_by_role("navigation", name="People").get_by_role("link", name="Teams").click()
    page.get_by_role("link", name="New team").first.click()
    page.get_by_role("textbox", name="Name").fill("North")
    for label, who in (("Manager", "Ann Smith"), ("People", "Ann Smith"), ("People", "Bob Karam")):
        page.get_by_role("combobox", name=label, exact=True).fill(who[:3])
        page.get_by_role("option", name=who).click()
    page.get_by_role("button", name="Save").click()
    line = page.locator("li", has_text="North")
    expect(line).to_contain_text("Led by Ann Smith")
    expect(line).to_contain_text("2 people")


def test_somebody_leaves_and_a_colleague_gets_the_work(windows: Windows, shop: Business) -> None:
    ann = named(shop, "Ann Smith", "shop.*")
    named(shop, "Bob Karam", "shop.*")
    with shop.acting(ann), unit_of_work():
        create_many(current.lineup.whole.resources["shop.lead"], [{"name": "Cedar", "seller": ann.id}])
    page = windows.open(shop.owner)
    page.goto(f"{shop.url}/people")
    page.get_by_role("link", name="Remove Ann Smith").click()
    expect(page.locator("main li", has_text="Leads")).to_contain_text("1")
    page.get_by_role("combobox", name="To whom").fill("Bob")
    page.get_by_role("option", name="Bob Karam").click()
    page.get_by_role("button", name="Remove Ann Smith").click()
    expect(page.get_by_text("1 was handed over.").first).to_be_visible()
    expect(page.locator("main li", has_text="Ann Smith")).to_contain_text("Disabled")
    page.goto(f"{shop.url}/shop/lead?columns=name,seller")
    expect(page.locator("tr[data-row]")).to_contain_text("Bob Karam")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_the_screens_read_well(
    windows: Windows, shop: Business, axe: Callable[[Page], list[str]], theme: str, width: int
) -> None:
    ann, gone = named(shop, "Ann Smith", "shop.*"), named(shop, "مريم الصباح")
    with shop.acting(ann), unit_of_work():
        create_many(current.lineup.whole.resources["shop.lead"], [{"name": "Cedar", "seller": ann.id}])
    with shop.acting(), unit_of_work():
        top = teams.create_team("Sales", manager=ann.id)
        team = teams.create_team("North", [ann.id, gone.id], parent=top.id).id
        people.disable_member(next(member.id for member in people.members() if member.user_id == gone.id))
    page = windows.open(shop.owner, theme=theme, width=width)
    for address in (
        "people", "people?q=zzz", "people/invite", "people/teams", f"people/teams/{team}", "people/teams/new",
        f"people/{member_id(shop, ann)}/leaving", f"people/{member_id(shop, gone)}/leaving",
    ):  # fmt: skip
        page.goto(f"{shop.url}/{address}")
        assert axe(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
