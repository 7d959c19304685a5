"""One piece of work from the list to the palette, as a person of a business walks it, in each language.

It must click and type only; buttons are found by what they say to the person, in the person's language.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.kit import i18n
from diwan.testing.chrome import Windows
from diwan.testing.world import Business, World

STATES = ("draft", "open", "done", "cancelled")
DAY = now().date().replace(day=10)
"""On which something is planned, in the month that the calendar opens at."""


@dataclass
class Walk:
    """A person at the screen. Names are found whole: one word may be part of another."""

    page: Page
    base: str
    code: str

    def say(self, text: str) -> str:
        """Return a text of the platform as this person reads it."""
        return i18n.catalogue("diwan", self.code).gettext(text)

    def button(self, text: str, within: Page | Locator | None = None) -> Locator:
        return (within or self.page).get_by_role("button", name=self.say(text), exact=True)

    def link(self, text: str) -> Locator:
        return self.page.get_by_role("link", name=self.say(text), exact=True)

    @property
    def dialog(self) -> Locator:
        return self.page.locator("#list-dialog")

    def field(self, text: str) -> Locator:
        return self.dialog.get_by_label(self.say(text), exact=True)

    def shape(self, key: str, element: str = "") -> None:
        """Show the list in another shape."""
        self.page.locator(f'.toolbar a[href*="as={key}"]').click()
        self.page.wait_for_url(re.compile(f"as={key}"), wait_until="networkidle")
        if element:
            self.page.evaluate(f"customElements.whenDefined('{element}').then(() => true)")


@pytest.fixture(params=["en", "ar"])
def code(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def kitchen(live_world: World, code: str) -> Business:
    """Twelve orders of two clients, three in each state."""
    business = live_world.business("kitchen", language=code)
    with business.acting(), unit_of_work():
        every = current.lineup.resources
        clients = [resources.create(every["kitchen.client"], {"name": n}).id for n in ("Café Zürich", "مؤسسة الأمانة")]
        for number in range(12):
            resources.create(every["kitchen.order"], {
                "subject": f"Table {number + 1}", "client": clients[number % 2], "state": STATES[number % 4],
                "guests": number + 1, "starts_at": f"{DAY + timedelta(days=number % 2)}T09:00:00+03:00",
            })  # fmt: skip
    return business


def test_a_day_in_the_kitchen(windows: Windows, kitchen: Business, code: str, axe: Callable[..., list[str]]) -> None:
    page = windows.open(kitchen.member("kitchen.*"), theme="dark" if code == "ar" else "light")
    walk = Walk(page, f"{kitchen.url}/kitchen/order", code)
    page.goto(kitchen.url)
    page.locator(f'.nav a[href="{walk.base}"]').click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if code == "ar" else "ltr")
    filter_and_keep(walk)
    move_a_card(walk)
    move_in_the_calendar(walk)
    write_lines(walk)
    change_many_and_take_it_back(walk)
    add_a_field(Walk(windows.open(kitchen.owner), kitchen.url, code))
    fill_the_new_field(walk)
    drill_into_the_pivot(walk)
    find_in_another_spelling(walk)
    assert axe(page) == []


def filter_and_keep(walk: Walk) -> None:
    """Build a filter of two conditions; save what it shows as a view."""
    page = walk.page
    expect(page.locator("tr[data-row]")).to_have_count(12)
    page.locator("[popovertarget=filter-panel]").click()
    walk.link("More conditions").click()
    walk.field("Field").select_option("state")
    walk.field("Comparison").select_option("in")
    for name in ("Draft", "Open"):
        walk.dialog.get_by_text(name, exact=True).click()
    walk.button("Add a condition", walk.dialog).click()
    walk.field("Field").nth(1).select_option("guests")
    walk.field("Comparison").nth(1).select_option("gt")
    walk.dialog.get_by_label("Guests").fill("4")
    walk.button("Apply", walk.dialog).click()
    expect(page.locator("tr[data-row]")).to_have_count(4)
    page.locator("[popovertarget=view-menu]").click()
    page.get_by_role("menuitem", name=walk.say("Save as a new view"), exact=True).click()
    walk.dialog.get_by_role("textbox", name=walk.say("Name"), exact=True).fill("طاولات كبيرة")
    walk.button("Save", walk.dialog).click()
    expect(walk.link("طاولات كبيرة")).to_have_attribute("aria-current", "page")
    expect(page.locator("tr[data-row]")).to_have_count(4)


def move_a_card(walk: Walk) -> None:
    page = walk.page
    walk.shape("board", "ui-board")
    draft, opened = (page.locator(f'.kcol[data-column="{key}"]') for key in ("draft", "open"))
    expect(draft.locator(".kcard")).to_have_count(2)
    draft.locator(".kcard", has_text="Table 5").drag_to(opened.locator(".kcard").first)
    expect(opened.locator("[data-count]")).to_have_text("3")
    page.reload()
    expect(opened.locator(".kcard", has_text="Table 5")).to_have_count(1)


def move_in_the_calendar(walk: Walk) -> None:
    page = walk.page
    walk.shape("calendar", "ui-calendar")
    before, after = (page.locator(f'.cal-month [data-day="{day}"]') for day in (DAY, DAY + timedelta(days=8)))
    expect(before.locator(".cal-event")).to_have_count(2)  # tables 5 and 9: the view holds here too
    before.locator(".cal-event", has_text="Table 5").drag_to(after)
    expect(after.locator(".cal-event")).to_have_count(1)
    page.reload()
    expect(after.locator(".cal-event", has_text="Table 5")).to_have_count(1)


def write_lines(walk: Walk) -> None:
    """Add lines to the moved order by keyboard alone; its total follows."""
    page, keys = walk.page, walk.page.keyboard
    page.locator(".cal-event", has_text="Table 5").locator("[data-event-link]").first.click()
    page.locator("[data-line-add]").focus()
    keys.press("Enter")
    for item, price in (("Rice", "1.250"), ("شاي", "4")):
        keys.type(item)
        keys.press("Tab")
        keys.type("2")
        keys.press("Tab")
        keys.type(price)
        if item == "Rice":
            keys.press("Enter")
            page.locator("ui-lines tbody tr:not([hidden])").last.get_by_label("Item").focus()
    expect(page.locator("[data-field=total] .value")).to_contain_text("10.500")
    keys.press("Control+s")
    expect(page.locator(".toasts")).to_contain_text("Table 5")
    page.reload()
    expect(page.locator("ui-lines tbody tr:not([hidden])").get_by_label("Item").nth(1)).to_have_value("شاي")
    expect(page.locator("[data-field=total] .value")).to_contain_text("10.500")


def change_many_and_take_it_back(walk: Walk) -> None:
    page = walk.page
    page.locator(f'.nav a[href="{walk.base}"]').click()
    page.locator("[data-select-all]").check()
    walk.button("Edit a field").click()
    walk.field("Field").select_option("priority")
    walk.dialog.get_by_label("Priority").select_option("high")
    walk.button("Apply", walk.dialog).click()
    expect(page.locator("tr[data-row]", has_text="High")).to_have_count(12)
    walk.button("Undo", page.locator(".toast")).click()
    expect(page.locator("tr[data-row]", has_text="Normal")).to_have_count(12)


def add_a_field(admin: Walk) -> None:
    """The administrator adds a field to orders."""
    page = admin.page
    page.goto(admin.base)
    page.locator('.nav a[href$="/settings/fields"]').click()
    page.locator('main a[href$="/settings/fields/kitchen/order"]').click()
    admin.link("Add a field").click()
    page.locator('main a[href$="kind=text"]').click()
    page.locator("[name='label.en']").fill("Waiter")
    page.locator("[name='label.ar']").fill("النادل")
    admin.button("Add the field").click()
    expect(page.locator("main .row-title", has_text="النادل" if admin.code == "ar" else "Waiter")).to_be_visible()


def fill_the_new_field(walk: Walk) -> None:
    page, label = walk.page, "النادل" if walk.code == "ar" else "Waiter"
    page.goto(walk.base)
    page.get_by_role("link", name="Table 5", exact=True).click()
    page.get_by_label(label).fill("Mariam")
    page.locator("#record-form [data-save]").click()
    expect(page.locator(".toasts")).to_contain_text("Table 5")
    page.reload()
    expect(page.get_by_label(label)).to_have_value("Mariam")


def drill_into_the_pivot(walk: Walk) -> None:
    """Of the states, draft has two orders after the move; the number leads to them."""
    page = walk.page
    page.goto(walk.base)
    walk.shape("pivot")
    page.get_by_label(walk.say("Chart"), exact=True).select_option("donut")
    expect(page.locator(".donut")).to_be_visible()
    row = page.locator(".pivot tbody tr", has_text="Draft")
    expect(row.locator("td").last).to_have_text("2")
    row.locator("td a").last.click()
    expect(page.locator("tr[data-row]")).to_have_count(2)


def find_in_another_spelling(walk: Walk) -> None:
    """Nobody types accents, nor each hamza and ta marbuta."""
    page = walk.page
    page.keyboard.press("Control+k")
    box = page.locator("#palette").get_by_role("combobox")
    expect(box).to_be_focused()
    page.keyboard.type("موسسه الامانه" if walk.code == "ar" else "cafe zurich")
    found = "مؤسسة الأمانة" if walk.code == "ar" else "Café Zürich"
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text(found)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/kitchen/client/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(found)
