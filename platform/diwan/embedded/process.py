"""Processes and locks: start one that dies with its parent, recognise it, stop it.

Must not know any particular server.
"""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from diwan.embedded.errors import EmbeddedError
from diwan.embedded.place import Account

LAUNCHER = Path(__file__).with_name("launch.py")
HAS_DEATH_SIGNAL = sys.platform == "linux"
SERVER_ENV = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


class FileLock:
    """An flock that ends with its last holder, however that ends. Processes forked from the holder do not keep it."""

    _held: "weakref.WeakSet[FileLock]" = weakref.WeakSet()

    def __init__(self, path: Path) -> None:
        self.path = path
        self.handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; never waits."""
        if self.handle is None:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(handle)
                if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                    return False
                raise
            self.handle = handle
            FileLock._held.add(self)
        return True

    def acquire_within(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not self.acquire():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def close(self) -> None:
        """Drop this process's hold; a child that inherited the handle keeps the lock."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None
            FileLock._held.discard(self)

    @classmethod
    def _forget_in_child(cls) -> None:
        for lock in list(cls._held):
            lock.close()


os.register_at_fork(after_in_child=FileLock._forget_in_child)


@dataclass
class Process:
    """A running child: what to wait for and whom to signal."""

    popen: subprocess.Popen[bytes]
    watch: int | None  # our end of the watcher's pipe, where the kernel has no parent-death signal

    @property
    def pid(self) -> int:
        return self.popen.pid

    def ended(self) -> bool:
        if self.popen.poll() is None:
            return False
        if self.watch is not None:
            os.write(self.watch, b"x")
            os.close(self.watch)
            self.watch = None
        return True

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within the time."""
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return self.ended()

    def stop(self, steps: Sequence[tuple[signal.Signals, float]]) -> None:
        """Send each signal in turn until one of them has worked within its seconds."""
        for number, seconds in steps:
            if self.ended():
                return
            self.popen.send_signal(number)  # safe against a recycled pid: our child stays a zombie until we wait for it
            if self.wait(seconds):
                return


def spawn(
    command: Sequence[str],
    *,
    death_signal: signal.Signals,
    stdout: int,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    account: Account | None = None,
    lock: FileLock | None = None,
    stdin: bytes = b"",
    death_pipe: bool = not HAS_DEATH_SIGNAL,
) -> Process:
    """Start a command that gets `death_signal` when this process ends, however it ends.

    The calling thread must live as long as the process: the kernel's parent-death signal follows the thread. The
    process inherits `lock`, which is so held until its last descendant has ended. Standard error goes to `stdout`.
    """
    theirs, ours = os.pipe() if death_pipe else (None, None)
    order = {
        "uid": account.uid if account else None,
        "gid": account.gid if account else None,
        "cwd": str(cwd) if cwd else None,
        "parent": os.getpid(),
        "signal": int(death_signal),
        "watch": theirs,
    }
    try:
        popen = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(order), *command],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            env=SERVER_ENV if env is None else env,
            pass_fds=[handle for handle in (lock.handle if lock else None, theirs) if handle is not None],
            start_new_session=True,  # Ctrl-C in a terminal must reach Diwan only, who stops the others in order
        )
    finally:
        if theirs is not None:
            os.close(theirs)
    try:
        with cast("IO[bytes]", popen.stdin) as pipe:
            pipe.write(stdin)
    except BrokenPipeError:
        pass  # it ended at once; whoever waits for it reads why in its output
    return Process(popen, ours)


def open_output(path: Path) -> int:
    """A handle for a server's output, which begins anew with each start; the caller closes it."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def start_mark(pid: int) -> str | None:
    """What tells this process from a later one with the same pid; None when it is gone or a zombie."""
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:13]
        except OSError:
            return None
        return None if stat[0] in (b"Z", b"X") else f"{boot}/{int(stat[19])}"
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def find_running(program: str, folder: Path) -> list[int]:
    """Processes whose program has this name and which work in this folder: only our own server and its helpers."""
    import psutil  # slow to import, and needed only after an accident

    found = []
    for process in psutil.process_iter():
        try:
            executable = process.exe().removesuffix(" (deleted)")  # a wheel upgraded under a running server
            if Path(executable).name == program and Path(process.cwd()).samefile(folder):
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


def signal_verified(pid: int, number: signal.Signals, program: str, folder: Path) -> None:
    """Signal a process that is not our child, checking just before that the pid still means the same program."""
    if pid in find_running(program, folder):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def run(command: Sequence[str], *, account: Account | None, cwd: Path, output: Path) -> None:
    """Run a short command to its end as the servers' user; raises with its output when it fails."""
    handle = open_output(output)
    try:
        process = spawn(command, death_signal=signal.SIGKILL, stdout=handle, cwd=cwd, account=account)
        failed = process.popen.wait()
        process.ended()
    finally:
        os.close(handle)
    if failed:
        text = output.read_text(encoding="utf-8", errors="replace").strip()
        raise EmbeddedError(f"{Path(command[0]).name} failed:\n{text}")
