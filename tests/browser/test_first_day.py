"""The first day of a business, as its owner lives it: from the sign-up to a record that a program reads back.

It must click and type only; what a person cannot do on the screen it does not do.
"""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from playwright.sync_api import Page, expect

from diwan.testing.chrome import Windows
from diwan.testing.live import Live

NORTHWIND = Path(__file__).parents[1] / "data" / "northwind"


def test_from_sign_up_to_the_api(windows: Windows, live: Live) -> None:
    page = windows.open()
    sign_up(page, live, f"owner-{uuid4().hex[:8]}@nakheel.example")
    switch_on_contacts(page)
    bring_the_data(page)
    record = edit_in_arabic(page)
    read_as_a_program(page, live, record)
    undo_the_second_import(page)
    log_out(page)


def sign_up(page: Page, live: Live, email: str) -> None:
    page.goto("/")
    page.get_by_role("link", name="Create").click()
    page.get_by_label("Name of your business").fill("Nakheel Trading")
    page.get_by_role("textbox", name="E-mail").fill(email)
    pick(page, "Country", "Kuwait")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("textbox", name="Code").fill(live.mail(email, r"\b\d{6}\b"))
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Your name").fill("Mariam Haddad")
    page.get_by_label(re.compile("^Password")).fill("seven quiet otters")
    page.get_by_role("button", name="Create the business").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome, Mariam")
    expect(page.locator(".tenant-button").first).to_contain_text("Nakheel Trading")


def switch_on_contacts(page: Page) -> None:
    menu(page, "Modules")
    page.get_by_role("button", name="Switch on Contacts").click()
    said(page, "Contacts is on.")


def bring_the_data(page: Page) -> None:
    """Import two files of a real company; columns are recognised."""
    menu(page, "Contacts")
    expect(page.get_by_text("No Contacts yet")).to_be_visible()
    import_file(page, "customers.csv", count=91)
    import_file(page, "suppliers.csv", count=29, role="Supplier")
    page.get_by_role("link", name="See the records").click()
    expect(page.locator(".toolbar-end .count")).to_have_text("120")


def edit_in_arabic(page: Page) -> str:
    """Find a record although nobody types its accent, edit it in Arabic; return its id."""
    page.get_by_role("searchbox", name="Search Contacts").press_sequentially("bolido")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.get_by_role("link", name="Bólido Comidas preparadas").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bólido Comidas preparadas")

    # Edit it in Arabic
    page.get_by_role("button", name="العربية").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.get_by_label("الاسم بالعربية").fill("بوليدو للأطعمة الجاهزة")
    page.get_by_role("button", name="حفظ").click()
    said(page, "Bólido Comidas preparadas")
    expect(page.get_by_label("الاسم بالعربية")).to_have_value("بوليدو للأطعمة الجاهزة")
    history = page.locator(".timeline li").first
    expect(history).to_contain_text("Mariam Haddad")
    expect(history).to_contain_text("بوليدو للأطعمة الجاهزة")
    record = urlsplit(page.url).path.rpartition("/")[2]
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    return record


def read_as_a_program(page: Page, live: Live, record: str) -> None:
    page.locator("[popovertarget=user-menu]").click()
    page.get_by_role("menuitem", name="API tokens").click()
    page.get_by_role("link", name="New token", exact=True).click()
    page.get_by_label("Name").fill("Accounting bridge")
    page.get_by_role("button", name="Create").click()
    token = page.get_by_label("The new token").input_value()
    read = call(live, f"/api/v1/contacts/contact/{record}", token)
    assert read["name"] == "Bólido Comidas preparadas"
    assert read["name_ar"] == "بوليدو للأطعمة الجاهزة"
    assert call(live, "/api/v1/contacts/contact?count=true", token)["count"]["number"] == 120


def undo_the_second_import(page: Page) -> None:
    menu(page, "Contacts")
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_role("link", name="suppliers.csv").click()
    page.get_by_role("button", name="Undo").click()
    page.locator("#confirm").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="The import was undone")).to_be_visible()
    page.get_by_role("link", name="See the records").click()
    expect(page.locator(".toolbar-end .count")).to_have_text("91")


def log_out(page: Page) -> None:
    """Log out: the page is closed to whoever sits down next."""
    inside = page.url
    page.locator("[popovertarget=user-menu]").click()
    page.get_by_role("menuitem", name="Log out").click()
    expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    page.goto(inside)
    expect(page).to_have_url(re.compile("/login"))


def import_file(page: Page, name: str, count: int, role: str = "") -> None:
    """Go through the wizard with a file whose columns are recognised."""
    page.get_by_role("link", name=re.compile("^Import( a| another|$)")).first.click()
    page.locator("input[type=file]").set_input_files(NORTHWIND / name)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Field for the column company_name")).to_have_value("name")
    expect(page.get_by_label("Field for the column contact_title")).to_have_value("job_title")
    if role:
        page.get_by_role("group", name="Roles").get_by_text(role, exact=True).click()
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_role("button", name=f"Import {count} rows").click()
    expect(page.get_by_role("heading", name=f"{count} records imported")).to_be_visible()


def menu(page: Page, name: str) -> None:
    """Click an entry of the side bar."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def said(page: Page, text: str) -> None:
    """Read the message in the corner."""
    expect(page.locator(".toast").first).to_contain_text(text)


def pick(page: Page, label: str, choice: str) -> None:
    """Choose in a list that filters as one types."""
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(choice)
    page.get_by_role("option", name=choice).click()


def call(live: Live, path: str, token: str) -> Any:
    """Ask the REST interface without any browser."""
    request = urllib.request.Request(live.url + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return json.load(answer)
