"""How calls go: what is sent, which redirects are followed, how long and how much; TLS for the name that was asked."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from diwan.outgoing import CallRefused, Unreachable, fetch

Allow = Callable[[str], None]
Serve = Callable[..., Any]
Say = Callable[..., Callable[[BaseHTTPRequestHandler], None]]
Resolve = Callable[..., list[str]]


def test_what_is_sent(serve: Serve, nothing_allowed: Allow, say: Say) -> None:
    server = serve(say(b'{"a": 1}'))
    nothing_allowed(f"http://127.0.0.1:{server.port}")
    reply = fetch(server.url("/a b?q=x#part".replace(" ", "%20")), method="POST", json={"x": 1}, headers={"X-Key": "k"})
    method, path, headers, body = server.asked[0]
    assert (method, path, body) == ("POST", "/a%20b?q=x", b'{"x":1}')
    assert headers["x-key"] == "k"
    assert headers["content-type"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert reply.json() == {"a": 1}
    fetch(server.url(), method="PUT", form={"a": "ü"})
    assert server.asked[1][3] == b"a=%C3%BC"
    assert fetch(server.url(), method="HEAD").body == b""


@pytest.mark.parametrize(
    "headers",
    [{"Host": "inside"}, {"X": "a\r\nHost: inside"}, {"X\r\nY": "a"}, {"Transfer-Encoding": "chunked"}, {"": "a"},
     {"Content-Length": "0"}, {"X": "a\x00"}, {"X": "ü"}],
)  # fmt: skip
def test_headers_that_would_make_another_request(headers: dict[str, str], no_network: None) -> None:
    with pytest.raises(CallRefused):
        fetch("https://8.8.8.8/", headers=headers)


def test_redirects_are_not_followed_by_themselves(serve: Serve, nothing_allowed: Allow, say: Say) -> None:
    server = serve(say(b"", 302, Location="http://169.254.169.254/latest/meta-data/"))
    nothing_allowed(f"http://127.0.0.1:{server.port}")
    assert fetch(server.url()).status == 302
    assert len(server.asked) == 1


@pytest.mark.parametrize("to", ["http://169.254.169.254/", "http://[::1]/", "https://localhost/", "file:///etc/passwd",
                                "//127.0.0.1/", "gopher://127.0.0.1:6379/_INFO", "http://127.0.0.1:22/"])  # fmt: skip
def test_each_hop_is_checked(to: str, serve: Serve, nothing_allowed: Allow, say: Say) -> None:
    server = serve(say(b"", 302, Location=to))
    nothing_allowed(f"http://127.0.0.1:{server.port}")
    with pytest.raises(CallRefused):
        fetch(server.url(), redirects=3)


def test_redirects_end_and_tell_no_secret_to_another_host(serve: Serve, nothing_allowed: Allow, say: Say) -> None:
    last = serve(say())
    first = serve(say(b"", 302, Location=last.url("/there")))
    loop = serve(say(b"", 302, Location="/again"))
    nothing_allowed(",".join(f"http://127.0.0.1:{s.port}" for s in (first, last, loop)))
    secret = {"Authorization": "Bearer secret"}
    assert fetch(first.url(), redirects=1, headers=secret).text == "hello"
    assert first.asked[0][2]["authorization"] == "Bearer secret"
    assert "authorization" not in last.asked[0][2]
    assert fetch(loop.url(), redirects=99, headers=secret).status == 302
    assert len(loop.asked) == 4
    assert loop.asked[3][2]["authorization"] == "Bearer secret"
    assert fetch(first.url(), method="POST", redirects=3).status == 302


def test_an_answer_has_an_end(serve: Serve, nothing_allowed: Allow, say: Say) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while True:
                request.wfile.write(b"x" * 65536)
        except OSError:
            pass

    def wordy(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        for number in range(90):
            request.send_header(f"X-{number}", "y" * 5000)
        request.end_headers()

    long, headers, exact = serve(endless), serve(wordy), serve(say(b"x" * 1000))
    nothing_allowed(",".join(f"http://127.0.0.1:{s.port}" for s in (long, headers, exact)))
    for server in (long, headers):
        with pytest.raises(Unreachable, match="too long"):
            fetch(server.url())
    assert len(fetch(exact.url(), most_bytes=1000).body) == 1000
    with pytest.raises(Unreachable, match="too long"):
        fetch(exact.url(), most_bytes=999)


def test_half_an_answer_is_none(serve: Serve, nothing_allowed: Allow) -> None:
    def broken(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")

    server = serve(broken)
    nothing_allowed(f"http://127.0.0.1:{server.port}")
    with pytest.raises(Unreachable, match="broke off"):
        fetch(server.url())


@pytest.mark.parametrize("part", ["silence", "headers", "body"])
def test_time_is_limited_as_a_whole(part: str, serve: Serve, nothing_allowed: Allow) -> None:
    """A server that sends a byte now and then keeps no call alive."""

    def drip(request: BaseHTTPRequestHandler) -> None:
        try:
            if part == "silence":
                time.sleep(5)
            elif part == "body":
                request.send_response(200)
                request.send_header("Content-Length", "100000")
                request.end_headers()
            else:
                request.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(100):
                request.wfile.write(b"X")
                request.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    server = serve(drip)
    nothing_allowed(f"http://127.0.0.1:{server.port}")
    started = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        fetch(server.url(), timeout=0.4)
    assert time.monotonic() - started < 1.5


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(1) or [])
    started = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        fetch("https://example.com/", timeout=0.2)
    assert time.monotonic() - started < 0.9


def test_proxies_of_the_environment_are_not_used(
    serve: Serve, nothing_allowed: Allow, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    server, proxy = serve(say()), serve(say(b"proxy"))
    nothing_allowed(f"http://127.0.0.1:{server.port}")
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url())
    assert fetch(server.url()).text == "hello"
    assert proxy.asked == []


class Authority:
    """A certificate authority of this test, and what it certifies."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.path = folder / "ca.pem"
        made = self._certificate(self.name, self.key, None)
        self.path.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def context(self, *names: x509.GeneralName) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        made = self._certificate(subject, key, x509.SubjectAlternativeName(names))
        path = self.folder / "server.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _certificate(self, subject: x509.Name, key: Any, names: x509.SubjectAlternativeName | None) -> x509.Certificate:
        moment = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(moment - timedelta(days=1))
            .not_valid_after(moment + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())


def test_tls_is_for_the_name_that_was_asked(
    tmp_path: Path, serve: Serve, nothing_allowed: Allow, monkeypatch: Any, say: Say, resolve: Resolve
) -> None:
    authority = Authority(tmp_path)
    server = serve(say(), authority.context(x509.DNSName("good.example.com")))
    nothing_allowed(f"https://127.0.0.1:{server.port}")
    resolve(["127.0.0.1"])
    url = server.url(host="good.example.com", scheme="https")
    with pytest.raises(Unreachable, match="prove"):
        fetch(url)  # nobody knows this authority
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    assert fetch(url).text == "hello"
    with pytest.raises(Unreachable, match="prove"):
        fetch(server.url(host="other.example.com", scheme="https"))
    with pytest.raises(Unreachable, match="prove"):
        fetch(server.url(scheme="https"))
