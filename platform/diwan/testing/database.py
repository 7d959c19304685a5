"""Databases for tests: one embedded cluster a run, one template built by migrations, one copy a worker.

It must never touch a database that it has not made.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from diwan.config import Config
from diwan.db.bootstrap import bootstrap, secure
from diwan.db.engine import libpq_url
from diwan.embedded import Endpoints, Servers

HOME = "DIWAN_TEST_HOME"
TEMPLATE = "diwan_template"


_own: list[Servers] = []


def start_servers() -> None:
    """Start the run's servers in this process, unless they run; workers find them through the environment."""
    if HOME in os.environ:
        return
    home = Path(tempfile.mkdtemp(prefix="diwan-test-"))
    home.chmod(0o755)
    servers = Servers(home / "home", durable=False)
    servers.start()
    os.environ[HOME] = str(home / "home")
    _own.append(servers)


def stop_servers() -> None:
    """Stop the servers if this process started them, and remove all that they stored."""
    while _own:
        servers = _own.pop()
        servers.stop()
        servers.erase()
        shutil.rmtree(Path(os.environ.pop(HOME)).parent, ignore_errors=True)


def join_servers() -> Servers:
    """Return the run's servers, started by whoever asks first."""
    start_servers()
    return Servers(Path(os.environ[HOME]), durable=False)


def make_database(name: str, number: int) -> Config:
    """Make a database from the template and return the settings of a process that uses it.

    `number` chooses the Valkey database, so that workers do not take each other's jobs.
    """
    servers = join_servers()
    endpoints = servers.start()
    secrets = servers.home.secrets()
    with (
        _locked(Path(os.environ[HOME]) / "template.lock"),
        psycopg.connect(endpoints.admin_url, autocommit=True) as link,
    ):
        if not link.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone():
            bootstrap(endpoints.admin_url, TEMPLATE, secrets.owner, secrets.app)
            _migrate(endpoints.for_database(TEMPLATE))
        link.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        link.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE} OWNER diwan_owner')
    secure(libpq_url(endpoints.admin_url, name), name)
    mine = endpoints.for_database(name)
    return replace(
        Config.from_env({**mine.environment(), "DIWAN_TESTING": "1", "DIWAN_PLUGINS": "strict"}),
        home=Path(os.environ[HOME]) / name,
        redis_url=mine.redis_url.replace("db=0", f"db={number}"),
        # All tests come from one address, faster than people.
        ip_rate=0,
        person_rate=0,
        tenant_rate=0,
    )


def _migrate(endpoints: Endpoints) -> None:
    from diwan.kernel import deploy, loader

    deploy.migrate(endpoints.owner_url, loader.load(strict=True))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
