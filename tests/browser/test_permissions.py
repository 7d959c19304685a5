"""An administrator who never saw Diwan gives a salesperson "own leads, read customers, no salaries", and no more.

It must click and type only; clicks and keystrokes are counted, for the promise is less than a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import text

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.chrome import Windows
from diwan.testing.world import Business, Person, World

MOST_CLICKS, MOST_KEYS = 10, 12


@pytest.fixture
def shop(live_world: World) -> Business:
    """The business of the walk, with records of the owner."""
    shop = live_world.business("shop", "contacts")
    with shop.acting(), unit_of_work():
        found = current.lineup.resources
        resources.create(found["shop.lead"], {"name": "The owner's lead"})
        resources.create(found["shop.customer"], {"name": "Cedar House", "city": "Beirut"})
        resources.create(found["shop.employee"], {"name": "Layla", "salary": "1200"})
    return shop


@dataclass
class Hand:
    """What a person does, counted. To choose from a list takes two clicks."""

    clicks: int = 0
    keys: int = 0

    def click(self, place: Locator) -> None:
        place.click()
        self.clicks += 1

    def choose(self, place: Locator, label: str) -> None:
        place.select_option(label=label)
        self.clicks += 2

    def type(self, page: Page, text: str) -> None:
        page.keyboard.type(text)
        self.keys += len(text)


def test_own_leads_read_customers_no_salaries(windows: Windows, shop: Business) -> None:
    seller = shop.member("core.member.read")
    page, hand = windows.open(shop.owner), Hand()
    page.goto(shop.url)
    hand.click(page.locator(".nav").get_by_role("link", name="People"))
    hand.click(page.locator("li", has_text=seller.email).get_by_role("link", name="Roles"))
    hand.click(page.get_by_role("link", name="New role"))
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    hand.type(page, "Salesperson")
    hand.choose(page.get_by_role("combobox", name="Set all of Leads"), "See and change own")
    hand.choose(page.get_by_role("combobox", name="Set all of Customers"), "See only")
    hand.click(page.get_by_role("button", name="Save"))
    expect(page.get_by_role("checkbox", name="Salesperson")).to_be_checked()
    hand.click(page.get_by_role("button", name="Save"))
    expect(page.locator(".toast")).to_contain_text("The roles were changed.")
    assert hand.clicks <= MOST_CLICKS, hand
    assert hand.keys <= MOST_KEYS, hand
    sees_exactly_that(windows, shop, seller)


def sees_exactly_that(windows: Windows, shop: Business, seller: Person) -> None:
    page = windows.open(seller)
    page.goto(f"{shop.url}/shop/lead")
    expect(page.locator(".nav")).to_contain_text("Customers")
    expect(page.locator(".nav")).not_to_contain_text("Employees")
    expect(page.locator("body")).not_to_contain_text("The owner's lead")
    page.get_by_role("link", name="New").first.click()
    page.get_by_role("textbox", name="Name").fill("My lead")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My lead")
    page.goto(f"{shop.url}/shop/lead")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.goto(f"{shop.url}/shop/customer")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    expect(page.get_by_role("link", name="New", exact=True)).to_have_count(0)
    page.goto(f"{shop.url}/shop/employee")
    expect(page.get_by_role("heading", level=1)).to_have_text("You may not do that here")
    page.get_by_role("link", name="Why?").click()
    expect(page.locator(".why-verdict")).to_contain_text("No, you may not: Employees: see")


def test_the_grid_by_keyboard(windows: Windows, shop: Business) -> None:
    page = windows.open(shop.owner)
    page.goto(f"{shop.url}/people/roles/new")
    cell = lambda name: page.get_by_role("combobox", name=name, exact=True)  # noqa: E731
    cell("Leads: See").focus()
    page.keyboard.press("1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("2")
    expect(cell("Leads: See")).to_have_value("own")
    expect(cell("Leads: Create")).to_have_value("team")
    expect(cell("Leads: Create")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(cell("Customers: Create")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("3")
    row = page.locator("[data-rights-row='shop.customer']")
    expect(row.locator("[data-rights-hint]")).to_be_visible()
    row.get_by_role("button", name="Add “See”").click()
    expect(cell("Customers: See")).to_have_value("all")
    expect(row.locator("[data-rights-hint]")).to_be_hidden()
    page.get_by_role("searchbox", name="Find records").fill("empl")
    expect(page.locator("[data-rights-row]:visible")).to_have_count(1)
    page.get_by_role("searchbox", name="Find records").fill("")
    page.locator("[data-rights-row='shop.employee']").get_by_role("button", name="Fields").click()
    salary = cell("Employees: Salary")
    expect(salary).to_have_value("hide")
    page.get_by_role("switch", name="Everything in Shop").check()
    expect(cell("Leads: See")).to_be_hidden()
    expect(salary).to_be_hidden()


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_the_screens_of_rights_read_well(
    windows: Windows, shop: Business, axe: Callable[[Page], list[str]], theme: str, width: int
) -> None:
    seller = shop.member("core.member.read", "shop.lead.read:own", "shop.employee.read+salary", "gone.thing.read")
    page = windows.open(shop.owner, theme=theme, width=width)
    with shop.acting(), unit_of_work():
        role, member = ids_of(seller)
    for address in (
        "people", "people/roles/new", f"people/roles/{role}", f"people/roles/{role}/compare", f"people/{member}",
        f"why?user={seller.id}&resource=shop.lead&action=update",
    ):  # fmt: skip
        page.goto(f"{shop.url}/{address}")
        for button in page.locator("[data-rights-open]").all():
            button.click()
        assert axe(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def ids_of(person: Person) -> tuple[str, str]:
    """Return the ids of somebody's only role and membership."""
    found = current.session.execute(
        text(
            "SELECT mr.role_id, m.id FROM core.membership m JOIN core.member_role mr"
            " ON mr.tenant_id = m.tenant_id AND mr.membership_id = m.id WHERE m.user_id = :user"
        ),
        {"user": person.id},
    ).one()
    return str(found[0]), str(found[1])


def test_the_grid_without_javascript(windows: Windows, shop: Business) -> None:
    page = windows.open(shop.owner, javascript=False)
    page.goto(f"{shop.url}/people/roles/new")
    page.get_by_role("textbox", name="Name").fill("Plain")
    page.get_by_role("combobox", name="Leads: See", exact=True).select_option("own")
    page.get_by_role("combobox", name="Employees: Salary", exact=True).select_option("read")
    page.get_by_role("combobox", name="Employees: See", exact=True).select_option("all")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
    page.locator("li", has_text="Plain").get_by_role("link", name="Edit").click()
    expect(page.get_by_role("combobox", name="Leads: See", exact=True)).to_have_value("own")
    expect(page.get_by_role("combobox", name="Employees: Salary", exact=True)).to_have_value("read")
