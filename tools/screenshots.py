"""`make screenshots`: takes the pictures of docs/guide/images from a demo business of its own.

It must need nothing prepared but Chromium, and touch no other Diwan.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

from diwan.testing.browser import find_chromium

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "guide" / "images"
CUSTOMERS = ROOT / "tests" / "data" / "northwind" / "customers.csv"
OWNER = "nancy@northwind.example"
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run", "--disable-sync"]
WIDE, PHONE, TALL = (1280, 800), (390, 844), 1080
HEAVY = 150 * 1024
PLAIN = """() => {
  const plain = new CSSStyleSheet();
  plain.replaceSync("dialog::backdrop { backdrop-filter: none !important }");
  document.adoptedStyleSheets.push(plain);
}"""
"""What is blurred cannot be packed; the page's policy allows no style tag."""
CONTACTS, LOANS = "/contacts/contact", "/loans/loan"
CONDITIONS = [["country", "eq", "GB"], {"or": [["roles", "has", "customer"], ["city", "eq", "London"]]}]


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demo() as (address, logins), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        business = f"{address}/t/northwind-traders"
        english = window(browser, "en", WIDE)
        take(english, f"{address}/sign-up", "sign-up-en")
        log_in(english, address, OWNER, logins)
        live(english, business)
        walk(english, business, "en")
        take(english, f"{business}/people", "people-en")
        phone = window(browser, "en", PHONE)
        log_in(phone, address, OWNER, logins)
        walk(phone, business, "phone")
        arabic = window(browser, "ar", WIDE, dark=True)
        log_in(arabic, address, OWNER, logins)
        arabic.locator("button[name=language][value=ar]").click()  # kept with the account: so English comes first
        arabic.wait_for_selector("html[lang=ar]")
        walk(arabic, business, "ar-dark")
        import_file(arabic, f"{business}{CONTACTS}/import", "ar-dark")
        arabic.locator("button[name=language][value=en]").click()
        arabic.wait_for_selector("html[lang=en]")
        import_file(phone, f"{business}{CONTACTS}/import", "phone")
        import_file(english, f"{business}{CONTACTS}/import", "en")
        browser.close()


def walk(page: Page, business: str, ending: str) -> None:
    """Take the main screens."""
    screens: dict[str, tuple[str, Callable[[Page], None] | None]] = {
        "home": ("", None),
        "list": (CONTACTS, None),
        "filter": (f"{CONTACTS}?where={quote(json.dumps(CONDITIONS))}", conditions),
        "form": (CONTACTS, lambda page: first(page, "Alfreds Futterkiste")),
        "lines": (CONTACTS, lines),
        "record": (f"{LOANS}?as=list&sort=number&f.state=out", activity),
        "board": (f"{LOANS}?as=board", None),
        "calendar": (f"{LOANS}?as=calendar", None),
        "pivot": (f"{LOANS}?as=pivot&o.rows=borrower&o.columns=state", None),
        "tree": (f"{CONTACTS}?as=tree&q=northwind", None),
        "palette": (CONTACTS, palette),
        "modules": ("/modules", None),
        "fields": (f"/settings/fields{CONTACTS}", None),
        "tasks": ("/tasks", None),
    }
    for name, (place, prepare) in screens.items():
        page.goto(business + place)
        page.wait_for_load_state("networkidle")
        size = page.viewport_size
        if prepare:
            prepare(page)
        take(page, None, f"{name}-{ending}")
        if size:
            page.set_viewport_size(size)


def first(page: Page, name: str) -> None:
    page.locator("a.row-title", has_text=name).first.click()
    page.wait_for_url("**-*-*-*-*")


def conditions(page: Page) -> None:
    page.locator(".chip-text").first.click()
    page.locator("dialog[open] #filter-builder").wait_for()
    page.wait_for_timeout(400)


def lines(page: Page) -> None:
    first(page, "Alfreds Futterkiste")
    page.wait_for_load_state("networkidle")
    page.locator("ui-lines").last.scroll_into_view_if_needed()
    page.mouse.move(0, 0)


def activity(page: Page) -> None:
    page.locator("a.row-title").first.click()
    page.locator(".timeline").wait_for()
    if page.viewport_size == {"width": PHONE[0], "height": PHONE[1]}:
        page.evaluate("document.querySelector('.composer').closest('section').scrollIntoView()")
    else:
        page.set_viewport_size({"width": WIDE[0], "height": TALL})
    page.mouse.move(0, 0)


def palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("an", delay=40)
    page.locator("dialog [role=option]").first.wait_for()
    page.wait_for_timeout(700)  # finds of the server come after those of the page


