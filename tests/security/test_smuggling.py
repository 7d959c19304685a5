"""Requests that a proxy and this server could read differently, sent byte by byte to the server as it is shipped.

Each must end in a refusal or a closed connection, or be one request for us and nothing more.
"""

from __future__ import annotations

import re
import socket
import time

import pytest

from diwan.testing.live import Live

HIDDEN = b"GET /healthz?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3})", re.MULTILINE)


def connect(live: Live) -> socket.socket:
    link = socket.create_connection((live.config.host, live.config.port), timeout=10)
    link.settimeout(3)
    return link


def talk(live: Live, *parts: bytes, pause: float = 0.0) -> list[int]:
    """Send bytes and return the statuses of all answers until the server closes or is silent."""
    with connect(live) as link:
        received = b""
        try:
            for part in parts:
                link.sendall(part)
                time.sleep(pause)
            while data := link.recv(65536):
                received += data
        except (TimeoutError, ConnectionError):
            pass
    return [int(found) for found in STATUS.findall(received)]


def head(*lines: bytes, start: bytes = b"POST /login HTTP/1.1", host: bytes = b"Host: localhost") -> bytes:
    return b"\r\n".join((start, host, b"Content-Type: application/x-www-form-urlencoded", *lines, b"", b""))


LENGTH = f"Content-Length: {len(HIDDEN)}".encode()
CODED = b"Transfer-Encoding: chunked"
END = b"0\r\n\r\n"
OLD = b"POST /login HTTP/1.0"
REFUSED = {
    "both lengths": head(LENGTH, CODED) + END + HIDDEN,
    "both lengths, the other way round": head(CODED, b"Content-Length: 5") + END + HIDDEN,
    "space before the colon": head(b"Transfer-Encoding : chunked", LENGTH) + END + HIDDEN,
    "length with a space before the colon": head(b"Content-Length : 0") + HIDDEN,
    "two lengths": head(b"Content-Length: 0", LENGTH) + HIDDEN,
    "two lengths in one": head(b"Content-Length: 0, 5") + HIDDEN,
    "length with a sign": head(b"Content-Length: +5") + b"a=bcd" + HIDDEN,
    "negative length": head(b"Content-Length: -1") + HIDDEN,
    "length in hexadecimal": head(b"Content-Length: 0x5") + b"a=bcd" + HIDDEN,
    "length too large for a number": head(b"Content-Length: 99999999999999999999999") + HIDDEN,
    "unknown coding": head(b"Transfer-Encoding: cow") + END + HIDDEN,
    "coding in quotes": head(b'Transfer-Encoding: "chunked"') + END + HIDDEN,
    "chunked is not last": head(b"Transfer-Encoding: chunked, identity") + END + HIDDEN,
    "coding with a vertical tab": head(b"Transfer-Encoding: \x0bchunked") + END + HIDDEN,
    "folded header": head(b"Transfer-Encoding:", b" chunked", LENGTH) + END + HIDDEN,
    "header without a name": head(b": chunked") + HIDDEN,
    "NUL in a header": head(b"X-A: a\x00b") + HIDDEN,
    "lone carriage return in a header": head(b"X-A: a\rTransfer-Encoding: chunked") + HIDDEN,
    "chunk size that is none": head(CODED) + b"zz\r\n" + HIDDEN,
    "chunk size with a sign": head(CODED) + b"+5\r\na=bcd\r\n0\r\n\r\n" + HIDDEN,
    "chunk size too large": head(CODED) + b"fffffffffffffffff\r\n" + HIDDEN,
    "chunk longer than it says": head(CODED) + b"1\r\nabc\r\n0\r\n\r\n" + HIDDEN,
    "no host": head(b"Content-Length: 0", host=b"X-Nothing: 1") + HIDDEN[:0],
    "old version with a coding": head(CODED, start=OLD) + END + HIDDEN,
    "unknown version": head(b"Content-Length: 0", start=b"POST /login HTTP/1.9") + HIDDEN,
    "space in the address": head(start=b"GET /login /admin HTTP/1.1") + HIDDEN,
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_be_read_in_two_ways_is_refused(live: Live, case: str) -> None:
    statuses = talk(live, REFUSED[case])
    assert 200 not in statuses, statuses  # the hidden request would say 200
    assert len(statuses) <= 1, statuses
    assert all(400 <= status < 600 for status in statuses), statuses


@pytest.mark.parametrize("case", ["bare line feeds", "extension", "trailer", "capital letters", "zeros before"])
def test_what_the_standard_allows_is_one_request(live: Live, case: str) -> None:
    chunked = head(CODED, b"Connection: close")
    sent = {
        "bare line feeds": b"GET /healthz HTTP/1.1\nHost: localhost\nConnection: close\n\n" + HIDDEN,
        "extension": chunked + b"5;a=b\r\na=bcd\r\n0\r\n\r\n" + HIDDEN,
        "trailer": chunked + b"5\r\na=bcd\r\n0\r\nContent-Length: 50\r\n\r\n" + HIDDEN,
        "capital letters": head(CODED.upper(), b"Connection: close") + b"5\r\na=bcd\r\n0\r\n\r\n" + HIDDEN,
        "zeros before": chunked + b"0005\r\na=bcd\r\n00\r\n\r\n" + HIDDEN,
    }[case]
    assert len(talk(live, sent)) <= 1


def test_an_extension_that_never_ends_is_cut_off(live: Live) -> None:
    sent = head(CODED) + b"5;" + b"a" * 1_000_000
    assert 200 not in talk(live, sent)
    assert talk(live, HIDDEN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) == [200]


def test_two_requests_in_one_packet_are_two(live: Live) -> None:
    """Pipelining is no attack; each request is answered, in order, and the body of the first belongs to it alone."""
    first = head(LENGTH) + HIDDEN  # the hidden request is the body
    last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert talk(live, first + last) in ([400, 200], [400])
    assert talk(live, HIDDEN + last) == [200, 200]


def test_a_request_in_the_body_of_a_get_is_its_body(live: Live) -> None:
    sent = head(LENGTH, b"Connection: close", start=b"GET /healthz HTTP/1.1") + HIDDEN
    assert talk(live, sent) == [200]


def test_an_upgrade_to_http_2_is_not_taken(live: Live) -> None:
    sent = head(
        b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        start=b"GET /healthz HTTP/1.1",
    )  # fmt: skip
    assert 101 not in talk(live, sent)
    assert talk(live, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")[:1] in ([], [400], [505])


@pytest.mark.parametrize("named", [b"X_Forwarded_For: 1.2.3.4", b"Content_Length: 5", b"Transfer_Encoding: chunked"])
def test_underscores_are_not_dashes(live: Live, named: bytes) -> None:
    """CGI's way to name headers makes both the same; a proxy that strips the one would let the other through."""
    assert talk(live, head(b"Content-Length: 0", b"Connection: close", named) + HIDDEN) == [400]


# --- names and sizes


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"Host: localhost", 200),
        (b"Host: evil.example", 400),
        (b"Host: localhost.evil.example", 400),
        (b"Host: localhost@evil.example", 400),
        (b"Host: localhost\r\nHost: evil.example", 400),
        (b"Host: localhost\r\nX-Forwarded-Host: evil.example", 200),
        (b"Host: localhost:80:80", 400),
        (b"Host:", 400),
    ],
)
def test_the_name_of_the_server(live: Live, host: bytes, status: int) -> None:
    sent = b"GET /login HTTP/1.1\r\n" + host + b"\r\nConnection: close\r\n\r\n"
    assert talk(live, sent) == [status]


