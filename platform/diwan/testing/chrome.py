"""Windows of a real Chromium for tests: signed in without the login page, and every complaint of a page is a failure.

It must not wait for time to pass; Playwright waits for what a person would see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Response, expect, sync_playwright

from diwan.testing.browser import find_chromium
from diwan.testing.browsing import new_session

if TYPE_CHECKING:
    from diwan.testing.live import Live
    from diwan.testing.world import Person

FLAGS = (
    "--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run", "--disable-sync",
    "--disable-gpu",
)  # fmt: skip
PATIENCE = 30_000
"""Milliseconds for what should take a moment: machines that run tests are busy."""


@contextmanager
def launched() -> Iterator[Browser]:
    """Run the Chromium of this machine."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()


class Windows:
    """Opens windows on a running Diwan; `complaints` holds what the pages said in the console."""

    def __init__(self, browser: Browser, live: Live) -> None:
        self.browser, self.live = browser, live
        self.complaints: list[str] = []
        self._contexts: list[BrowserContext] = []
        self._visited: set[str] = set()

    def open(
        self, person: Person | None = None, *, theme: str = "light", width: int = 1440, height: int = 900,
        javascript: bool = True, scale: float = 1,
    ) -> Page:  # fmt: skip
        """Open a window of a browser of its own, in which `person` is signed in already."""
        context = self.browser.new_context(
            base_url=self.live.url,
            viewport={"width": width, "height": height},
            locale="en-GB",
            timezone_id="Asia/Kuwait",
            java_script_enabled=javascript,
            device_scale_factor=scale,
            reduced_motion="reduce",
        )
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE)
        cookies = {"theme": theme}
        if person is not None:
            cookies[self.live.app.session_interface.name] = new_session(self.live.app, person)[0]  # type: ignore[attr-defined]
        context.add_cookies([{"name": name, "value": value, "url": self.live.url} for name, value in cookies.items()])
        context.on("page", self._listen)
        return context.new_page()

    def photograph(self, folder: Path, name: str) -> None:
        """Keep a picture of each open window, for whoever asks why a test failed."""
        folder.mkdir(exist_ok=True)
        name = re.sub(r"[^\w-]+", "-", name)
        for number, page in enumerate(page for context in self._contexts for page in context.pages):
            with suppress(Error):
                page.screenshot(path=folder / f"{name}-{number}.png")

    def close(self) -> None:
        """Close all windows."""
        while self._contexts:
            self._contexts.pop().close()

    def _listen(self, page: Page) -> None:
        page.on("console", self._note)
        page.on("response", self._visit)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def _visit(self, response: Response) -> None:
        if response.request.is_navigation_request() and response.status < 500:
            self._visited.add(response.url)

    def _note(self, message: ConsoleMessage) -> None:
        # Chromium notes each page that answers 4xx; that answer is what a test asked for.
        refused = message.text.startswith("Failed to load resource") and message.location.get("url") in self._visited
        if message.type in ("error", "warning") and not refused:
            self.complaints.append(f"{message.location.get('url')}: {message.text}")