def live(page: Page, business: str) -> None:
    """Leave behind what people leave in a week of work: fields of their own, lines, comments, tasks, tags."""
    fields = f"/settings/fields{CONTACTS}/new?kind="
    choices = {"choices-0-en": "Gold", "choices-0-ar": "ذهبي", "choices-1-en": "Silver", "choices-1-ar": "فضي"}
    page.goto(f"{business}/tasks")
    send(page, f"{business}{fields}choice", {"label.en": "Customer level", "label.ar": "فئة العميل", **choices})
    send(page, f"{business}{fields}money", {"label.en": "Credit limit", "label.ar": "حد الائتمان"})
    send(page, f"{business}{fields}date", {"label.en": "Customer since", "label.ar": "عميل منذ"})
    today = date.today()  # noqa: DTZ011 - the day of this machine is near enough
    for title, days in (("Send the new price list", -2), ("Count the returned equipment", 0), ("Plan the fair", 5)):
        send(page, f"{business}/tasks", {"title": title, "due": str(today + timedelta(days=days))})
    page.goto(f"{business}{LOANS}?as=list&sort=number&f.state=out")
    page.locator("a.row-title").first.click()
    page.wait_for_url("**-*-*-*-*")
    around = f"{page.url.partition('?')[0]}/around"
    send(page, f"{around}/star", {})
    send(page, f"{around}/follow", {})
    for tag in ("Workshop", "Needs a check"):
        send(page, f"{around}/tags", {"tag": tag})
    send(page, f"{around}/tasks", {"title": "Ask for the case", "due": str(today + timedelta(days=2))})
    send(page, f"{around}/comments", {"body": "The battery is weak: bring the second one along."})
    page.goto(f"{business}{CONTACTS}")
    first(page, "Alfreds Futterkiste")
    page.wait_for_load_state("networkidle")
    further = page.locator("ui-lines").first
    for number, (street, city, code) in enumerate(
        (("Hafenstraße 12", "Hamburg", "20459"), ("Am Ring 4", "Potsdam", "14467"))
    ):
        further.locator("[data-line-add]").click()
        for name, text in (("street", street), ("city", city), ("postal_code", code)):
            further.locator(f"tbody tr [name$='-{name}']").nth(number).fill(text)
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    page.wait_for_load_state("networkidle")


def send(page: Page, address: str, form: dict[str, str]) -> None:
    """Post a form, as the page that is open would."""
    token = page.locator("[name=csrf_token]").first.input_value()
    answer = page.request.post(address, form={"csrf_token": token, **form}, headers={"Referer": page.url})
    if not answer.ok:
        raise SystemExit(f"{address} answered {answer.status}")


@contextmanager
def demo() -> Iterator[tuple[str, dict[str, str]]]:
    """Run a Diwan with the demo business; yield its address and passwords."""
    folder = Path(tempfile.mkdtemp(prefix="diwan-screenshots-"))
    folder.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "DIWAN_HOME": str(folder / "home"), "DIWAN_PORT": str(port)}
    command = [sys.executable, "-P", "-m", "diwan"]
    subprocess.run([*command, "demo"], env=environment, check=True, stdout=subprocess.DEVNULL)
    process = subprocess.Popen([*command, "run"], env=environment, stdout=subprocess.DEVNULL)
    try:
        address = f"http://localhost:{port}"
        wait(address)
        yield address, json.loads((folder / "home" / "demo-logins.json").read_text("utf-8"))
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def wait(address: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):  # noqa: S310  (our own, on this machine)
                return
        except OSError:
            time.sleep(0.3)
    raise SystemExit("The demo did not become ready.")


def window(browser: Browser, language: str, size: tuple[int, int], *, dark: bool = False) -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale="ar" if language == "ar" else "en-GB",
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(60_000)
    return context.new_page()


def log_in(page: Page, address: str, email: str, logins: dict[str, str]) -> None:
    page.goto(f"{address}/login")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", logins[email])
    page.click("button.primary")
    page.wait_for_url("**/t/**")


def import_file(page: Page, address: str, ending: str) -> None:
    """Walk the import wizard and take its steps; English does the import, too."""
    page.goto(address)
    # New codes: the demo has these customers, and the wizard would rightly say that there is nothing to do.
    head, *lines = CUSTOMERS.read_text("utf-8").splitlines()
    table = "\n".join([head, *(f"N{line}" for line in lines)])
    page.set_input_files(
        "input[type=file]", {"name": "customers.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    page.locator("form[enctype] button.primary").first.click()
    page.wait_for_url("**/import/*")
    if ending == "en":
        take(page, None, "import-map-en")
    page.locator("main form button.primary").last.click()
    page.wait_for_url("**/check")
    page.locator("main form button.primary").first.wait_for()
    take(page, None, f"import-check-{ending}")
    if ending != "en":
        return
    page.locator("main form button.primary").first.click()
    page.wait_for_url("**/result")
    take(page, None, "import-result-en")


def take(page: Page, address: str | None, name: str) -> None:
    """Take one picture once the page is quiet."""
    if address:
        page.goto(address)
    page.wait_for_load_state("networkidle")
    page.evaluate(PLAIN)
    picture: Any = page.screenshot(animations="disabled")
    ending = "png"
    if len(picture) > HEAVY:  # the colours of sign-up run into each other: a photograph of it is a fourth
        ending, picture = "jpg", page.screenshot(animations="disabled", type="jpeg", quality=88)
    (IMAGES / f"{name}.{ending}").write_bytes(picture)
    print(f"docs/guide/images/{name}.{ending}  {len(picture) // 1024} KB")


if __name__ == "__main__":
    main()
