"""Forms at the screen: lines by keyboard, totals, tabs, a lost connection, drafts, records made in a picker.

Everything is typed and clicked; only records that are not the matter are prepared.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.chrome import Windows
from diwan.testing.world import Business, Person, World

Check = Callable[..., list[str]]


@pytest.fixture
def kitchen(live_world: World) -> Business:
    return live_world.business("kitchen")


def make(business: Business, **values: object) -> str:
    with business.acting(), unit_of_work():
        return str(resources.create(current.lineup.resources["kitchen.order"], {"subject": "Lunch", **values}).id)


def save(page: Page) -> None:
    page.locator("#record-form [data-save]").click()


def said(page: Page, sentence: str) -> None:
    expect(page.locator(".toasts")).to_contain_text(sentence)


def items(page: Page) -> list[str]:
    return (
        page.locator("ui-lines tbody tr:not([hidden])")
        .get_by_label("Item")
        .evaluate_all("all => all.map(i => i.value)")
    )


def test_lines_by_keyboard_alone(windows: Windows, kitchen: Business) -> None:
    page = windows.open(kitchen.owner)
    page.goto(f"{kitchen.url}/kitchen/order/new")
    page.locator("#f-subject").fill("Wedding")
    page.locator("[data-line-add]").focus()
    page.keyboard.press("Enter")
    keys = page.keyboard
    for item, price in (("Rice", "1.250"), ("Lamb", "4"), ("Tea", "0.5")):
        keys.type(item)
        keys.press("Tab")
        keys.type("2")
        keys.press("Tab")
        keys.type(price)
        if item != "Tea":
            keys.press("Enter")  # the next line
            page.locator("ui-lines tbody tr").last.get_by_label("Item").focus()
    rows = page.locator("ui-lines tbody tr:not([hidden])")
    expect(rows).to_have_count(3)
    expect(rows.nth(1).locator("[data-computed]")).to_contain_text("8.000")
    expect(page.locator("[data-field=total] .value")).to_contain_text("11.500")

    keys.press("Alt+ArrowUp")
    assert items(page) == ["Rice", "Tea", "Lamb"]
    keys.press("Control+d")
    assert items(page) == ["Rice", "Tea", "Tea", "Lamb"]
    expect(page.locator("[data-field=total] .value")).to_contain_text("12.500")
    keys.press("Control+Delete")
    expect(rows).to_have_count(3)
    page.locator("[data-line-undo]").click()
    expect(rows).to_have_count(4)
    keys.press("Control+s")
    said(page, "Wedding was created.")
    assert items(page) == ["Rice", "Tea", "Tea", "Lamb"]
    # Taken away, saved rows come back too.
    rows.first.locator("[data-line-remove]").click()
    expect(rows).to_have_count(3)
    page.locator("[data-line-undo]").click()
    expect(rows).to_have_count(4)
    rows.first.get_by_label("Item").focus()
    keys.press("Alt+ArrowDown")
    save(page)
    said(page, "was saved")
    assert items(page) == ["Tea", "Rice", "Tea", "Lamb"]


def test_tabs_open_where_something_is_wrong(windows: Windows, kitchen: Business) -> None:
    page = windows.open(kitchen.owner)
    page.goto(f"{kitchen.url}/kitchen/order/new")
    page.locator("#f-subject").fill("Wedding")
    tabs = page.get_by_role("tab")
    expect(page.locator("#f-colour")).to_be_hidden()
    tabs.first.focus()
    page.keyboard.press("End")
    expect(tabs.last).to_have_attribute("aria-selected", "true")
    page.locator("#f-guests").fill("none")
    page.keyboard.press("Tab")
    expect(page.locator("#f-guests-error")).to_be_visible()  # the server says so before anything is saved
    page.keyboard.press("Home")
    tabs.first.click()
    save(page)
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(tabs.last).to_have_attribute("aria-selected", "true")
    expect(tabs.last).to_have_class("wrong")
    expect(page.locator("#f-guests")).to_have_value("none")
    page.locator("#f-guests").fill("12")
    save(page)
    said(page, "Wedding was created.")

    plain = windows.open(kitchen.owner, javascript=False)
    plain.goto(f"{kitchen.url}/kitchen/order/new")
    expect(plain.locator("#f-colour")).to_be_visible()
    expect(plain.locator("#f-due_on")).to_be_visible()
    plain.locator("#f-subject").fill("By hand")
    plain.locator("[name=line-0-item]").fill("Soup")
    save(plain)
    expect(plain.locator("[name=line-0-item]")).to_have_value("Soup")


def test_a_lost_connection_loses_nothing(windows: Windows, kitchen: Business) -> None:
    page = windows.open(kitchen.owner)
    page.goto(f"{kitchen.url}/kitchen/order/new")
    page.locator("#f-subject").fill("Typed in a tunnel")
    page.context.set_offline(True)
    save(page)
    expect(page.locator(".save-bar")).to_contain_text("Your work is still here")
    expect(page.locator("#f-subject")).to_have_value("Typed in a tunnel")
    page.context.set_offline(False)
    save(page)
    said(page, "Typed in a tunnel was created.")
    windows.complaints[:] = [line for line in windows.complaints if "ERR_INTERNET_DISCONNECTED" not in line]


def test_unsaved_work_is_offered_again(windows: Windows, kitchen: Business) -> None:
    order = make(kitchen)
    page = windows.open(kitchen.owner)
    place = f"{kitchen.url}/kitchen/order/{order}"
    page.goto(place)
    with page.expect_response(re.compile("/draft$")):
        page.locator("#f-subject").fill("Half a thought")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{kitchen.url}/kitchen/order")
    page.goto(place)
    expect(page.locator("#f-subject")).to_have_value("Lunch")
    page.get_by_role("link", name="Restore them").click()
    expect(page.locator("#f-subject")).to_have_value("Half a thought")
    expect(page.get_by_text("Unsaved changes", exact=True)).to_be_visible()
    save(page)
    said(page, "Half a thought was saved.")
    page.reload()
    expect(page.get_by_role("link", name="Restore them")).to_have_count(0)


def test_a_picker_makes_what_it_does_not_find(windows: Windows, kitchen: Business) -> None:
    page = windows.open(kitchen.owner)
    page.goto(f"{kitchen.url}/kitchen/order/new")
    page.locator("#f-subject").fill("Wedding")
    page.locator("#f-client").fill("Acme Foods")
    page.get_by_role("option", name="Create “Acme Foods”").click()
    expect(page.locator("#f-client")).to_have_value("Acme Foods")
    expect(page.locator("[data-field=client] .open-ref")).to_be_visible()
    page.locator("#f-parent").fill("Season 2027")
    page.get_by_role("option", name="Create “Season 2027”").click()
    expect(page.locator("#f-parent")).to_have_value("Season 2027")
    save(page)
    said(page, "Wedding was created.")
    expect(page.locator("#f-client")).to_have_value("Acme Foods")


def test_two_people_in_different_fields(windows: Windows, kitchen: Business) -> None:
    order = make(kitchen, note="old")
    slow, quick = windows.open(kitchen.owner), windows.open(kitchen.owner)
    for page in (slow, quick):
        page.goto(f"{kitchen.url}/kitchen/order/{order}")
    quick.locator("#f-subject").fill("Late lunch")
    save(quick)
    said(quick, "was saved")
    slow.locator("#f-priority").select_option("high")
    save(slow)
    slow.get_by_role("button", name="Keep both changes").click()
    said(slow, "Late lunch was saved.")
    expect(slow.locator("#f-priority")).to_have_value("high")


@pytest.mark.parametrize(
    ("code", "theme", "width"), [("en", "light", 1440), ("ar", "dark", 1440), ("ar", "light", 390)]
)
def test_forms_have_no_violation(
    windows: Windows, kitchen: Business, axe: Check, language: Callable[[Person, str], None],
    code: str, theme: str, width: int,
) -> None:  # fmt: skip
    order = make(kitchen, line=[{"item": "Rice", "price": "2"}])
    language(kitchen.owner, code)
    page = windows.open(kitchen.owner, theme=theme, width=width)
    page.goto(f"{kitchen.url}/kitchen/order/{order}")
    expect(page.get_by_role("tab").first).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
