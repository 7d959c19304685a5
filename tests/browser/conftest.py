"""What browser tests share: axe, a small business with contacts, and the words of a person at the screen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from diwan.testing.live import Live
from diwan.testing.world import Business, Person, World

ROOT = Path(__file__).parents[2]
AXE = ROOT / "platform" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SILENT = ["option", "svg > *"]
"""What axe need not walk through: hundreds of countries in a list, the strokes of an icon."""

Check = Callable[..., list[str]]


@pytest.fixture(scope="session")
def axe() -> Check:
    """Returns what axe finds on a page. Injected by the protocol: the page's own policy would block a script tag."""
    if not AXE.exists():  # somebody removed what the build installs
        subprocess.run([sys.executable, ROOT / "platform" / "hatch_build.py", "--force"], check=True)
    code = AXE.read_text("utf-8")

    def check(page: Page, only: list[str] = RULES) -> list[str]:
        if not page.evaluate("typeof axe === 'object'"):
            page.evaluate(code)
        kind = "tag" if only is RULES else "rule"
        options = {
            "runOnly": {"type": kind, "values": only},
            "resultTypes": ["violations"],
            "preload": False,  # would fetch each style sheet again, for the one rule about locked orientation
            "iframes": False,
        }
        run = "([exclude, options]) => axe.run({exclude}, options)"
        found = page.evaluate(run, [SILENT, options])["violations"]
        return [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found]

    return check


@pytest.fixture
def shop(live_world: World) -> Business:
    """A business in the running Diwan with every module on."""
    return live_world.business()


@pytest.fixture
def language(live: Live) -> Callable[[Person, str], None]:
    """Changes the language that a person reads, as the switch in the top bar does."""
    from diwan.db import scope, unit_of_work
    from diwan.users import service as users

    def change(person: Person, code: str) -> None:
        with live.app.app_context(), scope(), unit_of_work():
            users.set_preferences(person.id, language=code)

    return change
