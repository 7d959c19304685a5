"""The design system in a real browser: accessibility, Content-Security-Policy, small screens, widgets, both directions.

It must not need a database: pages come from the developers' gallery.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

FRONT_END = Path(__file__).parents[2] / "platform" / "frontend"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run", "--disable-sync"]


@pytest.fixture(scope="module")
def gallery() -> Iterator[tuple[str, list[str]]]:
    """The address of a running gallery, and its pages."""
    sys.path.insert(0, str(FRONT_END))
    module: Any = importlib.import_module("gallery")
    server = make_server("127.0.0.1", 0, module.create_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", list(module.content())
    server.shutdown()
    thread.join()
    sys.path.remove(str(FRONT_END))


@pytest.fixture
def page(chromium: Browser, gallery: tuple[str, list[str]]) -> Iterator[Page]:
    context = chromium.new_context(base_url=gallery[0], viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.errors = []  # type: ignore[attr-defined]
    opened.on("console", lambda message: _note(opened, message.type, message.text))
    opened.on("pageerror", lambda error: _note(opened, "error", str(error)))
    yield opened
    assert not opened.errors  # type: ignore[attr-defined]
    context.close()


def _note(page: Page, kind: str, text: str) -> None:
    if kind in ("error", "warning") and "404" not in text:  # the gallery's widget has no address
        page.errors.append(text)  # type: ignore[attr-defined]


def violations(page: Page) -> list[str]:
    """What axe finds. Injected by the protocol: the page's own policy would block a script tag."""
    page.evaluate((FRONT_END / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations'], preload: false})", RULES
    )["violations"]
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in found]


# test_accessibility.py looks at the real pages in each language and theme; this adds what none of them shows yet.
@pytest.mark.parametrize(("language", "theme", "width"), [("ar", "dark", 390)])
def test_pages_are_accessible_and_fit(
    page: Page, gallery: tuple[str, list[str]], language: str, theme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    wrong = []
    for name in gallery[1]:
        page.goto(f"/{name}?lang={language}&theme={theme}")
        assert page.get_attribute("html", "dir") == ("rtl" if language == "ar" else "ltr")
        wrong += [f"{name}: {violation}" for violation in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{name}: wider than the window")
    assert not wrong


def test_list_searches_as_one_types_and_selects_ranges(page: Page) -> None:
    page.goto("/list")
    page.click("#list-q")
    page.keyboard.type("blue", delay=20)
    page.wait_for_url("**q=blue**")
    assert page.evaluate("document.activeElement.id") == "list-q"
    assert page.input_value("#list-q") == "blue"
    page.click("#select-1")
    page.click("#select-4", modifiers=["Shift"])
    assert page.locator("[data-select-row]:checked").count() == 4
    assert page.inner_text("[data-count]").startswith("4")
    assert not violations(page)
    page.click("[data-bulk] [data-confirm]")
    assert page.is_visible("#confirm")
    assert not violations(page)
    page.click("#confirm [value=no]")
    page.click("tr[data-row] td:nth-child(6)")
    page.wait_for_url("**/form")


def test_filters_and_search_keep_each_other(page: Page) -> None:
    page.goto("/list")
    page.click("[popovertarget=filter-panel]")
    assert not violations(page)
    page.fill("#filter-city", "Dubai")
    page.fill("#filter-since", "23/11/2026")
    page.click("#filter-panel footer .primary")
    page.wait_for_url("**city=Dubai**")
    assert "since=2026-11-23" in page.url
    assert not page.is_visible("#filter-panel")
    page.click("#list-q")
    page.keyboard.type("falcon")
    page.wait_for_url("**q=falcon**")
    assert "city=Dubai" in page.url


@pytest.mark.parametrize("language", ["en", "ar"])
def test_form_widgets(page: Page, language: str) -> None:
    page.goto(f"/form?lang={language}")
    page.click("[data-field=parent] input.control")
    page.wait_for_selector(".listbox [role=option]")
    assert not violations(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("[name=parent]") == "2"
    assert page.is_visible(".save-hint")
    page.click("[data-field=country] input")
    page.keyboard.type("zzz")
    page.keyboard.press("Tab")
    assert page.input_value("[name=country]") == "KW"  # half a name changes nothing

    page.click("[data-field=since] button")
    assert not violations(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("[name=since]") == "2026-11-30"
    for typed, stored in [("13/6/1448", "2026-11-23"), ("٢٤/١١/٢٠٢٦", "2026-11-24"), ("99/99", "")]:
        page.fill("#f-since", typed)
        page.keyboard.press("Tab")
        assert page.input_value("[name=since]") == stored
    assert page.get_attribute("#f-since", "aria-invalid") == "true"


def test_lines_are_added_removed_and_moved_by_keyboard(page: Page) -> None:
    page.goto("/form")
    page.wait_for_selector("ui-lines tbody tr.no-script", state="detached")
    page.click("[data-line-add]")
    assert page.locator('[name="addresses-2-street"]').count() == 1
    page.focus("ui-lines tbody tr:nth-child(1) [data-line-grip]")
    page.keyboard.press("ArrowDown")
    assert page.input_value('[name="addresses-1-id"]') == "a1"
    page.click("ui-lines tbody tr:nth-child(1) [data-line-remove]")
    assert page.input_value('[name="addresses-0-delete"]') == "1"


def test_sidebar_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/list")
    assert not page.is_visible(".side")
    page.click(".burger")
    page.wait_for_selector(".side", state="visible")
    assert not violations(page)
    page.keyboard.press("Escape")
    page.wait_for_selector(".side", state="hidden")


def test_forms_work_without_javascript(chromium: Browser, gallery: tuple[str, list[str]]) -> None:
    context = chromium.new_context(base_url=gallery[0], java_script_enabled=False)
    plain = context.new_page()
    plain.goto("/form")
    assert plain.get_attribute("#f-since", "type") == "date"
    assert plain.is_visible("#f-country")
    assert plain.is_visible('[name="addresses-2-street"]')  # the spare row
    plain.goto("/import/upload")
    assert plain.is_visible("input[type=file]")
    context.close()
