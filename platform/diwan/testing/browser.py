"""Finds the Chromium that browser tests drive, and decides what its absence means: a note and a skip, or a failure.

It must never download a browser: Diwan takes the one that the machine has.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PLAYWRIGHTS_OWN = (
    ".cache/ms-playwright/chromium-*/chrome-linux*/chrome",
    "Library/Caches/ms-playwright/chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)
MISSING = (
    "no Chromium found, so browser tests were skipped; install it (Debian: apt-get install chromium) "
    "or set DIWAN_CHROMIUM to its path"
)


@cache
def find_chromium() -> str | None:
    """The path of a Chromium or Chrome: DIWAN_CHROMIUM, else from the PATH, else from the usual places."""
    given = os.environ.get("DIWAN_CHROMIUM")
    if given:
        return given
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    found = found or next((path for path in PLACES if os.access(path, os.X_OK)), None)
    own = (path for pattern in PLAYWRIGHTS_OWN for path in sorted(Path.home().glob(pattern), reverse=True))
    return found or next((str(path) for path in own if os.access(path, os.X_OK)), None)


def browser_required() -> bool:
    """CI says that a missing browser is a failure, so that nobody believes in tests that did not run."""
    return os.environ.get("DIWAN_REQUIRE_BROWSER") == "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in a folder `browser` carry the mark without saying so."""
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and not find_chromium():
        if browser_required():
            pytest.fail("DIWAN_REQUIRE_BROWSER=1, but no Chromium was found", pytrace=False)
        pytest.skip(MISSING)


def pytest_report_header() -> str:
    return f"browser: {find_chromium() or 'none found'}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if any(MISSING in str(report.longrepr) for report in terminalreporter.stats.get("skipped", ())):
        terminalreporter.write_line(f"NOTE: {MISSING}", yellow=True, bold=True)