def test_a_whole_address_in_the_first_line_says_nothing_else(live: Live) -> None:
    sent = b"GET http://evil.example/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert talk(live, sent) in ([200], [400], [404])
    sent = b"GET http://localhost/login HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert talk(live, sent) == [400]


@pytest.mark.parametrize("size", [140_000, 500_000])
def test_a_head_that_is_too_large(live: Live, size: int) -> None:
    sent = head(b"X-Large: " + b"a" * size, start=b"GET /login HTTP/1.1")
    assert talk(live, sent) in ([], [400], [414], [431])


def test_too_many_headers(live: Live) -> None:
    sent = head(*(b"X-%d: 1" % n for n in range(500)), start=b"GET /login HTTP/1.1")
    assert talk(live, sent) in ([], [400], [431])


def test_a_compressed_body_is_not_opened(live: Live) -> None:
    sent = head(b"Content-Encoding: gzip", b"Content-Length: 5", b"Connection: close") + b"\x1f\x8b\x08\x00\x00"
    assert talk(live, sent) == [415]


def test_a_form_that_is_too_large_is_refused_at_its_head_and_while_it_comes(live: Live) -> None:
    told = head(b"Content-Length: 2000000", b"Connection: close")
    assert talk(live, told, b"a=" + b"b" * 1000)[:1] in ([413], [])
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    untold = head(CODED, b"Connection: close") + chunk * 20 + END
    assert talk(live, untold)[:1] in ([413], [])


def test_bodies_that_never_come_leave_pages_alone(live: Live) -> None:
    begun = [connect(live) for _n in range(12)]
    form = head(b"Content-Length: 3", b"Connection: close") + b"a=b"
    last = HIDDEN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    try:
        for number, link in enumerate(begun):
            path = (b"POST /login HTTP/1.1", b"POST /api/v1/a/b HTTP/1.1", b"POST /nothing HTTP/1.1")[number % 3]
            link.sendall(head(b"Content-Length: 1000", start=path) + b"a=b")
        time.sleep(0.5)
        assert talk(live, last) == [200]
        assert talk(live, form) == [503]
    finally:
        for link in begun:
            link.close()
    time.sleep(0.5)
    assert talk(live, form) == [400]


@pytest.mark.slow
def test_a_head_sent_letter_by_letter_is_cut_off(live: Live) -> None:
    begin = time.monotonic()
    with connect(live) as link:
        link.sendall(b"GET /login HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        ended = False
        while not ended and time.monotonic() - begin < 20:
            try:
                link.sendall(b"a")
                link.settimeout(0.5)
                ended = not link.recv(1) or True
            except TimeoutError:
                continue
            except ConnectionError:
                ended = True
    assert ended
    assert time.monotonic() - begin < 15
