"""Boards, calendars, trees and pivots in a real browser: moved by hand and by key, taken back, quick with many cards.

What the server refuses and counts is tested without a browser in tests/core/web.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.resources.bulk import create_many
from diwan.testing.chrome import Windows
from diwan.testing.world import Business, World

QUICK = 100
"""Milliseconds from an act to what a person sees of it."""


@pytest.fixture
def kitchen(live_world: World) -> Business:
    """A business with three orders, one below another."""
    business = live_world.business("kitchen")
    with business.acting(), unit_of_work():
        orders = current.lineup.resources["kitchen.order"]
        first = resources.create(
            orders, {"subject": "Tables", "state": "draft", "guests": 5, "starts_at": "2026-11-10T06:00:00+00:00"}
        )
        resources.create(orders, {"subject": "Chairs", "state": "open", "guests": 3, "parent": first.id})
        resources.create(orders, {"subject": "Lamps", "state": "cancelled"})
    return business


def ready(page: Page, name: str) -> None:
    """Wait until a shape's script is there."""
    page.evaluate(f"customElements.whenDefined('{name}').then(() => true)")


def column(page: Page, key: str) -> Any:
    return page.locator(f'.kcol[data-column="{key}"]')


def test_a_card_is_dragged_and_taken_back(windows: Windows, kitchen: Business) -> None:
    page = windows.open(kitchen.owner)
    page.goto(f"{kitchen.url}/kitchen/order?as=board&o.sum=guests")
    card = page.locator(".kcard", has_text="Tables")
    ready(page, "ui-board")
    card.drag_to(column(page, "done").locator("[data-cards]"))
    expect(column(page, "done").locator("[data-count]")).to_have_text("1")
    expect(column(page, "done").locator("[data-sum]")).to_have_text("5")
    expect(column(page, "draft").locator("[data-count]")).to_have_text("0")
    page.get_by_role("button", name="Undo").click()
    expect(column(page, "draft").locator(".kcard")).to_have_count(1)


def test_a_card_moves_by_keys_and_by_its_menu(windows: Windows, kitchen: Business) -> None:
    page = windows.open(kitchen.owner)
    page.goto(f"{kitchen.url}/kitchen/order?as=board")
    ready(page, "ui-board")
    link = page.locator(".kcard", has_text="Tables").locator("[data-card-link]")
    link.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".kcard", has_text="Chairs").locator("[data-card-link]")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(link).to_be_focused()
    page.keyboard.press("Control+ArrowRight")
    expect(column(page, "open").locator(".kcard")).to_have_count(2)
    expect(column(page, "open").locator("[data-count]")).to_have_text("2")
    expect(link).to_be_focused()
    page.get_by_role("button", name="Move “Tables” to…").click()
    page.get_by_role("menuitem", name="Cancelled").click()
    expect(column(page, "cancelled").locator("[data-count]")).to_have_text("2")


def test_a_card_that_somebody_changed_goes_back(windows: Windows, kitchen: Business) -> None:
    page = windows.open(kitchen.owner)
    page.goto(f"{kitchen.url}/kitchen/order?as=board")
    ready(page, "ui-board")
    with kitchen.acting(), unit_of_work():
        orders = current.lineup.resources["kitchen.order"]
        [[id, *_]] = resources.list_page(orders, ["subject"], [["subject", "eq", "Tables"]]).rows
        resources.update(orders, id, {"note": "Round ones"})
    page.locator(".kcard", has_text="Tables").locator("[data-card-link]").focus()
    page.keyboard.press("Control+ArrowRight")
    expect(page.locator(".toast.bad")).to_contain_text("Somebody else has changed this record")
    expect(column(page, "draft").locator(".kcard")).to_have_count(1)
    windows.complaints.clear()  # Chromium notes the answer 409


def test_cards_go_the_other_way_in_arabic(windows: Windows, live_world: World) -> None:
    business = live_world.business("kitchen", language="ar")
    with business.acting(), unit_of_work():
        resources.create(current.lineup.resources["kitchen.order"], {"subject": "طاولات", "state": "draft"})
    page = windows.open(business.owner, theme="dark")
    page.goto(f"{business.url}/kitchen/order?as=board")
    ready(page, "ui-board")
    page.locator("[data-card-link]").focus()
    page.keyboard.press("Control+ArrowLeft")
    expect(column(page, "open").locator("[data-count]")).to_have_text("1")


