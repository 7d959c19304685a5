"""What people do on other days: colleagues, passwords, two windows, lists, keyboards, two businesses, modules.

It must prepare through the test kit only what is not the matter of the test, and click all the rest.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.chrome import Windows
from diwan.testing.live import Live
from diwan.testing.world import Business, World

CONTACT = "contacts.contact"
WORD = "three calm herons"


def test_a_colleague_who_may_only_read(windows: Windows, live: Live, live_world: World) -> None:
    shop = live_world.business("hello")
    owner = windows.open(shop.owner)
    owner.goto(f"{shop.url}/modules")
    owner.get_by_role("button", name="Switch on Contacts").click()
    said(owner, "Contacts is on.")
    owner.goto(f"{shop.url}/contacts/contact/new")
    owner.get_by_label("Name").first.fill("Falcon Auto Parts")
    save(owner)
    said(owner, "Falcon Auto Parts was created.")

    owner.goto(f"{shop.url}/people")
    owner.get_by_role("link", name="Invite people").click()
    email = f"reader-{shop.tenant.slug}@example.com"
    owner.get_by_role("textbox", name="E-mail").fill(email)
    chips = owner.get_by_role("group", name="Roles")
    for chosen in chips.locator("input:checked").all():
        chosen.uncheck(force=True)
    chips.get_by_text("Contacts: reader").click()
    owner.get_by_role("button", name="Send invitation").click()
    said(owner, f"The invitation to {email} is on its way.")

    reader = windows.open()
    reader.goto(path_of(live.mail(email, r"https?://\S+/invitation/\S+")))
    reader.get_by_role("textbox", name="Your name").fill("Yousef Karam")
    reader.get_by_label(re.compile("^Password")).fill(WORD)
    reader.get_by_role("button", name="Join").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("Welcome, Yousef")
    entries = reader.get_by_role("navigation", name="Main").get_by_role("link")
    expect(entries.filter(has_text="Contacts")).to_be_visible()
    expect(entries.filter(has_text="Modules")).to_have_count(0)

    entries.filter(has_text="Contacts").click()
    row = reader.get_by_role("link", name="Falcon Auto Parts")
    expect(row).to_be_visible()
    for forbidden in ("New", "Import"):
        expect(reader.locator(".page-head").get_by_text(forbidden)).to_have_count(0)
    expect(reader.locator("[data-select-row]")).to_have_count(0)
    row.click()
    expect(reader.get_by_role("heading", name="Activity")).to_be_visible()
    expect(reader.get_by_role("button", name="Save")).to_have_count(0)
    # Whoever writes the form that the page does not offer is refused.
    answer = reader.request.post(reader.url, form={"csrf_token": csrf(reader), "name": "Mine now"})
    assert answer.status == 403
    reader.reload()
    expect(reader.get_by_role("heading", level=1)).to_have_text("Falcon Auto Parts")


def test_a_forgotten_password(windows: Windows, live: Live, shop: Business) -> None:
    page = windows.open()
    page.goto("/login")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_role("textbox", name="E-mail").fill(shop.owner.email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_text("a link is on its way")).to_be_visible()

    page.goto(path_of(live.mail(shop.owner.email, r"https?://\S+/reset/\S+")))
    page.get_by_label(re.compile("^Password")).fill("short")
    page.get_by_role("button", name="Save the password").click()
    expect(page.locator(".field .err")).to_be_visible()
    page.get_by_label(re.compile("^Password")).fill(WORD)
    page.get_by_role("button", name="Save the password").click()
    said(page, "Your new password is set.")

    page.locator("[popovertarget=user-menu]").click()
    page.get_by_role("menuitem", name="Log out").click()
    expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    page.go_back()  # nor does the browser remember the page
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_role("textbox", name="E-mail").fill(shop.owner.email)
    page.get_by_label(re.compile("^Password")).fill(WORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome, Test")


def test_two_windows_change_one_record(windows: Windows, shop: Business) -> None:
    (record,) = add(shop, {"name": "Zahra Textiles", "city": "Amman", "phone": "+962 6 465 0001"})
    slow, quick = windows.open(shop.owner), windows.open(shop.owner)
    for page in (slow, quick):
        page.goto(f"{shop.url}/contacts/contact/{record}")
    quick.get_by_role("textbox", name="City").fill("Aqaba")
    quick.locator("#f-phone").fill("+962 6 465 0002")
    save(quick)
    said(quick, "Zahra Textiles was saved.")

    slow.get_by_role("textbox", name="City").fill("Irbid")
    slow.locator("#f-phone").fill("+962 6 465 0003")
    save(slow)
    conflict = slow.locator(".conflict")
    expect(conflict).to_contain_text("Test Person changed this record while you were editing")
    expect(conflict.get_by_role("row", name="City")).to_contain_text("Irbid")
    expect(conflict.get_by_role("row", name="City")).to_contain_text("Aqaba")
    expect(slow.get_by_role("textbox", name="City")).to_have_value("Irbid")
    conflict.get_by_role("radio", name="Take theirs: City").check()
    save(slow)
    said(slow, "Zahra Textiles was saved.")
    expect(slow.get_by_role("textbox", name="City")).to_have_value("Aqaba")
    expect(slow.locator("#f-phone")).to_have_value("+96264650003")


def test_typed_work_is_not_lost(windows: Windows, shop: Business) -> None:
    page = windows.open(shop.owner)
    page.goto(f"{shop.url}/contacts/contact/new")
    page.get_by_label("City").fill("Muscat")
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Home").click(no_wait_after=True)
    expect(page.get_by_label("City")).to_have_value("Muscat")
    assert asked == ["beforeunload"]

    # A name is missing: the page says so and keeps what was typed.
    page.get_by_role("textbox", name="E-mail").fill("nobody@example.com")
    page.get_by_role("group", name="Roles").get_by_text("Supplier").click()
    save(page)
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.get_by_label("City")).to_have_value("Muscat")
    expect(page.get_by_role("textbox", name="E-mail")).to_have_value("nobody@example.com")
    expect(page.get_by_role("checkbox", name="Supplier")).to_be_checked()
    page.locator("[data-error-summary]").get_by_role("link", name="Name").click()
    expect(page.locator("#f-name")).to_be_focused()
    page.keyboard.type("Gulf Marine")
    page.keyboard.press("Control+s")
    said(page, "Gulf Marine was created.")


def test_lines_of_a_record(windows: Windows, shop: Business) -> None:
    (record,) = add(shop, {"name": "Petra Building Materials"})
    page = windows.open(shop.owner)
    page.goto(f"{shop.url}/contacts/contact/{record}")
    addresses = page.get_by_role("group", name="Further addresses")
    for street in ("Harbour Road 1", "Market Street 2"):
        addresses.get_by_role("button", name="Add a line").click()
        addresses.locator("tbody tr").last.get_by_label("Street").fill(street)
    save(page)
    said(page, "was saved")
    expect(addresses.locator("tbody tr")).to_have_count(2)
    expect(addresses.get_by_label("Street").first).to_have_value("Harbour Road 1")
    addresses.get_by_role("button", name="Remove the line").first.click()
    save(page)
    expect(addresses.locator("tbody tr")).to_have_count(1)
    expect(addresses.get_by_label("Street")).to_have_value("Market Street 2")
    # A line without its street is marked where it is wrong.
    addresses.get_by_role("button", name="Add a line").click()
    addresses.locator("tbody tr").last.get_by_label("City").fill("Sidon")
    save(page)
    expect(addresses.locator("tbody tr").last.locator(".err")).to_be_visible()
    expect(addresses.locator("tbody tr").last.get_by_label("City")).to_have_value("Sidon")


def test_a_list_of_two_hundred(windows: Windows, shop: Business) -> None:
    seed = [
        {"name": f"Client {n:03}", "country": "KW" if n % 4 == 0 else "JO", "city": f"Town {900 - n}"}
        for n in range(200)
    ]
    add(shop, *seed)
    page = windows.open(shop.owner)
    page.goto(f"{shop.url}/contacts/contact")
    rows, count, first = (
        page.locator("tr[data-row]"),
        page.locator(".toolbar-end .count"),
        page.locator("a.row-title").first,
    )
    expect(count).to_have_text("200")
    expect(rows).to_have_count(80)

    # Forward to the end, and back with the pager and with the browser
    for name in ("Client 080", "Client 160"):
        page.get_by_role("link", name="Next page").click()
        expect(first).to_have_text(name)
    expect(rows).to_have_count(40)
    expect(page.get_by_role("link", name="Next page")).to_have_count(0)
    page.get_by_role("link", name="Previous page").click()
    expect(first).to_have_text("Client 080")
    page.go_back()
    expect(first).to_have_text("Client 160")

    # Sort, filter, search; each keeps the others
    page.get_by_role("link", name="City").click()
    expect(first).to_have_text("Client 199")
    page.get_by_role("button", name="Filter").click()
    page.locator("#filter-panel").get_by_label("Country").select_option("KW")
    page.get_by_role("button", name="Apply").click()
    expect(count).to_have_text("50")
    expect(first).to_have_text("Client 196")
    page.get_by_role("searchbox", name="Search Contacts").press_sequentially("client 10")
    expect(rows).to_have_count(3)
    expect(first).to_have_text("Client 108")
    page.get_by_role("link", name="Remove the filter Country").click()
    expect(rows).to_have_count(10)

    # Archive some at once, and bring them back
    page.get_by_role("checkbox", name="Select Client 109").click()
    page.get_by_role("checkbox", name="Select Client 106").click(modifiers=["Shift"])
    expect(page.locator("[data-count]")).to_have_text("4 selected")
    page.locator("[data-bulk]").get_by_role("button", name="Archive").click()
    said(page, "4 records were archived.")
    expect(count).to_have_text("6")  # the search stays
    page.get_by_role("link", name="Archived").click()
    expect(rows).to_have_count(4)
    page.get_by_role("checkbox", name="Select all on this page").check()
    page.locator("[data-bulk]").get_by_role("button", name="Restore").click()
    said(page, "4 records were restored.")
    page.get_by_role("link", name="Active").click()
    expect(count).to_have_text("10")


def test_by_keyboard(windows: Windows, shop: Business) -> None:
    add(shop, {"name": "Cedar Furniture House"}, {"name": "Blue Horizon Marine"})
    page = windows.open(shop.owner)
    page.goto(shop.url)
    everything = page.locator("#palette").get_by_role("combobox")
    page.keyboard.press("Control+k")
    expect(everything).to_be_focused()
    page.keyboard.type("cedar")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Cedar Furniture House")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cedar Furniture House")
    page.keyboard.press("/")
    expect(everything).to_be_focused()
    expect(everything).to_have_value("")
    page.keyboard.press("Escape")
    expect(everything).to_be_hidden()

    # A menu: open, walk, close; the focus comes back
    page.get_by_role("button", name="More actions").press("Enter")
    expect(page.locator("#record-menu [role=menuitem]").first).to_be_focused()
    page.keyboard.press("ArrowUp")  # round to the last
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#confirm")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#confirm")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cedar Furniture House")

    # A picker of records
    page.get_by_role("combobox", name="Organisation").focus()
    page.keyboard.type("blue")
    expect(page.get_by_role("option", name="Blue Horizon Marine")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Organisation")).to_have_value("Blue Horizon Marine")
    page.keyboard.press("Control+s")
    said(page, "Cedar Furniture House was saved.")
    expect(page.get_by_role("combobox", name="Organisation")).to_have_value("Blue Horizon Marine")


def test_a_person_with_two_businesses(windows: Windows, shop: Business) -> None:
    add(shop, {"name": "Only in the first"})
    page = windows.open(shop.owner)
    page.goto(shop.url)
    page.locator("[popovertarget=tenant-menu]").click()
    page.get_by_role("menuitem", name="New business").click()
    page.get_by_role("textbox", name="Name of your business").fill("Second Harbour")
    combobox = page.get_by_role("combobox", name="Country")
    combobox.click()
    combobox.fill("Oman")
    page.get_by_role("option", name="Oman", exact=False).first.click()
    page.get_by_role("button", name="Create the business").click()
    switch = page.locator("[popovertarget=tenant-menu]")
    expect(switch).to_contain_text("Second Harbour")
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Contacts")).to_have_count(0)

    switch.click()
    page.get_by_role("menuitem", name="Switch business").click()
    page.get_by_role("link", name="Test business").click()
    expect(switch).to_contain_text("Test business")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Contacts").click()
    expect(page.get_by_role("link", name="Only in the first")).to_be_visible()


def test_a_module_goes_and_comes_back(windows: Windows, live_world: World) -> None:
    shop = live_world.business("contacts", "hello")  # others would need it
    (record,) = add(shop, {"name": "Still here afterwards"})
    page = windows.open(shop.owner)
    page.goto(f"{shop.url}/modules")
    entry = page.get_by_role("navigation", name="Main").get_by_role("link", name="Contacts")
    expect(entry).to_be_visible()
    page.get_by_role("button", name="Switch off Contacts").click()
    page.locator("#confirm").get_by_role("button", name="Switch off").click()
    said(page, "Contacts is off; its data is kept.")
    expect(entry).to_have_count(0)
    for gone in ("", "/new", f"/{record}", "/import"):
        answer = page.goto(f"{shop.url}/contacts/contact{gone}")
        assert answer is not None
        assert answer.status == 404
    page.goto(f"{shop.url}/modules")
    page.get_by_role("button", name="Switch on Contacts").click()
    said(page, "Contacts is on.")
    entry.click()
    expect(page.get_by_role("link", name="Still here afterwards")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_contact_is_made_with_and_without_scripts(windows: Windows, shop: Business, javascript: bool) -> None:
    page = windows.open(shop.owner, javascript=javascript)
    page.goto(f"{shop.url}/contacts/contact/new")
    page.locator("#f-name").fill("Plain Paper Company")
    page.locator('[name="address-0-street"]').fill("Quay 4") if not javascript else None
    save(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Plain Paper Company")
    said(page, "Plain Paper Company was created.")


def add(shop: Business, *records: dict[str, Any]) -> list[UUID]:
    """Store contacts, through the resource layer."""
    with shop.acting(), unit_of_work():
        resource = current.lineup.resources[CONTACT]
        return [resources.create(resource, values).id for values in records]


def save(page: Page) -> None:
    page.locator("[data-save]").click()


def said(page: Page, text: str) -> None:
    """Read the message in the corner."""
    expect(page.locator(".toast").filter(has_text=text).first).to_be_visible()


def csrf(page: Page) -> str:
    return page.get_attribute("meta[name=csrf-token]", "content") or ""


def path_of(url: str) -> str:
    return urlsplit(url).path
