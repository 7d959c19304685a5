"""What PostgreSQL and Valkey have in common: one process per data folder, started, awaited, stopped.

Must not know either.
"""

import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from diwan.embedded.errors import EmbeddedError
from diwan.embedded.place import Place
from diwan.embedded.process import FileLock, Process, find_running, open_output, signal_verified, spawn

log = logging.getLogger("diwan.embedded")


class Server:
    """One server program over one data folder.

    The lock file is inherited by the program and all its children: while it is locked, something of this server lives,
    whatever any pid file says. So a pid read from a file is never trusted, and never signalled.
    """

    name: str
    program: str  # the executable's file name
    death_signal: signal.Signals  # sent by the kernel when our process ends in any way
    stop_steps: tuple[tuple[signal.Signals, float], ...]

    def __init__(self, place: Place, data: Path) -> None:
        self.place = place
        self.data = data
        self.process: Process | None = None

    def prepare(self) -> None:
        """Make the data folder if there is none; raise if it cannot be used."""
        raise NotImplementedError

    def command(self) -> tuple[list[str], bytes]:
        """The command, and what it reads from its standard input."""
        raise NotImplementedError

    def accepts(self) -> bool:
        """Whether a connection made now is served."""
        raise NotImplementedError

    def clean(self) -> None:
        """Remove what a killed server left behind; called only when nothing of it lives."""

    def log_tail(self) -> str:
        """The last lines of what it wrote."""
        return tail(self.output)

    @property
    def output(self) -> Path:
        return self.place.path / f"{self.name}.out"

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and not self.process.ended() else None

    def start(self) -> None:
        """Start the program as a child of this thread; `wait_until_ready` follows."""
        lock = FileLock(self.place.path / f"{self.name}.lock")
        self._end_leftovers(lock)
        try:
            self.clean()
            command, stdin = self.command()
            output = open_output(self.output)
            try:
                self.process = spawn(
                    command,
                    death_signal=self.death_signal,
                    stdout=output,
                    cwd=self.data,
                    account=self.place.account,
                    lock=lock,
                    stdin=stdin,
                )
            finally:
                os.close(output)
        finally:
            lock.close()

    def wait_until_ready(self, seconds: float, give_up: Callable[[], bool] = lambda: False) -> None:
        """Wait until it serves: recovery after a crash may take minutes. Raises when it ends, or at the limit."""
        begin = time.monotonic()
        report = begin + 10
        while not self.accepts():
            now = time.monotonic()
            if self.process is None or self.process.ended():
                raise EmbeddedError(f"{self.name} ended while it was starting:\n{self.log_tail()}")
            if give_up():
                raise EmbeddedError(f"{self.name} was stopped while it was starting.")
            if now - begin > seconds:
                raise EmbeddedError(f"{self.name} was not ready after {seconds:.0f} s:\n{self.log_tail()}")
            if now > report:
                log.warning("%s is still starting after %.0f s (recovering after a crash?)", self.name, now - begin)
                report = now + 30
            time.sleep(0.01 if now - begin < 2 else 0.25)

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop(self.stop_steps)
            self.process = None

    def stop_leftovers(self) -> None:
        """End what an owner who died left running."""
        lock = FileLock(self.place.path / f"{self.name}.lock")
        try:
            self._end_leftovers(lock)
        finally:
            lock.close()

    def _end_leftovers(self, lock: FileLock) -> None:
        """Take the lock. What holds it has lost its owner or its postmaster, and should be going already."""
        steps: tuple[tuple[signal.Signals, float], ...] = (*self.stop_steps, (signal.SIGKILL, 5.0))
        if self.process is not None:  # ours has ended, so these are its children, who can save nothing any more
            steps = ((signal.SIGQUIT, 1.0), (signal.SIGKILL, 5.0))
        if lock.acquire_within(3):
            return
        for number, seconds in steps:
            for pid in find_running(self.program, self.data):
                log.warning("stopping %s process %d left by an earlier run (%s)", self.name, pid, number.name)
                signal_verified(pid, number, self.program, self.data)
            if lock.acquire_within(seconds):
                return
        raise EmbeddedError(f"An earlier {self.name} still runs in {self.data} and does not stop. End it by hand.")


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log file, for an error message."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
    except OSError:
        return ""
