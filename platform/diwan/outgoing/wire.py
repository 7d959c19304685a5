"""One connection to an address that was checked, with one limit of time for all that is done on it.

It must not resolve names: a second answer of the resolver would be another address than the one that was checked.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

CHUNK = 16_384


class Deadline:
    """A moment until which everything must be done."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left. Raises TimeoutError when there are none."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the time is up")
        return seconds


class _Incoming(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


class _Wire:
    """What `http.client` uses of a socket, each step with the time that is left: a slow server cannot stretch it."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def sendall(self, data: bytes) -> None:
        for start in range(0, len(data), CHUNK):
            self._sock.settimeout(self._deadline.left())
            self._sock.sendall(data[start : start + CHUNK])

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._sock, self._deadline))

    def close(self) -> None:
        """`http.client` closes before it has read the answer; `connected` closes at the end."""


@contextmanager
def connected(addresses: list[str], host: str, port: int, *, tls: bool, deadline: Deadline) -> Iterator[HTTPConnection]:
    """Open a connection to the first of the addresses that answers, with TLS for the name `host`. Raises OSError."""
    sock = _first(addresses, port, deadline)
    try:
        if tls:
            sock.settimeout(deadline.left())
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        connection = HTTPConnection(host, port)
        connection.auto_open = 0
        connection.sock = _Wire(sock, deadline)
        yield connection
    finally:
        sock.close()


def _first(addresses: list[str], port: int, deadline: Deadline) -> socket.socket:
    failed: OSError = OSError("no address")
    for number, address in enumerate(addresses):
        # A dead address must leave time for the next one.
        patience = deadline.left() / (2 if number + 1 < len(addresses) else 1)
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.settimeout(patience)
            sock.connect((address, port))
        except OSError as error:
            sock.close()
            failed = error
        else:
            return sock
    raise failed
