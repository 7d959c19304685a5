"""Every screen, in English and Arabic, light and dark, from the phone to the desk: axe, overflow, console, weight.

It must know each screen: a new one is added to `PAGES`, or is a state that a test walks to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from diwan.testing.chrome import Windows
from diwan.testing.live import Live
from diwan.testing.world import Business, Person

WIDTHS = (1440, 768, 390, 360)
LAYOUT = ["target-size", "scrollable-region-focusable"]
"""What may differ from width to width; the rest is the same page in the same colours."""
HEAVIEST = 200_000
"""Bytes over the wire of the fonts, styles and scripts of a first visit: what every screen brings along."""
LIGHT = ("list", "record", "order with everything around it", "board", "calendar: month", "pivot", "tree")
LONGEST = 25_000
"""Bytes of a page itself: it comes again with each visit."""

WHERE = '[["state","eq","open"],{{"or":[["guests","gt",1],["due_on","within","this_week"]]}}]'
PIVOT = "/kitchen/order?as=pivot&o.rows=state&o.columns=priority&o.measure=sum:guests&o.chart="
CHARTS = ("line", "area", "pie", "donut", "funnel", "none")

PAGES = {
    "home": "",
    "modules": "/modules",
    "people": "/people",
    "roles of a person": "/people/{member}",
    "new role": "/people/roles/new",
    "settings": "/settings",
    "branding": "/settings/branding",
    "own fields": "/settings/fields",
    "own fields of orders": "/settings/fields/kitchen/order",
    "what an own field holds": "/settings/fields/kitchen/order/new",
    "new own field": "/settings/fields/kitchen/order/new?kind=choice",
    "own field": "/settings/fields/kitchen/order/{own}",
    "settings of a module": "/settings/kitchen",
    "preferences": "/preferences",
    "customise navigation": "/preferences/navigation",
    "keyboard shortcuts": "/shortcuts",
    "arrange the home page": "/arrange",
    "tokens": "/tokens",
    "tasks": "/tasks",
    "notifications": "/notifications",
    "interactive API reference": "/api",
    "page of a module": "/kitchen/hob",
    "audit log": "/audit",
    "search": "/search?q=cedar",
    "search without results": "/search?q=zzzzzz",
    "list": "/contacts/contact",
    "list without matches": "/contacts/contact?q=zzzzzz",
    "list of archived": "/contacts/contact?archived=1",
    "list of another module": "/hello/greeting",
    "list in groups": "/kitchen/order?group=state&columns=subject,guests",
    "list filtered by conditions": "/kitchen/order?where=" + WHERE,
    "filter builder": "/kitchen/order/filter?where=" + WHERE,
    "new view": "/kitchen/order/views/new",
    "board": "/kitchen/order?as=board",
    "board of loans": "/loans/loan?as=board",
    "tree": "/kitchen/order?as=tree",
    "calendar: month": "/kitchen/order?as=calendar&o.day=2026-11-10",
    "calendar: week": "/kitchen/order?as=calendar&o.span=week&o.day=2026-11-10",
    "calendar: day": "/kitchen/order?as=calendar&o.span=day&o.day=2026-11-10",
    "pivot": PIVOT + "bar",
    "new record": "/contacts/contact/new",
    "record": "/contacts/contact/{record}",
    "new order": "/kitchen/order/new",
    "order with everything around it": "/kitchen/order/{order}",
    "what lies around a record": "/kitchen/order/{order}/around",
    "a record's life-cycle": "/loans/loan/{loan}",
    "form of an action": "/kitchen/order/{order}/do/reduce",
    "long action": "/kitchen/order/{order}/do/cook/jobs/{long}",
    "many records changed": "/kitchen/order/bulk/jobs/{many}",
    "import: upload": "/contacts/contact/import",
    "import: columns": "/contacts/contact/import/{mapped}",
    "import: check": "/contacts/contact/import/{checked}/check",
    "import: running": "/contacts/contact/import/{running}/run",
    "import: result": "/contacts/contact/import/{done}/result",
    "not found": "/contacts/nothing",
}


@pytest.mark.parametrize("code", ["en", "ar"])
def test_pages_of_a_business(
    windows: Windows, shown: Any, axe: Callable[..., list[str]], language: Callable[[Person, str], None], code: str
) -> None:
    language(shown.shop.owner, code)
    page = windows.open(shown.shop.owner)
    wrong: list[str] = []
    for name, address in PAGES.items():
        page.goto(shown.address(address))
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
    windows: Windows, shown: Any, axe: Callable[..., list[str]], language: Callable[[Person, str], None], code: str
) -> None:
    shop = shown.shop
    language(shop.owner, code)
    page = windows.open(shop.owner)
    wrong: list[str] = []

    def look(name: str, *, widths: bool = True) -> None:
        faults = _faults(page, axe, code) if widths else axe(page)
        wrong.extend(f"{name}: {fault}" for fault in faults)

    page.goto(shown.address(PAGES["new record"]))
    page.locator("[data-save]").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    look("form with errors")
    page.goto(shown.address(PAGES["record"]))
    page.locator("[name=version]").evaluate("input => { input.value = 1 }")
    page.locator("#f-city").fill("Tyre")
    page.locator("[data-save]").click()
    expect(page.locator(".conflict")).to_be_visible()
    look("conflict")
    page.goto(shown.address("/tokens/new"))
    page.locator("#f-name").fill("Bridge")
    page.locator(".token-form button.primary").click()
    expect(page.locator("#fresh-token")).to_be_visible()
    look("fresh token")
    page.goto("/choose")
    look("choose")
    page.goto("/businesses/new")
    look("new business")
    reader = windows.open(shop.member("contacts.contact.read"))
    reader.goto(shown.address(PAGES["record"]))
    wrong.extend(f"read only: {fault}" for fault in axe(reader))
    reader.goto(shown.address(PAGES["people"]))
    wrong.extend(f"denied: {fault}" for fault in axe(reader))

    page.goto(shown.address(PAGES["list"]))
    for menu in ("tenant-menu", "user-menu", "theme-menu", "filter-panel"):
        page.locator(f"[popovertarget={menu}]").click()
        expect(page.locator(f"#{menu}")).to_be_visible()
        look(menu, widths=False)
        page.keyboard.press("Escape")
    page.locator("[data-select-row]").first.check()
    expect(page.locator("[data-bulk]")).to_be_visible()
    look("selected rows")
    page.goto(shown.address(PAGES["record"]))
    page.locator("[data-field=country] input.control").click()
    expect(page.locator("[role=option]").first).to_be_visible()
    look("open list of countries", widths=False)
    page.keyboard.press("Escape")
    page.locator("[popovertarget=record-menu]").click()
    page.locator("#record-menu .danger").click()
    expect(page.locator("#confirm")).to_be_visible()
    look("question", widths=False)
    assert not wrong, "\n".join(wrong)


def _opened(page: Page, axe: Callable[..., list[str]], shows: str) -> list[str]:
    """Return the faults of what is open now, by day and by night, on the desk and the phone."""
    expect(page.locator(shows).first).to_be_visible()
    faults = axe(page)
    page.set_viewport_size({"width": 360, "height": 800})
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append("wider than 360 px")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    faults += [f"dark: {fault}" for fault in axe(page, ["color-contrast"])]
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    return faults


@pytest.mark.parametrize("code", ["en", "ar"])
def test_dialogs_and_menus(
    windows: Windows, shown: Any, axe: Callable[..., list[str]], language: Callable[[Person, str], None], code: str
) -> None:
    """What opens over a page is looked at in both themes; the page below it is one of PAGES."""
    language(shown.shop.owner, code)
    page = windows.open(shown.shop.owner)
    wrong: list[str] = []

    def look(name: str, shows: str) -> None:
        wrong.extend(f"{name}: {fault}" for fault in _opened(page, axe, shows))

    orders = shown.shop.url + "/kitchen/order"
    page.goto(orders)
    for panel in ("columns-panel", "sort-panel", "group-menu", "view-menu", "launcher", "export-menu"):
        page.locator(f"[popovertarget={panel}]").click()
        look(panel, f"#{panel}:popover-open")
        page.keyboard.press("Escape")
    dialog = "#list-dialog[open] #dialog-part"
    page.locator("[popovertarget=filter-panel]").click()
    page.locator("#filter-panel [data-dialog]").click()
    page.locator(f"{dialog} select[name$='.field']").first.select_option("due_on")
    look("filter builder", f"{dialog} select[name$='.op']")
    page.keyboard.press("Escape")
    page.locator("[popovertarget=view-menu]").click()
    page.locator("#view-menu [data-dialog]").first.click()
    look("save view", f"{dialog} [name=name]")
    page.keyboard.press("Escape")
    page.locator("[data-select-row]").first.check()
    page.locator("[data-bulk] [data-dialog][formaction$='/bulk/edit']").click()
    page.locator(f"{dialog} [name=field]").select_option("priority")
    look("bulk edit", f"{dialog} #bulk-value")
    page.keyboard.press("Escape")
    page.locator("tr[data-row] td").nth(4).dblclick()
    look("cell in its place", ".cell-form")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("dinner")
    look("palette", "#palette [aria-selected=true] >> text=Dinner")
    page.goto(shown.address(PAGES["order with everything around it"]))
    expect(page.locator("[data-around]")).to_be_visible()
    page.locator("a[data-dialog][href$='/do/reduce']").first.click()
    look("form of an action", f"{dialog} [name=discount]")
    page.goto(orders + "?as=board")
    page.locator("[data-card-menu]").first.click()
    look("menu of a card", "#card-menu:popover-open")
    page.goto(shown.address(PAGES["calendar: month"]))
    page.locator(".cal-month .cal-event").first.hover()
    page.locator(".cal-month [data-event-menu]").first.click()
    look("to move in a calendar", "#event-menu:popover-open")
    page.goto(shown.shop.url + "/loans/loan/new")
    page.locator("#f-borrower").fill("Nobody knows her")
    look("new record in a picker", "[role=option] >> text=Nobody knows her")
    for kind in CHARTS:
        page.goto(shown.shop.url + PIVOT + kind)
        look(f"chart: {kind}", ".pivot-card" if kind == "none" else ".chart-card")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("code", ["en", "ar"])
def test_a_first_visit_is_light(
    windows: Windows, shown: Any, language: Callable[[Person, str], None], code: str
) -> None:
    language(shown.shop.owner, code)
    for place in LIGHT:
        page = windows.open(shown.shop.owner)
        answers: list[Response] = []
        page.on("response", lambda answer, seen=answers: seen.append(answer))
        page.goto(shown.address(PAGES[place]), wait_until="networkidle")
        sizes = {answer.url: sum(_sent(answer)) for answer in answers}
        fixed = {url: size for url, size in sizes.items() if "/static/" in url}
        assert len(fixed) > 3  # its style, its scripts, its fonts
        assert sum(fixed.values()) <= HEAVIEST, (place, fixed)
        assert sum(sizes.values()) - sum(fixed.values()) <= LONGEST, (place, sizes)
        page.context.close()


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
