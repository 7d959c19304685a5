"""Every screen, in English and Arabic, light and dark, from the phone to the desk: axe, overflow, console, weight.

It must know each screen: a new one is added to `PAGES` or `STATES`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect
from sqlalchemy import text

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.imports import service as imports
from diwan.resources import Resource
from diwan.testing.chrome import Windows
from diwan.testing.live import Live
from diwan.testing.world import Business, Person

WIDTHS = (1440, 768, 390, 360)
LAYOUT = ["target-size", "scrollable-region-focusable"]
"""What may differ from width to width; the rest is the same page in the same colours."""
HEAVIEST = 200_000
"""Bytes over the wire of a first visit, with fonts, styles and scripts."""
ROWS = """name,e-mail,telephone
Cedar Furniture House,sales@cedar.example,+961 1 345 678
بيت الأرز للأثاث,not an address,+961 1 345 679
"""

PAGES = {
    "home": "",
    "modules": "/modules",
    "people": "/people",
    "roles of a person": "/people/{member}",
    "new role": "/people/roles/new",
    "settings": "/settings",
    "branding": "/settings/branding",
    "preferences": "/preferences",
    "customise navigation": "/preferences/navigation",
    "keyboard shortcuts": "/shortcuts",
    "arrange the home page": "/arrange",
    "tokens": "/tokens",
    "audit log": "/audit",
    "search": "/search?q=cedar",
    "search without results": "/search?q=zzzzzz",
    "list": "/contacts/contact",
    "list without matches": "/contacts/contact?q=zzzzzz",
    "list of archived": "/contacts/contact?archived=1",
    "list of another module": "/hello/greeting",
    "board": "/contacts/contact?as=board",
    "tree": "/contacts/contact?as=tree",
    "calendar": "/loans/loan?as=calendar",
    "pivot": "/contacts/contact?as=pivot&o.rows=country&o.columns=kind",
    "new record": "/contacts/contact/new",
    "record": "/contacts/contact/{record}",
    "import: upload": "/contacts/contact/import",
    "import: columns": "/contacts/contact/import/{mapped}",
    "import: check": "/contacts/contact/import/{checked}/check",
    "import: running": "/contacts/contact/import/{running}/run",
    "import: result": "/contacts/contact/import/{done}/result",
    "not found": "/contacts/nothing",
}


@dataclass
class Shown:
    """A business with something on each screen."""

    shop: Business
    places: dict[str, str]

    def path(self, page: str) -> str:
        return self.shop.url + PAGES[page].format(**self.places)


@pytest.fixture
def shown(live: Live, shop: Business) -> Shown:
    member = shop.member("contacts.contact.read")
    with shop.acting():
        with unit_of_work() as session:
            resource = current.lineup.resources["contacts.contact"]
            first = resources.create(
                resource,
                {"name": "Cedar Furniture House", "name_ar": "بيت الأرز للأثاث", "roles": ["customer", "supplier"],
                 "email": "office@cedar.example", "country": "LB", "city": "Beirut",
                 "address": [{"street": "Hamra Street 12", "city": "Beirut", "country": "LB"}]},
            )  # fmt: skip
            resources.create(resource, {"name": "شركة الأفق الأزرق", "roles": ["carrier"], "phone": "+965 2222 3333"})
            resources.update(resource, first.id, {"city": "Byblos"})
            member_id = session.scalar(
                text("SELECT id FROM core.membership WHERE tenant_id = :tenant AND user_id = :user"),
                {"tenant": shop.tenant.id, "user": member.id},
            )
        places = {"member": str(member_id), "record": str(first.id), **_runs(resource)}
    return Shown(shop, places)


def _runs(resource: Resource) -> dict[str, str]:
    """Make one import in each state that has a page of its own."""
    made = {}
    for state in ("mapped", "checked", "running", "done"):
        with unit_of_work():
            run = imports.start(resource, BytesIO(ROWS.encode()), "customers.csv", "text/csv")
            made[state] = run.id
            if state != "mapped":
                imports.set_mapping(run, run.columns, match_field="name")
                imports.begin_check(run)
    end = time.monotonic() + 60
    for state in ("checked", "running", "done"):
        while time.monotonic() < end:
            with unit_of_work() as session:
                run = imports.get_run(made[state])
                session.refresh(run)
                if run.state == "checked":
                    break
            time.sleep(0.1)
    with unit_of_work() as session:  # an import of two rows would be over before anybody looks
        run = imports.get_run(made["running"])
        run.state, run.done, run.total = "running", 1, 2
        session.flush()
    with unit_of_work():
        run = imports.get_run(made["done"])
        run.state = "done"
    return {state: str(id) for state, id in made.items()}


@pytest.mark.parametrize("code", ["en", "ar"])
def test_pages_of_a_business(
    windows: Windows, shown: Shown, axe: Callable[..., list[str]], language: Callable[[Person, str], None], code: str
) -> None:
    language(shown.shop.owner, code)
    page = windows.open(shown.shop.owner)
    wrong: list[str] = []
    for name in PAGES:
        page.goto(shown.path(name))
        wrong += [f"{name}: {fault}" for fault in _faults(page, axe, code)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("code", ["en", "ar"])
def test_pages_of_visitors(
    windows: Windows, live: Live, shop: Business, axe: Callable[..., list[str]], code: str
) -> None:
    page = windows.open()
    page.goto("/login")
    if code == "ar":
        page.get_by_role("button", name="العربية").click()
    wrong: list[str] = []

    def look(name: str) -> None:
        wrong.extend(f"{name}: {fault}" for fault in _faults(page, axe, code))

    look("login")
    page.goto("/forgot")
    look("forgot")
    page.locator("#f-email").fill(shop.owner.email)
    page.locator("main form button.primary").click()
    expect(page.locator(".note.ok")).to_be_visible()
    look("forgot, sent")
    page.goto(live.mail(shop.owner.email, r"https?://\S+/reset/\S+"))
    look("reset")
    page.goto("/sign-up")
    look("sign-up")
    email = f"{code}-{shop.tenant.slug}@example.com"
    page.locator("#f-business").fill("Nakheel")
    page.locator("#f-email").fill(email)
    page.locator("select[name=country]").evaluate("select => { select.value = 'KW' }")
    page.locator("select[name=language]").evaluate(f"select => {{ select.value = '{code}' }}")
    page.locator("main form button.primary").click()
    page.wait_for_url("**/sign-up/code")
    look("code")
    page.locator("#f-code").fill("000000")
    page.locator("main form button.primary").click()
    expect(page.locator(".err, .note.bad").first).to_be_visible()
    look("wrong code")
    page.locator("#f-code").fill(live.mail(email, r"\b\d{6}\b"))
    page.locator("main form button.primary").click()
    page.wait_for_url("**/sign-up/password")
    look("password")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("code", ["en", "ar"])
def test_states_of_pages(
    windows: Windows, shown: Shown, axe: Callable[..., list[str]], language: Callable[[Person, str], None], code: str
) -> None:
    shop = shown.shop
    language(shop.owner, code)
    page = windows.open(shop.owner)
    wrong: list[str] = []

    def look(name: str, *, widths: bool = True) -> None:
        faults = _faults(page, axe, code) if widths else axe(page)
        wrong.extend(f"{name}: {fault}" for fault in faults)

    page.goto(shown.path("new record"))
    page.locator("[data-save]").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    look("form with errors")
    page.goto(shown.path("record"))
    page.locator("[name=version]").evaluate("input => { input.value = 1 }")
    page.locator("#f-city").fill("Tyre")
    page.locator("[data-save]").click()
    expect(page.locator(".conflict")).to_be_visible()
    look("conflict")
    page.goto(shown.path("tokens"))
    page.locator("#f-name").fill("Bridge")
    page.locator(".inline-form button.primary").click()
    expect(page.locator("#fresh-token")).to_be_visible()
    look("fresh token")
    page.goto("/choose")
    look("choose")
    page.goto("/businesses/new")
    look("new business")
    reader = windows.open(shop.member("contacts.contact.read"))
    reader.goto(shown.path("record"))
    wrong.extend(f"read only: {fault}" for fault in axe(reader))
    reader.goto(shown.path("people"))
    wrong.extend(f"denied: {fault}" for fault in axe(reader))

    page.goto(shown.path("list"))
    for menu in ("tenant-menu", "user-menu", "theme-menu", "filter-panel"):
        page.locator(f"[popovertarget={menu}]").click()
        expect(page.locator(f"#{menu}")).to_be_visible()
        look(menu, widths=False)
        page.keyboard.press("Escape")
    page.locator("[data-select-row]").first.check()
    expect(page.locator("[data-bulk]")).to_be_visible()
    look("selected rows")
    page.goto(shown.path("record"))
    page.locator("[data-field=country] input.control").click()
    expect(page.locator("[role=option]").first).to_be_visible()
    look("open list of countries", widths=False)
    page.keyboard.press("Escape")
    page.locator("[popovertarget=record-menu]").click()
    page.locator("#record-menu .danger").click()
    expect(page.locator("#confirm")).to_be_visible()
    look("question", widths=False)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("code", ["en", "ar"])
def test_a_first_visit_is_light(
    windows: Windows, shown: Shown, language: Callable[[Person, str], None], code: str
) -> None:
    language(shown.shop.owner, code)
    for place in ("list", "record", "board"):
        page = windows.open(shown.shop.owner)
        answers: list[Response] = []
        page.on("response", lambda answer, seen=answers: seen.append(answer))
        page.goto(shown.path(place), wait_until="networkidle")
        sizes = {answer.url: sum(_sent(answer)) for answer in answers}
        assert len(sizes) > 3  # the page, its style, its scripts, its fonts
        assert sum(sizes.values()) <= HEAVIEST, sizes


def _sent(answer: Response) -> tuple[int, int]:
    sizes: Any = answer.request.sizes()
    return sizes["responseHeadersSize"], sizes["responseBodySize"]


def _faults(page: Page, axe: Callable[..., list[str]], code: str) -> list[str]:
    """Look at the page on the screen in both themes and at each width."""
    root = page.locator("html")
    expect(root).to_have_attribute("lang", code)
    expect(root).to_have_attribute("dir", "rtl" if code == "ar" else "ltr")
    expect(page.locator(".skeleton")).to_have_count(0)
    faults = axe(page)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    faults += [f"dark: {fault}" for fault in axe(page, ["color-contrast"])]
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"wider than {width} px")
        if width == 390:
            faults += [f"on a phone: {fault}" for fault in axe(page, LAYOUT)]
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    return faults
