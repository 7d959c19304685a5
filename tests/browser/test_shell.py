"""The palette, the keys and the arranged home page, by keyboard alone, in both languages.

It must not click where a person without a mouse cannot.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.chrome import Windows
from diwan.testing.live import Live
from diwan.testing.world import Business, Person

Axe = Callable[..., list[str]]
Speak = Callable[[Person, str], None]


@pytest.fixture
def cedar(shop: Business) -> str:
    """The address of a record."""
    with shop.acting(), unit_of_work():
        contact = current.lineup.resources["contacts.contact"]
        made = resources.create(contact, {"name": "Cedar House", "name_ar": "بيت الأرز"})
        resources.create(contact, {"name": "Pearl Trading"})
    return f"{shop.url}/contacts/contact/{made.id}"


def options(page: Page) -> list[str]:
    return page.locator("#palette [role=option]").all_inner_texts()


@pytest.mark.parametrize("code", ["en", "ar"])
def test_the_palette_by_keyboard(
    windows: Windows, shop: Business, cedar: str, axe: Axe, language: Speak, code: str
) -> None:
    language(shop.owner, code)
    page = windows.open(shop.owner)
    page.goto(shop.url)
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name=re.compile("Search everything|ابحث"))
    expect(box).to_be_focused()
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    assert not axe(page)
    page.keyboard.type("بيت الارز" if code == "ar" else "céd")
    expect(page.locator("#palette [role=option]").first).to_contain_text("Cedar House")
    first = box.get_attribute("aria-activedescendant")
    page.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") != first
    page.keyboard.press("ArrowUp")
    assert box.get_attribute("aria-activedescendant") == first
    assert not axe(page)
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("/")
    box.fill("")
    box.press_sequentially("cedar", delay=15)
    page.keyboard.press("Enter")  # before the answer is there
    page.wait_for_url(f"**{cedar}")


def test_actions_of_the_palette(windows: Windows, shop: Business, cedar: str) -> None:
    page = windows.open(shop.owner)
    page.goto(cedar)
    page.keyboard.press("Control+k")
    page.keyboard.type("dark mode")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Dark mode")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_url(f"**{cedar}")
    page.keyboard.press("Control+k")
    page.keyboard.type("new contact")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("New: Contact")
    page.keyboard.press("Enter")
    page.wait_for_url("**/contacts/contact/new")


def test_without_a_script_the_box_is_a_search(windows: Windows, shop: Business, cedar: str) -> None:
    page = windows.open(shop.owner, javascript=False)
    page.goto(shop.url)
    page.locator("[data-search]").fill("cedar")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=cedar")
    assert page.get_by_role("link", name="Cedar House").is_visible()


def test_keys_and_their_sheet_can_be_switched_off(windows: Windows, shop: Business, cedar: str, axe: Axe) -> None:
    page = windows.open(shop.owner)
    page.goto(shop.url)
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    assert not axe(page)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/contacts/contact")
    page.keyboard.press("n")
    page.wait_for_url("**/contacts/contact/new")
    page.goto(f"{shop.url}/preferences")
    switch = page.get_by_role("switch")
    switch.focus()
    page.keyboard.press("Space")
    page.locator("form[action$=keyboard] footer button").press("Enter")
    expect(page.locator("html")).to_have_attribute("data-keys", "off")
    page.keyboard.press("?")
    page.keyboard.press("/")
    page.wait_for_timeout(200)
    assert page.locator("#shortcuts, #palette").count() == 0
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()


def test_the_home_page_is_arranged_by_keyboard(windows: Windows, shop: Business, axe: Axe) -> None:
    page = windows.open(shop.owner)
    page.goto(f"{shop.url}/arrange")
    titles = page.locator("[data-widget-card] h2")
    expect(page.locator("[data-widget] [role=status]")).to_have_count(0)
    before = titles.all_inner_texts()
    assert not axe(page)
    page.get_by_role("button", name=f"Move down: {before[0]}").press("Enter")
    assert titles.all_inner_texts()[:2] == [before[1], before[0]]
    page.get_by_role("checkbox", name=f"Show: {before[2]}").press("Space")
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    page.wait_for_url(f"**{shop.url}")
    assert page.locator(".widgets h2").all_inner_texts() == [before[1], before[0], *before[3:]]


def test_the_navigation_is_arranged_by_keyboard(windows: Windows, shop: Business, axe: Axe, live: Live) -> None:
    page = windows.open(shop.owner)
    page.goto(f"{shop.url}/preferences/navigation")
    assert not axe(page)
    page.get_by_role("checkbox", name="Pin: Contacts").press("Space")
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.locator(".nav > ul a").nth(1)).to_have_text("Contacts")


def test_a_date_in_the_hijri_calendar(windows: Windows, shop: Business, cedar: str, live: Live) -> None:
    from diwan.db import scope
    from diwan.users import service as users

    with live.app.app_context(), scope(), unit_of_work():
        users.set_preferences(shop.owner.id, calendar="hijri")
    page = windows.open(shop.owner)
    page.goto(cedar)
    assert page.get_attribute("html", "data-calendar") == "hijri"
    made = page.evaluate(
        """() => {
        const field = document.createElement("ui-date");
        field.innerHTML = '<input type="date" class="control" name="probe" value="2026-11-24" aria-label="probe">';
        document.querySelector("main").append(field);
        const text = field.querySelector("input.num");
        const shown = text.value;
        text.value = "1/9/1448";
        text.dispatchEvent(new Event("change"));
        return [shown, field.querySelector("[name=probe]").value, text.value];
    }"""
    )
    assert made == ["14/06/1448", "2027-02-08", "01/09/1448"]
