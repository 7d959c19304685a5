"""Lists by mouse and keyboard: filter builder, saved view, columns, groups, a cell in its place, many rows at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.resources import store
from diwan.testing.chrome import Windows
from diwan.testing.world import Business, World

SHOTS = os.environ.get("DIWAN_SHOTS", "")
STATES = ("draft", "open", "done", "cancelled")
SUBJECTS = ("Wedding dinner", "Board lunch", "Harbour tour", "Gala evening", "Tea for twelve", "عشاء العائلة")


def shot(page: Page, name: str) -> None:
    """Keep a picture for whoever wants to look at it."""
    if SHOTS:
        Path(SHOTS).mkdir(exist_ok=True)
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


@pytest.fixture
def kitchen(live_world: World) -> Business:
    business = live_world.business("kitchen")
    with business.acting(), unit_of_work():
        clients = current.lineup.resources["kitchen.client"]
        orders = current.lineup.resources["kitchen.order"]
        people = [store.create(clients, {"name": name}).id for name in ("Mariam Haddad", "Oryx Trading", "دار النخيل")]
        for number in range(90):
            store.create(orders, {
                "subject": f"{SUBJECTS[number % 6]} {number + 1}", "client": str(people[number % 3]),
                "state": STATES[number % 4], "guests": 5 + number, "urgent": number % 5 == 0,
                "due_on": (now() + timedelta(days=number - 30)).date().isoformat(),
            })  # fmt: skip
    return business


def opened(windows: Windows, business: Business, **options: Any) -> Page:
    page = windows.open(business.owner, **options)
    page.goto(f"{business.url}/kitchen/order")
    return page


def count(page: Page) -> Any:
    return page.locator(".toolbar-end > .count")


def test_a_filter_is_built_and_saved_as_a_view(
    kitchen: Business, windows: Windows, axe: Callable[..., list[str]]
) -> None:
    page = opened(windows, kitchen)
    expect(count(page)).to_have_text("90")
    shot(page, "list-en")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="More conditions").click()
    dialog = page.locator("#list-dialog")
    dialog.get_by_label("Field").select_option("state")
    dialog.get_by_label("Comparison").select_option("in")
    dialog.get_by_text("Open", exact=True).click()
    dialog.get_by_text("Done", exact=True).click()
    dialog.get_by_role("button", name="Add a group").click()
    dialog.get_by_label("Field").nth(1).select_option("guests")
    dialog.get_by_label("Comparison").nth(1).select_option("gt")
    dialog.get_by_label("Guests").fill("60")
    dialog.get_by_role("button", name="Add a condition").nth(1).click()
    dialog.get_by_label("Field").nth(2).select_option("due_on")
    dialog.get_by_label("Comparison").nth(2).select_option("within")
    dialog.locator(".condition-value select").last.select_option("this_month")
    expect(dialog.get_by_label("Guests")).to_have_value("60")
    shot(page, "builder-en")
    assert axe(page) == []
    dialog.get_by_role("button", name="Apply").click()
    expect(page.locator(".chip")).to_have_count(2)
    expect(page.locator(".chip").first).to_contain_text("State is one of Open, Done")
    shot(page, "filtered-en")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Save as a new view").click()
    dialog.get_by_label("Name").fill("Big ones")
    shot(page, "view-en")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Big ones")).to_have_attribute("aria-current", "page")
    assert axe(page) == []


def test_columns_are_chosen_ordered_and_resized(kitchen: Business, windows: Windows) -> None:
    page = opened(windows, kitchen)
    page.get_by_role("button", name="Columns").click()
    panel = page.locator("#columns-panel")
    panel.get_by_label("Guests").check()
    panel.get_by_label("Tags").first.uncheck()
    panel.get_by_label("Guests").focus()
    for _step in range(40):
        page.keyboard.press("Alt+ArrowUp")
    assert panel.locator("li").first.inner_text() == "Guests"
    shot(page, "columns-en")
    panel.get_by_role("button", name="Apply").click()
    heads = page.locator("thead th[data-name]")
    expect(heads.first).to_contain_text("Guests")
    expect(page.locator("tfoot")).to_contain_text("Total")
    before = heads.nth(1).bounding_box()
    heads.nth(1).locator("a").focus()
    with page.expect_response(lambda answer: answer.url.endswith("/columns/width")):
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowRight")
    page.reload()
    after = page.locator("thead th[data-name]").nth(1).bounding_box()
    assert before
    assert after
    assert after["width"] > before["width"] + 20
    shot(page, "columns-done-en")


def test_a_cell_is_edited_by_key_and_a_row_selected(kitchen: Business, windows: Windows) -> None:
    page = opened(windows, kitchen)
    page.goto(f"{kitchen.url}/kitchen/order?columns=subject,client,guests,state&sort=guests")
    page.locator("body").press("j")
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("F2")
    field = page.get_by_label("Guests").last
    expect(field).to_have_value("6")
    shot(page, "cell-en")
    field.fill("many")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Enter a whole number")
    windows.complaints[:] = [text for text in windows.complaints if "422" not in text]  # the refusal above
    field.fill("777")
    page.keyboard.press("Enter")
    row = page.locator("tr[data-row]").nth(1)
    expect(row).to_contain_text("777")
    page.keyboard.press("F2")
    expect(field).to_have_value("777")
    page.keyboard.press("Escape")
    expect(page.locator(".cell-form")).to_have_count(0)
    expect(row).to_contain_text("777")
    page.keyboard.press(" ")
    expect(page.locator("[data-bulk]")).to_contain_text("1 selected")
    page.locator("tr[data-row]").nth(2).locator("td").nth(4).dblclick()
    page.locator(".cell-form select").select_option("cancelled")
    page.locator(".cell-form select").press("Enter")
    expect(page.locator("tr[data-row]").nth(2)).to_contain_text("Cancelled")


def test_letters_walk_select_and_open_rows_unless_they_are_off(kitchen: Business, windows: Windows) -> None:
    page = opened(windows, kitchen)
    row = page.locator("tr[data-row]:focus-within")
    page.locator("body").press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(row).to_have_count(1)
    first = row.get_attribute("id") or ""
    assert first == page.locator("tr[data-row]").first.get_attribute("id")
    page.keyboard.press("x")
    expect(page.locator("[data-bulk]")).to_contain_text("1 selected")
    page.keyboard.press("x")
    expect(page.locator("[data-row] input:checked")).to_have_count(0)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{first.removeprefix('row-')}*")
    page.goto(f"{kitchen.url}/preferences")
    page.get_by_role("switch").focus()
    page.keyboard.press("Space")
    page.locator("form[action$=keyboard] footer button").press("Enter")
    expect(page.locator("html")).to_have_attribute("data-keys", "off")
    page.goto(f"{kitchen.url}/kitchen/order")
    page.locator("body").press("j")
    expect(row).to_have_count(0)
    page.locator("tr[data-row] > td.title-cell").first.evaluate("cell => { cell.tabIndex = -1; cell.focus() }")
    page.keyboard.press("x")
    page.wait_for_timeout(200)
    assert page.locator("[data-row] input:checked").count() == 0
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    expect(page.locator("[data-bulk]")).to_contain_text("1 selected")


def test_groups_open_and_everything_is_changed_and_undone(kitchen: Business, windows: Windows) -> None:
    page = opened(windows, kitchen)
    page.goto(f"{kitchen.url}/kitchen/order?group=state&columns=subject,client,guests")
    group = page.get_by_role("link", name="Open", exact=False).first
    group.click()
    expect(page.locator("tr[data-row]")).to_have_count(23)
    shot(page, "groups-en")
    page.goto(f"{kitchen.url}/kitchen/order")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Select all 90 that match").click()
    expect(page.locator("[data-bulk]")).to_contain_text("All 90 that match")
    shot(page, "bulk-en")
    page.get_by_role("button", name="Edit a field").click()
    dialog = page.locator("#list-dialog")
    dialog.get_by_label("Field").select_option("priority")
    dialog.get_by_label("Priority").select_option("high")
    shot(page, "bulk-edit-en")
    dialog.get_by_role("button", name="Apply").click()
    expect(page.locator(".toast")).to_contain_text("90 records were changed.")
    expect(page.locator("tbody")).to_contain_text("High")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("90 records are as they were.")
    expect(page.locator("tbody")).not_to_contain_text("High")


def test_lists_look_right_in_arabic_and_on_a_phone(
    kitchen: Business, windows: Windows, language: Callable[..., None], axe: Callable[..., list[str]]
) -> None:
    page = opened(windows, kitchen, width=390, height=844)
    shot(page, "phone-en")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{kitchen.url}/kitchen/order?group=state&columns=subject,guests")
    page.locator("[data-group]").first.click()
    shot(page, "phone-groups-en")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    language(kitchen.owner, "ar")
    page = opened(windows, kitchen, theme="dark")
    shot(page, "list-ar")
    page.goto(f"{kitchen.url}/kitchen/order?group=client&columns=subject,guests,due_on")
    page.locator("[data-group]").first.click()
    expect(page.locator("tr[data-row]").first).to_be_visible()
    shot(page, "groups-ar")
    assert axe(page) == []
    page.goto(
        f'{kitchen.url}/kitchen/order/filter?where=[["state","eq","open"],{{"or":[["guests","gt",5],["due_on","within","this_week"]]}}]'
    )
    shot(page, "builder-ar")
    assert axe(page) == []
