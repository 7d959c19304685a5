"""`diwan run`, whole: it comes up, ends in good order or by kill -9 without leftovers, and comes up again."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from diwan.embedded import Servers

from .conftest import alive, wait_for

pytestmark = pytest.mark.slow


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

    def get(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return int(answer.status)

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
            run.process.kill()
            run.process.wait()
    wait_for(lambda: not Servers(home).status().running)


def test_it_comes_up_and_leaves_nothing_behind_twice_in_a_row(start: Callable[[], DiwanRun]) -> None:
    run = start()
    run.wait_until_ready()
    assert (run.get("/healthz"), run.get("/readyz")) == (200, 200)
    family = run.family()
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
