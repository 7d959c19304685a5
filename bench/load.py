"""A small HTTP load: each client is a process with one kept connection; it reads answers whole and checks them.

It must cost little itself: client and server share the machine.
"""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Request = Callable[[int], bytes]


@dataclass(frozen=True)
class Result:
    """What a load measured: requests per second, and times in milliseconds."""

    rate: float
    p50: float
    p95: float
    failures: int

    def __str__(self) -> str:
        failed = f"  {self.failures} FAILED" if self.failures else ""
        return f"{self.rate:8.0f}/s   p50 {self.p50:7.2f} ms   p95 {self.p95:7.2f} ms{failed}"


def http(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{n}: {v}" for n, v in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return status and body."""
        self.socket.sendall(request)
        data = self.rest
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        lower = head.lower()
        if b"content-length:" in lower:
            length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
            while len(body) < length:
                body += self._more()
            self.rest, body = body[length:], body[:length]
        else:
            while not body.endswith(b"0\r\n\r\n"):
                body += self._more()
            self.rest = b""
        return int(head[9:12]), body

    def _more(self) -> bytes:
        more = self.socket.recv(262_144)
        if not more:
            raise ConnectionError("the server closed the connection")
        return more


def run(port: int, requests: Sequence[bytes], clients: int, seconds: float) -> Result:
    """Send the requests in turn from `clients` processes for some seconds; each client starts at another one."""
    with multiprocessing.Pool(clients) as pool:
        parts = pool.starmap(_client, [(port, requests, number, clients, seconds) for number in range(clients)])
    times = sorted(t for part, _failures, _span in parts for t in part)
    span = max(span for *_rest, span in parts)
    return Result(
        len(times) / span,
        times[len(times) // 2] * 1e3,
        times[int(len(times) * 0.95)] * 1e3,
        sum(failures for _part, failures, _span in parts),
    )


def _client(
    port: int, requests: Sequence[bytes], number: int, clients: int, seconds: float
) -> tuple[list[float], int, float]:
    connection, times, failures, turn = Connection(port), [], 0, number
    for _ in range(10):
        connection.send(requests[turn % len(requests)])
        turn += clients
    start = before = time.perf_counter()
    while before - start < seconds:
        status, _body = connection.send(requests[turn % len(requests)])
        after = time.perf_counter()
        times.append(after - before)
        failures += status >= 400
        before = after
        turn += clients
    return times, failures, time.perf_counter() - start
