"""`diwan run`, whole: it comes up, ends in good order or by kill -9 without leftovers, and comes up again."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from diwan.embedded import Servers

from .conftest import alive, wait_for

pytestmark = pytest.mark.slow
NOBODYS = "dwn_" + "x" * 43


class DiwanRun:
    """One `diwan run`, with one process of each kind."""

    def __init__(self, home: Path, port: int) -> None:
        settings = {
            "DIWAN_HOME": str(home),
            "DIWAN_PORT": str(port),
            "DIWAN_WEB_WORKERS": "1",
            "DIWAN_JOB_WORKERS": "1",
        }
        clean = {
            key: value for key, value in os.environ.items() if not key.startswith(("DIWAN_", "DATABASE_", "REDIS_"))
        }
        self.port = port
        self.output = home.parent / f"output-{os.urandom(4).hex()}"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "diwan", "run"],
                env={**clean, **settings},
                cwd=home.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def wait_until_ready(self) -> None:
        wait_for(lambda: self._said("Diwan is ready") or self.process.poll() is not None, 120)
        assert self.process.poll() is None, self.output.read_text()[-3000:]

    def family(self) -> list[int]:
        return [process.pid for process in psutil.Process(self.process.pid).children(recursive=True)]

    def get(self, path: str, **headers: str) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def server(self, name: str) -> psutil.Process:
        """One of the embedded servers, the process that the others of its kind come from."""
        found = [process for process in map(psutil.Process, self.family()) if process.name() == name]
        return min(found, key=lambda process: process.create_time())

    def _said(self, text: str) -> bool:
        return text in self.output.read_text()


@pytest.fixture
def start(make_home: Callable[..., Path]) -> Iterator[Callable[[], DiwanRun]]:
    home = make_home("my home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    runs: list[DiwanRun] = []

    def begin() -> DiwanRun:
        runs.append(DiwanRun(home, port))
        return runs[-1]

    yield begin
    for run in runs:
        if run.process.poll() is None:
            family = run.family()
            run.process.kill()
            run.process.wait()
            wait_for(lambda family=family: not any(alive(pid) for pid in family), 30)
    wait_for(lambda: not Servers(home).status().running)


def test_it_comes_up_and_leaves_nothing_behind_twice_in_a_row(start: Callable[[], DiwanRun]) -> None:
    run = start()
    run.wait_until_ready()
    assert (run.get("/healthz"), run.get("/readyz")) == (200, 200)
    family = run.family()
    ours = [child for child in map(psutil.Process, family) if "diwan" in child.cmdline()]
    assert len(ours) >= 3  # web, worker, scheduler
    for child in ours:
        assert "DATABASE_URL" in child.environ()
        assert not {"DATABASE_ADMIN_URL", "DATABASE_OWNER_URL"} & child.environ().keys(), child.cmdline()
    assert {"postgres", "valkey-server"} < {psutil.Process(pid).name() for pid in family}
    run.process.kill()
    run.process.wait()
    wait_for(lambda: not any(alive(pid) for pid in family), 20)

    again = start()
    again.wait_until_ready()
    family = again.family()
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(60) == 0, again.output.read_text()[-3000:]
    assert not any(alive(pid) for pid in family)
    assert "Traceback" not in again.output.read_text()


def test_servers_that_die_under_load_mean_a_clear_503_and_then_all_is_well(start: Callable[[], DiwanRun]) -> None:
    run = start()
    run.wait_until_ready()
    seen: list[int] = []
    stop = threading.Event()

    def visit() -> None:
        while not stop.is_set():
            seen.append(run.get("/api/v1/", Authorization=f"Bearer {NOBODYS}"))  # looks the token up: nobody's
            time.sleep(0.02)

    visitors = [threading.Thread(target=visit) for _ in range(3)]
    for visitor in visitors:
        visitor.start()
    for name in ("postgres", "valkey-server"):
        wait_for(lambda: run.get("/readyz") == 200, 60)
        run.server(name).kill()
        wait_for(lambda: run.get("/readyz") == 503, 30)
    wait_for(lambda: run.get("/readyz") == 200, 60)
    calm = len(seen)
    wait_for(lambda: len(seen) > calm + 10, 30)
    stop.set()
    for visitor in visitors:
        visitor.join()
    assert set(seen) == {401, 503}  # never a 500, never an answer that hangs
    assert set(seen[calm:]) == {401}
