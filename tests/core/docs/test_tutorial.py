"""docs/plugins/tutorial.md, step by step: its files are written, its commands run, and the plugin is used.

Whoever changes the platform so that the tutorial fails changes the tutorial too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import text

from diwan import jobs
from diwan.app import create_app
from diwan.cli import main
from diwan.config import Config
from diwan.db import current, unit_of_work
from diwan.events import outbox
from diwan.kernel import lifecycle
from diwan.testing.world import Business, World

TUTORIAL = Path(__file__).parents[3] / "docs" / "plugins" / "tutorial.md"
BLOCK = re.compile(r"^```(\S*) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Block:
    """A fenced block: its language, what stands behind it, and its text."""

    language: str
    note: str
    text: str


def blocks() -> list[Block]:
    return [Block(*found) for found in BLOCK.findall(TUTORIAL.read_text("utf-8"))]


@pytest.fixture
def welcome(shelf: Any, core_scratch: Any, config: Config, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The plugin as its author has it at the end of the page; return the settings of the database it is migrated in."""
    monkeypatch.setenv("DIWAN_HOME", str(config.home))
    monkeypatch.setenv("DATABASE_OWNER_URL", core_scratch.owner_url)
    for block in blocks():
        if block.note.startswith("file="):
            write(shelf, block)
        elif block.note.startswith("run"):
            for line in block.text.splitlines():
                command(shelf, line, fails="fails" in block.note)
    return replace(config, database_url=core_scratch.app_url)


def write(shelf: Any, block: Block) -> None:
    """Write a file of the plugin, or add to it; what pip would do is done when pyproject.toml comes."""
    path = shelf.folder / block.note.removeprefix("file=")
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(block.text)
    if path.name == "pyproject.toml":
        project = tomllib.loads(block.text)["project"]
        [(name, package)] = project["entry-points"]["diwan.plugins"].items()
        shelf.install(package, name, project["version"], project["name"])


def command(shelf: Any, line: str, *, fails: bool) -> None:
    """Run `$ diwan ...` as a new process would: with the files as they are now."""
    shelf.clear()
    words = re.findall(r'"([^"]*)"|(\S+)', line.removeprefix("$ diwan "))
    result = CliRunner().invoke(main, [quoted or plain for quoted, plain in words])
    assert result.exit_code == int(fails), f"{line}\n{result.output}\n{result.exception!r}"
    shelf.output = result.output


@pytest.fixture
def app_with_welcome(welcome: Config, shelf: Any, config: Config) -> Iterator[Flask]:
    shelf.clear()
    yield create_app(welcome)
    jobs.connect(config)  # back to the queues of the other tests


@pytest.fixture
def shop(app_with_welcome: Flask) -> Iterator[Business]:
    """A business with contacts that has just switched the plugin on."""
    with World(app_with_welcome) as world:
        made = world.business("contacts")
        with made.acting(), unit_of_work():
            lifecycle.enable("welcome")
            tenant = current.tenant
        yield Business(world, tenant, made.owner)


def test_the_printed_problem_is_the_real_one() -> None:
    from diwan.kernel import checks

    printed = [b.text for b in blocks() if "unmigrated (" in b.text]
    assert len(printed) == 1
    assert "it has tables but no migrations/: run `diwan db revision -p " in Path(checks.__file__).read_text("utf-8")
    assert "it has tables but no migrations/: run `diwan db revision -p welcome -m tables`" in printed[0]


@pytest.mark.slow
def test_the_tutorial_works(shop: Business) -> None:
    headers = {"Authorization": f"Bearer {shop.token()}"}
    client = shop.world.app.test_client()
    made = client.post("/api/v1/welcome/greeting", json={"text": "Good morning", "language": "en"}, headers=headers)
    assert made.status_code == 201, made.text
    shouted = client.post("/api/v1/welcome/greeting", json={"text": "GOOD MORNING"}, headers=headers)
    assert (shouted.status_code, shouted.json["detail"]) == (422, "Greetings are not shouted.")

    contact = client.post("/api/v1/contacts/contact", json={"name": "Alfreds Futterkiste"}, headers=headers).json["id"]
    with shop.acting():
        jobs.run_pending()
        deliver_again()
        with unit_of_work():
            outbox.put("job", "welcome.good_morning")
        jobs.run_pending()
    found = client.get("/api/v1/welcome/greeting?sort=created_at", headers=headers).json["data"]
    texts = [row["text"] for row in found]
    assert texts[:2] == ["Good morning", "Welcome, Alfreds Futterkiste!"]
    assert texts[2].startswith("Good morning, it is ")
    assert len(texts) == 3
    assert found[1]["contact"] == contact
    screens(shop, contact)
    services(shop)


def deliver_again() -> None:
    """A worker that died behind its last statement: the same event comes a second time."""
    with unit_of_work() as session:
        session.execute(
            text("UPDATE core.outbox SET state = 'ready' WHERE tenant_id = :tenant AND kind = 'event'"),
            {"tenant": current.tenant.id},
        )
    assert jobs.run_pending() == 1


def screens(shop: Business, contact: str) -> None:
    browser = shop.client()
    assert "Alfreds Futterkiste" in browser.get(f"{shop.url}/welcome/greeting").text
    assert ">3<" in re.sub(r"\s", "", browser.get(f"{shop.url}/widgets/welcome.how_many").text)
    assert "Good morning, it is" in browser.get(f"{shop.url}/widgets/welcome.latest").text
    panel = browser.get(f"{shop.url}/panels/welcome.for_contact/{contact}")
    assert "Welcome, Alfreds Futterkiste!" in panel.text
    assert "Good morning" not in panel.text
    reader = shop.member("contacts.contact.read")
    assert shop.client(reader).get(f"{shop.url}/welcome/greeting").status_code == 403


def services(shop: Business) -> None:
    from diwan_welcome.api import Greetings  # type: ignore[import-not-found]

    from diwan.access.models import Role
    from diwan.plugin import use

    with shop.acting(), unit_of_work() as session:
        assert use(Greetings).latest().startswith("Good morning, it is")
        roles = {role.key: role for role in session.query(Role)}
        assert "welcome.greeter" in roles
        for contribution in current.lineup.demos:
            if contribution.plugin == "welcome":
                contribution.target()
        assert use(Greetings).latest() == "أهلاً بالديوان"


@pytest.mark.slow
def test_the_authors_own_test_passes(shop: Business) -> None:
    [block] = [block for block in blocks() if block.note == "test"]
    names: dict[str, Any] = {}
    exec(compile(block.text, str(TUTORIAL), "exec"), names)
    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert len(tests) == 1
    tests[0](shop)


def test_every_block_with_a_file_is_in_the_plugin_or_its_distribution() -> None:
    files = [block.note.removeprefix("file=") for block in blocks() if block.note.startswith("file=")]
    assert "pyproject.toml" in files
    assert all(name == "pyproject.toml" or name.startswith("diwan_welcome/") for name in files)
