"""Runs as a script between Diwan and a server: drops privileges, ties the server to its parent, then becomes it.

Must import the standard library only: it is started with `python -I -S`, which knows no packages.
"""

import json
import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1


def main() -> None:
    """argv: a JSON object (uid, gid, cwd, parent, signal, watch), then the command."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    command = sys.argv[2:]
    prctl = None
    if order["watch"] is None:
        import ctypes  # before the change of user, who may not be able to read this Python

        prctl = ctypes.CDLL(None).prctl
    if order["uid"] is not None:
        os.setgroups([order["gid"]])
        os.setgid(order["gid"])
        os.setuid(order["uid"])
    os.umask(0o077)
    if order["cwd"] is not None:
        os.chdir(order["cwd"])
    if prctl is None:
        _leave_watcher(order["watch"], order["signal"])
    else:
        prctl(PR_SET_PDEATHSIG, order["signal"], 0, 0, 0)  # here, because the kernel forgets it when the user changes
        if os.getppid() != order["parent"]:
            sys.exit("the parent ended before its server began")
    os.execv(command[0], command)  # noqa: S606  there is no shell here


def _leave_watcher(pipe: int, number: int) -> None:
    """Where there is no parent-death signal: leave a process that waits for the parent's end of a pipe to close."""
    server = os.getpid()
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        os.close(pipe)
        return
    if os.fork():
        os._exit(0)  # the watcher must not be a child of the server, who would wonder about it
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.closerange(3, pipe)
    os.closerange(pipe + 1, min(65536, os.sysconf("SC_OPEN_MAX")))
    for standard in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), standard)
    if os.read(pipe, 1) == b"":  # a byte instead means: the server has ended, in good order
        os.kill(server, number)
    os._exit(0)


if __name__ == "__main__":
    main()
