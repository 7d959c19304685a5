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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from diwan.testing.browser import find_chromium

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "guide" / "images"
CUSTOMERS = ROOT / "tests" / "data" / "northwind" / "customers.csv"
OWNER = "nancy@northwind.example"
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run", "--disable-sync"]
WIDE, PHONE = (1280, 800), (390, 844)
HEAVY = 150 * 1024


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demo() as (address, logins), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        business = f"{address}/t/northwind-traders"
        english = window(browser, "en", WIDE)
        take(english, f"{address}/sign-up", "sign-up-en")
        log_in(english, address, OWNER, logins)
        for place, name in (
            ("", "home"),
            ("/modules", "modules"),
            ("/people", "people"),
            ("/contacts/contact", "list"),
        ):
            take(english, business + place, f"{name}-en")
        english.locator("a.row-title").nth(2).click()
        take(english, None, "form-en")
        import_file(english, f"{business}/contacts/contact/import")
        arabic = window(browser, "ar", WIDE, dark=True)
        log_in(arabic, address, "sara@northwind.example", logins)
        take(arabic, f"{business}/contacts/contact", "list-ar-dark")
        arabic.locator("a.row-title").nth(2).click()
        take(arabic, None, "form-ar-dark")
        phone = window(browser, "en", PHONE)
        log_in(phone, address, OWNER, logins)
        take(phone, f"{business}/contacts/contact", "list-phone")
        phone.locator("a.row-title").nth(2).click()
        take(phone, None, "form-phone")
        browser.close()


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


def import_file(page: Page, address: str) -> None:
    """Walk the import wizard and take its steps."""
    page.goto(address)
    # New codes: the demo has these customers, and the wizard would rightly say that there is nothing to do.
    head, *lines = CUSTOMERS.read_text("utf-8").splitlines()
    table = "\n".join([head, *(f"N{line}" for line in lines)])
    page.set_input_files(
        "input[type=file]", {"name": "customers.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    page.locator("form[enctype] button.primary").first.click()
    page.wait_for_url("**/import/*")
    take(page, None, "import-map-en")
    page.locator("main form button.primary").last.click()
    page.wait_for_url("**/check")
    page.locator("main form button.primary").first.wait_for()
    take(page, None, "import-check-en")
    page.locator("main form button.primary").first.click()
    page.wait_for_url("**/result")
    take(page, None, "import-result-en")


def take(page: Page, address: str | None, name: str) -> None:
    """Take one picture once the page is quiet."""
    if address:
        page.goto(address)
    page.wait_for_load_state("networkidle")
    picture: Any = page.screenshot(animations="disabled")
    ending = "png"
    if len(picture) > HEAVY:  # the colours of sign-up run into each other: a photograph of it is a fourth
        ending, picture = "jpg", page.screenshot(animations="disabled", type="jpeg", quality=88)
    (IMAGES / f"{name}.{ending}").write_bytes(picture)
    print(f"docs/guide/images/{name}.{ending}  {len(picture) // 1024} KB")


if __name__ == "__main__":
    main()
