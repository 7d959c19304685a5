"""What the tests of the embedded servers share: homes, starters in processes of their own, waiting.

Tests nothing itself.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from diwan.embedded import Endpoints, Servers

# Holds servers as a process of its own: prints what it found once they answer, and stays until its input ends.
HOLDER = """
import json, os, sys, time
from diwan.embedded import Servers, EmbeddedError
servers = Servers(sys.argv[1], durable=False)
began = time.monotonic()
try:
    endpoints = servers.start()
except EmbeddedError as error:
    print(json.dumps({"error": str(error)}), flush=True)
    sys.exit(1)
status = servers.status()
print(json.dumps({"owned": servers.owned, "postgres": status.postgres, "valkey": status.valkey, "owner": status.owner,
                  "admin_url": endpoints.admin_url, "seconds": time.monotonic() - began}), flush=True)
sys.stdin.read()
servers.stop()
"""


class Holder:
    """A process that has started, or joined, the servers of a home."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._told: dict | None = None

    @property
    def told(self) -> dict:
        if self._told is None:
            self._told = json.loads(self.process.stdout.readline())
        return self._told

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def base() -> Iterator[Path]:
    """A folder that the servers' user may pass through, so that a home's data stays in the home."""
    folder = Path(tempfile.mkdtemp(prefix="diwan-embedded-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template(base: Path) -> Path:
    """A home whose servers were started once and stopped: copying it is quicker than initdb."""
    home = base / "template"
    with Servers(home, durable=False).running():
        pass
    return home


@pytest.fixture
def make_home(base: Path, template: Path) -> Iterator[Callable[..., Path]]:
    """Make homes with an initialised cluster, erased after the test."""
    made: list[Path] = []

    def make(name: str = "home", *, parent: Path | None = None) -> Path:
        home = (parent or Path(tempfile.mkdtemp(dir=base))) / name
        home.parent.chmod(0o755)
        subprocess.run(["cp", "-a", str(template), str(home)], check=True)
        made.append(home)
        return home

    yield make
    for home in made:
        Servers(home, durable=False).erase()
        shutil.rmtree(home.parent)


@pytest.fixture
def home(make_home: Callable[..., Path]) -> Path:
    return make_home()


@pytest.fixture
def hold() -> Iterator[Callable[[Path], Holder]]:
    """Start holders, which are all ended after the test."""
    with ExitStack() as stack:

        def start(home: Path) -> Holder:
            holder = Holder(home)
            stack.callback(holder.end)
            return holder

        yield start


def wait_for(true: Callable[[], object], seconds: float = 15) -> None:
    """Wait until something holds; fails the test when it never does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def ask(url: str, query: str = "SELECT 1") -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def answers(url: str) -> bool:
    try:
        return ask(url) == 1
    except psycopg.OperationalError:
        return False


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def run_sql(endpoints: Endpoints, statement: str) -> None:
    with psycopg.connect(endpoints.admin_url, autocommit=True) as connection:
        connection.execute(statement)


class Run:
    """What a command printed, and how it ended."""

    def __init__(self, output: str, exit_code: int) -> None:
        self.output = output
        self.exit_code = exit_code


@pytest.fixture(scope="session")
def run_diwan() -> Callable[..., Run]:
    """Run a `diwan` command in this process, with an environment of its own."""
    from click.testing import CliRunner

    from diwan.cli import main

    def run(*arguments: str, **env: str) -> Run:
        before = dict(os.environ)
        for name in list(os.environ):
            if name.startswith(("DIWAN_", "DATABASE_", "REDIS_")):
                del os.environ[name]
        os.environ.update(env)
        try:
            result = CliRunner().invoke(main, arguments)
        finally:
            os.environ.clear()
            os.environ.update(before)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Run(result.output, result.exit_code)

    return run


@pytest.fixture
def diwan(run_diwan: Callable[..., Run]) -> Callable[..., Run]:
    return run_diwan
