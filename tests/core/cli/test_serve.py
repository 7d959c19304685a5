"""`diwan serve` as a service manager meets it: it answers, it stops at once, its workers never outlive it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import psutil
import pytest

from diwan.config import Config

Start = Callable[[], tuple["subprocess.Popen[bytes]", int]]


@pytest.fixture
def start(config: Config) -> Iterator[Start]:
    """Starts servers on free ports; ends what is left of them, workers included."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> tuple["subprocess.Popen[bytes]", int]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = {
            "DIWAN_HOME": str(config.home),
            "DIWAN_PORT": str(port),
            "DIWAN_SECRET_KEY": config.secret_key,
            "DATABASE_URL": config.database_url,
            "REDIS_URL": config.redis_url,
        }
        command = [sys.executable, "-P", "-m", "diwan", "serve", "--workers", "2"]
        started.append(subprocess.Popen(command, env=os.environ | settings, start_new_session=True))
        return started[-1], port

    yield start
    for process in started:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def test_it_answers_and_stops_at_once(start: Start) -> None:
    server, port = start()
    until(lambda: answers(port))
    server.terminate()
    assert server.wait(timeout=10) == 0
    assert not answers(port)


def test_workers_end_with_a_server_that_was_killed(start: Start) -> None:
    server, port = start()
    until(lambda: answers(port))
    workers = psutil.Process(server.pid).children()
    assert len(workers) == 2
    server.kill()
    server.wait()
    until(lambda: not any(alive(worker) for worker in workers), seconds=10)


def test_a_stop_while_workers_start_is_not_lost(start: Start) -> None:
    """Granian's workers begin with their parent's handlers; a SIGTERM then was swallowed, and the stop took 15 s."""
    server, _ = start()
    until(lambda: len(psutil.Process(server.pid).children()) == 2)
    time.sleep(0.3)  # they are importing the application now
    begin = time.monotonic()
    server.terminate()
    server.wait(timeout=30)
    assert time.monotonic() - begin < 8


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)
