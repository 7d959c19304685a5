"""Runs Diwan's own processes (web, worker, scheduler) as children: restarts them, merges their output, stops them.

Must not know what they do.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import IO, TextIO, cast

from diwan.embedded.process import HAS_DEATH_SIGNAL, Process, spawn
from diwan.kit.stopping import Stop

PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.2
HEALTHY_SECONDS = 30.0
LONGEST_WAIT = 10.0


@dataclass(frozen=True)
class Child:
    """A process to keep running. `env` is added to this process's environment, the names in `without` are left out."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    stop_seconds: float = 10.0  # from SIGTERM to SIGKILL
    without: Collection[str] = ()


class Supervisor:
    """Keeps children running until SIGINT or SIGTERM, then stops the last one first. A second signal kills at once."""

    def __init__(self, children: Sequence[Child], *, out: TextIO | None = None) -> None:
        self._runners = [_Runner(child, self._write) for child in children]
        self._out = out or sys.stdout
        self._width = max((len(child.name) for child in children), default=0)
        self._writing = threading.Lock()
        self._stop = Stop()
        self._kill = False

    def run(self) -> None:
        """Start the children and stay until a signal or `request_stop`. Call it in the main thread."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            while not self._stop.is_set():
                for runner in self._runners:
                    runner.keep()
                self._stop.wait(WATCH_SECONDS)
        finally:
            for runner in reversed(self._runners):
                runner.stop(lambda: self._kill)
            for number, handler in before.items():
                signal.signal(number, handler)

    def request_stop(self) -> None:
        """Make `run` stop the children and return; for other threads."""
        self._stop.set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stop.is_set():
            self._kill = True
        self._stop.set()

    def _write(self, name: str, line: str) -> None:
        with self._writing:
            try:
                self._out.write(f"{name:<{self._width}} | {line}\n")
                self._out.flush()
            except (OSError, ValueError):
                pass  # the terminal is gone; the children's pipes must be read all the same


class _Runner:
    """One child through its lives."""

    def __init__(self, child: Child, write: Callable[[str, str], None]) -> None:
        self.child = child
        self._write = write
        self._process: Process | None = None
        self._started = 0.0
        self._wait = 0.5
        self._next = 0.0

    def keep(self) -> None:
        """Start it if it does not run and its waiting time is over."""
        if self._process is not None:
            if not self._process.ended():
                return
            now = time.monotonic()
            self._wait = 0.5 if now - self._started > HEALTHY_SECONDS else min(LONGEST_WAIT, self._wait * 2)
            self._next = now + self._wait
            self._write(self.child.name, f"ended with {_ending(self._process.popen)}; again in {self._wait:.0f} s")
            self._process = None
        if time.monotonic() >= self._next:
            self._start()

    def stop(self, at_once: Callable[[], bool]) -> None:
        if self._process is None or self._process.ended():
            return
        self._process.popen.send_signal(signal.SIGTERM)
        end = time.monotonic() + self.child.stop_seconds
        while not self._process.wait(0.05):
            if at_once() or time.monotonic() > end:
                # With its own children: it leads a process group, and cannot be recycled before we waited for it.
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(5)
                return

    def _start(self) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in self.child.without}
        env = {**inherited, "PYTHONUNBUFFERED": "1", **self.child.env}
        self._started = time.monotonic()
        self._process = spawn(self.child.argv, death_signal=signal.SIGTERM, stdout=subprocess.PIPE, env=env)
        pipe = cast("IO[bytes]", self._process.popen.stdout)
        threading.Thread(target=self._read, args=(pipe,), name=f"output of {self.child.name}", daemon=True).start()

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                self._write(self.child.name, line.decode("utf-8", "replace").rstrip("\r\n"))


def die_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """Have this process signalled when its parent ends, however it ends. Call it early, and again in forks."""
    parent = os.getppid()
    if HAS_DEATH_SIGNAL:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), number)
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), number)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def _ending(popen: "subprocess.Popen[bytes]") -> str:
    code = popen.returncode
    return signal.Signals(-code).name if code is not None and code < 0 else f"status {code}"
