"""The pytest plugin (entry point `pytest11`): fixtures for every test of the platform and of plugins.

It must stay cheap to import: pytest loads it in every run on a machine where Diwan is installed.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from playwright.sync_api import Browser

    from diwan.config import Config
    from diwan.testing.chrome import Windows
    from diwan.testing.live import Live
    from diwan.testing.world import Business, World

pytest_plugins = ("diwan.testing.browser",)

FAILED = pytest.StashKey[bool]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """With xdist the first process owns the servers and its workers join; else the first test that asks starts them."""
    from diwan.testing import database

    if getattr(session.config.option, "numprocesses", None) and not session.config.option.collectonly:
        database.start_servers()


def pytest_sessionfinish() -> None:
    from diwan.testing import database

    database.stop_servers()


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """Each test begins in English, whatever language the one before it ended in."""
    from diwan.kit import i18n

    token = i18n.set_language("en")
    yield
    i18n.reset_language(token)


@pytest.fixture(scope="session")
def config() -> Config:
    """The settings of this worker, with a database of its own."""
    from diwan.testing import database

    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return database.make_database(f"diwan_{worker}", int(worker.removeprefix("gw")) + 1)


@pytest.fixture(scope="session")
def app(config: Config) -> Flask:
    """The application, as production makes it."""
    from diwan.app import create_app

    made = create_app(config)
    _common[:] = [config]
    return made


@pytest.fixture(autouse=True)
def settings_of_the_process(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test that made an application of its own, the process works for the common one again."""
    yield
    from diwan import app as making

    common = next(iter(_common), None)
    if common is not None and making.provided != [common]:
        making.provide(common)


_common: list[Config] = []


@pytest.fixture
def world(app: Flask) -> Iterator[World]:
    """Makes businesses and people for a test. Each test has its own: row-level security keeps them apart."""
    from diwan.testing.world import World

    with World(app) as made:
        yield made


@pytest.fixture
def business(world: World) -> Business:
    """A fresh tenant with its owner and every installed plugin on."""
    return world.business()


@pytest.fixture
def other_business(world: World) -> Business:
    """Another tenant: the neighbour who must see nothing."""
    return world.business()


@pytest.fixture
def client(business: Business) -> FlaskClient:
    """A browser in which the owner of `business` is signed in."""
    return business.client()


# A browser in front of a running Diwan


@pytest.fixture(scope="session")
def _running(config: Config) -> Iterator[Live]:
    from diwan.testing import live

    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    number = int(worker.removeprefix("gw")) + 1
    with live.running(f"diwan_live_{worker}", (number + 8) % 16) as system:
        live.aim(config)
        yield system


@pytest.fixture
def live(_running: Live, config: Config) -> Iterator[Live]:
    """A Diwan that runs as processes of its own: web, worker, scheduler; one for all tests of this worker."""
    from diwan.testing.live import aim

    aim(_running.config)
    yield _running
    aim(config)


@pytest.fixture
def live_world(live: Live) -> Iterator[World]:
    """Makes businesses and people in the running Diwan."""
    from diwan.testing.world import World

    with World(live.app) as made:
        yield made


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine."""
    from diwan.testing.chrome import launched

    with launched() as browser:
        yield browser


@pytest.fixture
def windows(chromium: Browser, live: Live, request: pytest.FixtureRequest) -> Iterator[Windows]:
    """Opens windows on the running Diwan; the test fails when a page complains in its console."""
    from diwan.testing.chrome import Windows

    opened = Windows(chromium, live)
    yield opened
    failed = request.node.stash.get(FAILED, False)
    if failed:
        opened.photograph(request.config.rootpath / "test-results", request.node.name)
    opened.close()
    assert failed or not opened.complaints


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know that their test has failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report