def test_five_hundred_cards_stay_quick(windows: Windows, live_world: World) -> None:
    business = live_world.business("kitchen")
    with business.acting(), unit_of_work():
        orders = current.lineup.resources["kitchen.order"]
        states = ["draft", "open", "done", "cancelled"]
        create_many(orders, [{"subject": f"Order {n}", "state": states[n % 4]} for n in range(500)])
    page = windows.open(business.owner)
    page.goto(f"{business.url}/kitchen/order?as=board")
    while page.locator(".kmore a").count():
        before = page.locator(".kcard").count()
        page.locator(".kmore a").first.click()
        expect(page.locator(".kcard")).not_to_have_count(before)
    assert page.locator(".kcard").count() == 500
    paints = page.evaluate(MEASURE)
    assert sorted(paints)[len(paints) // 2] < QUICK, paints


MEASURE = """async () => {
  const paint = async (act) => {
    const start = performance.now();
    act();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - start;
  };
  const found = [];
  for (let number = 0; number < 5; number++) {
    const card = document.querySelectorAll('.kcol[data-column="draft"] .kcard')[number];
    const link = card.querySelector("[data-card-link]");
    found.push(await paint(() => link.focus()));
    const key = new KeyboardEvent("keydown", { key: "ArrowRight", ctrlKey: true, bubbles: true, cancelable: true });
    found.push(await paint(() => link.dispatchEvent(key)));
    found.push(await paint(() => document.querySelector("[data-card-menu]").click()));
  }
  return found;
}"""


def test_a_record_moves_in_the_calendar(windows: Windows, kitchen: Business) -> None:
    page = windows.open(kitchen.owner)
    page.goto(f"{kitchen.url}/kitchen/order?as=calendar&o.day=2026-11-10")
    ready(page, "ui-calendar")
    event = page.locator(".cal-month .cal-event", has_text="Tables")
    event.drag_to(page.locator('.cal-day[data-day="2026-11-18"]'))
    expect(page.locator('.cal-day[data-day="2026-11-18"] .cal-event')).to_have_count(1)
    event.hover()
    page.get_by_role("button", name="Move “Tables” to…").click()
    page.get_by_label("Move to the day").fill("20/11/2026")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator('.cal-day[data-day="2026-11-20"] .cal-event')).to_have_count(1)


def test_the_free_part_of_a_day_makes_a_record(windows: Windows, kitchen: Business) -> None:
    page = windows.open(kitchen.owner)
    page.goto(f"{kitchen.url}/kitchen/order?as=calendar&o.day=2026-11-10&o.by=due_on")
    ready(page, "ui-calendar")
    page.locator('.cal-day[data-day="2026-11-12"]').click(position={"x": 60, "y": 90})
    page.wait_for_url("**/new?due_on=2026-11-12")


def test_a_tree_opens_walks_and_moves_by_keys(windows: Windows, kitchen: Business) -> None:
    page = windows.open(kitchen.owner)
    page.goto(f"{kitchen.url}/kitchen/order?as=tree")
    ready(page, "ui-tree")
    tables = page.get_by_role("treeitem", name="Tables")
    tables.focus()
    page.keyboard.press("ArrowRight")
    chairs = page.get_by_role("treeitem", name="Chairs")
    expect(chairs).to_be_visible()
    expect(chairs).to_have_attribute("aria-level", "2")
    page.keyboard.press("ArrowDown")
    expect(chairs).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(tables).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+x")
    page.get_by_role("treeitem", name="Lamps").focus()
    page.keyboard.press("Control+v")
    expect(page.get_by_role("treeitem", name="Lamps")).to_have_attribute("aria-expanded", "true")
    expect(chairs).to_be_visible()
    page.get_by_role("treeitem", name="Tables").drag_to(page.get_by_role("treeitem", name="Lamps"))
    expect(page.get_by_role("treeitem")).to_have_count(3)
    expect(tables).to_have_attribute("aria-level", "2")


def test_a_pivot_changes_with_its_controls_and_leads_to_rows(windows: Windows, kitchen: Business) -> None:
    page = windows.open(kitchen.owner)
    page.goto(f"{kitchen.url}/kitchen/order?as=pivot")
    page.get_by_label("Chart", exact=True).select_option("donut")
    expect(page.locator(".donut")).to_be_visible()
    page.get_by_label("Shown").select_option("sum:guests")
    expect(page.locator(".pivot tfoot")).to_contain_text("8")
    page.locator(".pivot tbody a", has_text="5").click()
    expect(page.locator("tr[data-row]")).to_have_count(1)
