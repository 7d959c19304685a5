"""The supervisor of Diwan's own processes: merged output, restarts, ordered and bounded stops, nobody left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import alive, kill, wait_for

MAIN = """
import sys
from diwan.embedded import Child, Supervisor
children = []
for name in sys.argv[1:]:
    code = open(name).read()
    children.append(Child(name.rsplit("/", 1)[1], [sys.executable, "-c", code], {"NAME": name}, 4, ["KEPT_BACK"]))
Supervisor(children).run()
print("all stopped", flush=True)
"""
POLITE = """
import os, signal, sys, time
def stop(*_): print("stops", flush=True); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("pid", os.getpid(), flush=True)
while True: time.sleep(0.1)
"""
STUBBORN = POLITE.replace('print("stops", flush=True); sys.exit(0)', "print('does not stop', flush=True)")
FAILING = "print('failed', flush=True); raise SystemExit(3)"


class Run:
    """A supervisor in a process of its own."""

    def __init__(self, folder: Path, **children: str) -> None:
        for name, code in children.items():
            (folder / name).write_text(code)
        self.output = folder / "output"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", MAIN, *(str(folder / name) for name in children)],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def lines(self, name: str = "") -> list[str]:
        return [line for line in self.output.read_text().splitlines() if line.startswith(name)]

    def pid(self, name: str, number: int = -1) -> int:
        wait_for(lambda: [line for line in self.lines(name) if "| pid" in line])
        return int([line for line in self.lines(name) if "| pid" in line][number].split()[-1])


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Run]]:
    runs: list[Run] = []
    yield runs
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
        run.process.wait()


def test_output_is_merged_under_each_childs_name(tmp_path: Path, started: list[Run]) -> None:
    run = Run(tmp_path, web=POLITE, scheduler=POLITE)
    started.append(run)
    assert run.pid("web      ") != run.pid("scheduler")
    assert run.lines("web")[0].startswith("web       | pid ")


def test_a_child_does_not_see_what_is_kept_from_it(
    tmp_path: Path, started: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPT_BACK", "1")
    monkeypatch.setenv("HANDED_ON", "2")
    told = 'import os; print("sees", os.environ.get("KEPT_BACK"), os.environ.get("HANDED_ON"), flush=True)\n'
    run = Run(tmp_path, web=told + POLITE)
    started.append(run)
    run.pid("web")
    assert run.lines("web")[0] == "web | sees None 2"


def test_sigterm_stops_the_last_started_first(tmp_path: Path, started: list[Run]) -> None:
    run = Run(tmp_path, web=POLITE, worker=POLITE, scheduler=POLITE)
    started.append(run)
    pids = [run.pid(name) for name in ("web", "worker", "scheduler")]
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(10) == 0
    assert [line.split()[0] for line in run.lines() if line.endswith("| stops")] == ["scheduler", "worker", "web"]
    assert run.lines()[-1] == "all stopped"
    assert not any(alive(pid) for pid in pids)


def test_a_killed_child_is_started_again_and_the_others_are_left_alone(tmp_path: Path, started: list[Run]) -> None:
    run = Run(tmp_path, web=POLITE, worker=POLITE)
    started.append(run)
    first, other = run.pid("web"), run.pid("worker")
    kill(first)
    wait_for(lambda: run.pid("web") != first)
    assert "ended with SIGKILL" in run.output.read_text()
    assert alive(other)
    assert run.pid("worker") == other


def test_a_child_that_keeps_failing_is_started_ever_more_rarely(tmp_path: Path, started: list[Run]) -> None:
    run = Run(tmp_path, web=FAILING, worker=POLITE)
    started.append(run)
    wait_for(lambda: len([line for line in run.lines("web") if line.endswith("| failed")]) >= 3)
    waits = [line.split()[-2] for line in run.lines("web") if "ended with status 3" in line]
    assert waits[:2] == ["1", "2"]


def test_a_stubborn_child_is_killed_at_its_limit(tmp_path: Path, started: list[Run]) -> None:
    run = Run(tmp_path, web=STUBBORN)
    started.append(run)
    pid = run.pid("web")
    begin = time.monotonic()
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(10) == 0
    assert 1.4 < time.monotonic() - begin < 6
    assert not alive(pid)


def test_a_second_ctrl_c_kills_at_once(tmp_path: Path, started: list[Run]) -> None:
    run = Run(tmp_path, web=STUBBORN.replace("STOP", "STOP"), worker=STUBBORN)
    started.append(run)
    pids = [run.pid("web"), run.pid("worker")]
    begin = time.monotonic()
    run.process.send_signal(signal.SIGINT)
    wait_for(lambda: "does not stop" in run.output.read_text())
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(10) == 0
    assert time.monotonic() - begin < 1.4
    assert not any(alive(pid) for pid in pids)


def test_ctrl_c_in_the_terminal_reaches_the_children_only_through_the_supervisor(
    tmp_path: Path, started: list[Run]
) -> None:
    run = Run(tmp_path, web=POLITE)
    started.append(run)
    pid = run.pid("web")
    assert os.getpgid(pid) != os.getpgid(run.process.pid)


def test_killing_the_supervisor_ends_the_children(tmp_path: Path, started: list[Run]) -> None:
    run = Run(tmp_path, web=POLITE, worker=POLITE)
    started.append(run)
    pids = [run.pid("web"), run.pid("worker")]
    run.process.kill()
    wait_for(lambda: not any(alive(pid) for pid in pids), 5)


def test_a_forked_grandchild_can_tie_itself_to_its_parent(tmp_path: Path, started: list[Run]) -> None:
    code = """
import os, time
from diwan.embedded import die_with_parent
if os.fork() == 0:
    os.setsid()
    die_with_parent()
    print("pid", os.getpid(), flush=True)
time.sleep(300)
"""
    run = Run(tmp_path, worker=code)
    started.append(run)
    grandchild = run.pid("worker")
    run.process.kill()
    wait_for(lambda: not alive(grandchild), 5)
