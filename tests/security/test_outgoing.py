"""Calls that leave the system: only to public servers, to the very address that was checked, within their limits."""

from __future__ import annotations

import ast
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from diwan import outgoing
from diwan.config import Config, ConfigError
from diwan.kit.destinations import is_public, read_url
from diwan.outgoing import CallRefused, Unreachable, fetch

CONFIG = Config(home=Path("/nowhere"))
Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture(autouse=True)
def nothing_allowed() -> Iterator[Callable[[str], None]]:
    """By default the guard is as an operator finds it; call it to allow more."""
    kept = list(outgoing.service._allowed)

    def allow(text: str) -> None:
        outgoing.configure(replace(CONFIG, outgoing_allow=text))

    allow("")
    yield allow
    outgoing.service._allowed[:] = kept


class Server:
    """A real server of this machine, and what it was asked."""

    def __init__(self, answer: Answer, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                names = {name.lower(): value for name, value in self.headers.items()}
                server.asked.append((self.command, self.path, names, self.rfile.read(length)))
                answer(self)

            do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        if context is not None:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    running: list[Server] = []

    def start(answer: Answer, context: ssl.SSLContext | None = None) -> Server:
        running.append(Server(answer, context))
        return running[-1]

    yield start
    for server in running:
        server.stop()


def say(body: bytes = b"hello", status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be sent: a connection fails the test."""

    def connect(*_: Any, **__: Any) -> Any:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", connect)


def resolve(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let the resolver give these answers one after the other, the last one for ever; return what it was asked."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


INSIDE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.8.8.8", "169.254.169.254",
    "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1", "2002:7f00:1::", "2002:0808:0808::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fec0::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_inside_is_public(address: str, monkeypatch: pytest.MonkeyPatch, no_network: None) -> None:
    assert not is_public(ipaddress.ip_address(address))
    literal = f"[{address}]" if ":" in address else address
    resolve(monkeypatch, [address])
    for url in (f"https://{literal}/", "https://innocent.example.com/"):
        with pytest.raises(CallRefused):
            fetch(url)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "2a00::1"]
)
def test_public_addresses_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/",
        "https://127.0.1/", "https://0/", "https://127.0.0.1./", "https://localhost./", "https://example.com./",
        "https://1.2.3.4.5/", "https://08.8.8.8/", "https://8.8.8.8:443x/", "https://①②⑦.⓪.⓪.①/",
        "https://１２７.0.0.1/", "https://127。0。0。1/", "https://user@example.com/", "https://user:pw@example.com/",
        "https://example.com@127.0.0.1/", "https://127.0.0.1%2f@example.com/", "https://exa%6dple.com/",
        "https://example.com\\@127.0.0.1/", "https://example.com /", "https://example.com/\r\nHost: inside",
        "https://example.com/\x00", "https://exam\nple.com/", "https://exam\tple.com/", " https://example.com/",
        "https://[::1", "https://[::1%25eth0]/", "https://[127.0.0.1]/", "https://[v1.x]/", "https://example.com:99999/",
        "https:///etc/passwd", "https:example.com", "https:/example.com", "//example.com/", "example.com", "",
        "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "data:text/plain,x",
        "https://example.com:22/", "https://example.com:8443/", "https://example.com:0/", "https://localhost/",
        "https://intranet/", "https://-example.com/", "https://exa_mple.com/", "https://example..com/",
        "https://" + "a" * 64 + ".com/", "https://example.com/" + "a" * 5000, "javascript:alert(1)",
        "https://xn--a/", "https://\u202eexample.com/",
    ],
)  # fmt: skip
def test_odd_spellings_are_refused(url: str, monkeypatch: pytest.MonkeyPatch, no_network: None) -> None:
    asked = resolve(monkeypatch, ["8.8.8.8"])
    with pytest.raises(CallRefused):
        fetch(url)
    assert asked == []


def test_names_of_other_scripts_are_read_as_the_resolver_reads_them() -> None:
    assert read_url("https://مثال.com/طريق?س=1 2".replace(" ", "+")).host == "xn--mgbh0fb.com"
    assert read_url("https://EXAMPLE.com").host == "example.com"
    assert read_url("https://[2606:4700::1111]/").authority == "[2606:4700::1111]"


def test_text_that_is_no_text_is_refused() -> None:
    for wrong in (None, 7, b"https://example.com"):
        with pytest.raises(CallRefused):
            fetch(wrong)  # type: ignore[arg-type]


def test_a_name_that_leads_inside_is_refused(no_network: None, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, ["127.0.0.1", "::1", "fe80::1%eth0"])
    with pytest.raises(CallRefused, match="not a public server"):
        fetch("https://rebind.example.com/")


def test_only_checked_addresses_are_called_and_the_resolver_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolve(monkeypatch, ["10.0.0.1", "203.0.114.1", "::1"], ["127.0.0.1"])  # the second answer is the attack
    called: list[str] = []

    def connect(_socket: Any, address: tuple[str, int]) -> None:
        called.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(Unreachable):
        fetch("https://rebind.example.com/")
    assert called == ["203.0.114.1"]
    assert asked == ["rebind.example.com"]


def test_rebinding_against_real_servers(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, nothing_allowed: Callable[[str], None]
) -> None:
    """Checked 127.0.0.1 (allowed here), then the name leads elsewhere: the call still goes where it was checked."""
    server = serve(say())
    nothing_allowed(f"http://127.0.0.1:{server.port}")
    asked = resolve(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
    assert fetch(server.url("/x", host="name.example.com")).text == "hello"
    assert asked == ["name.example.com"]
    assert server.asked[0][2]["host"] == f"name.example.com:{server.port}"
    with pytest.raises(CallRefused):
        fetch(server.url("/x", host="name.example.com"))
    assert len(server.asked) == 1


def test_what_an_operator_allows_and_not_more(
    serve: Callable[..., Server], nothing_allowed: Callable[[str], None]
) -> None:
    server, other = serve(say()), serve(say())
    with pytest.raises(CallRefused):
        fetch(server.url())
    nothing_allowed(f"http://127.0.0.0/8:{server.port}")
    assert fetch(server.url()).ok
    for url in (other.url(), server.url(scheme="https"), server.url().replace("127.0.0.1", "[::1]")):
        with pytest.raises(CallRefused):
            fetch(url)
    nothing_allowed(f"http://localhost:{server.port}")
    assert fetch(server.url(host="localhost")).ok
    with pytest.raises(CallRefused):
        fetch(server.url())
    assert other.asked == []


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254"])
def test_no_setting_opens_the_metadata_of_a_cloud(
    address: str, nothing_allowed: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, no_network: None
) -> None:
    nothing_allowed("http://0.0.0.0/0,http://[::]/0,http://metadata.internal")
    resolve(monkeypatch, [address])
    with pytest.raises(CallRefused):
        fetch("http://metadata.internal/latest/meta-data/")


def test_what_is_sent(serve: Callable[..., Server], nothing_allowed: Callable[[str], None]) -> None:
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


def test_redirects_are_not_followed_by_themselves(
    serve: Callable[..., Server], nothing_allowed: Callable[[str], None]
) -> None:
    server = serve(say(b"", 302, Location="http://169.254.169.254/latest/meta-data/"))
    nothing_allowed(f"http://127.0.0.1:{server.port}")
    assert fetch(server.url()).status == 302
    assert len(server.asked) == 1


@pytest.mark.parametrize("to", ["http://169.254.169.254/", "http://[::1]/", "https://localhost/", "file:///etc/passwd",
                                "//127.0.0.1/", "gopher://127.0.0.1:6379/_INFO", "http://127.0.0.1:22/"])  # fmt: skip
def test_each_hop_is_checked(to: str, serve: Callable[..., Server], nothing_allowed: Callable[[str], None]) -> None:
    server = serve(say(b"", 302, Location=to))
    nothing_allowed(f"http://127.0.0.1:{server.port}")
    with pytest.raises(CallRefused):
        fetch(server.url(), redirects=3)


def test_redirects_end_and_tell_no_secret_to_another_host(
    serve: Callable[..., Server], nothing_allowed: Callable[[str], None]
) -> None:
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


def test_an_answer_has_an_end(serve: Callable[..., Server], nothing_allowed: Callable[[str], None]) -> None:
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


def test_half_an_answer_is_none(serve: Callable[..., Server], nothing_allowed: Callable[[str], None]) -> None:
    def broken(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")

    server = serve(broken)
    nothing_allowed(f"http://127.0.0.1:{server.port}")
    with pytest.raises(Unreachable, match="broke off"):
        fetch(server.url())


@pytest.mark.parametrize("part", ["silence", "headers", "body"])
def test_time_is_limited_as_a_whole(
    part: str, serve: Callable[..., Server], nothing_allowed: Callable[[str], None]
) -> None:
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
    serve: Callable[..., Server], nothing_allowed: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
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
    tmp_path: Path, serve: Callable[..., Server], nothing_allowed: Callable[[str], None], monkeypatch: Any
) -> None:
    authority = Authority(tmp_path)
    server = serve(say(), authority.context(x509.DNSName("good.example.com")))
    nothing_allowed(f"https://127.0.0.1:{server.port}")
    resolve(monkeypatch, ["127.0.0.1"])
    url = server.url(host="good.example.com", scheme="https")
    with pytest.raises(Unreachable, match="prove"):
        fetch(url)  # nobody knows this authority
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    assert fetch(url).text == "hello"
    with pytest.raises(Unreachable, match="prove"):
        fetch(server.url(host="other.example.com", scheme="https"))
    with pytest.raises(Unreachable, match="prove"):
        fetch(server.url(scheme="https"))


@pytest.mark.parametrize(
    "text", ["ftp://x", "10.0.0.0/99", "a b", "https://", "x:99999", "x:0", "10.0.0", "http://user@host"]
)
def test_a_setting_that_cannot_be_used_stops_the_start(text: str) -> None:
    with pytest.raises(ConfigError, match="DIWAN_OUTGOING_ALLOW"):
        Config.from_env({"DIWAN_HOME": "/tmp/x", "DIWAN_OUTGOING_ALLOW": text})


ALLOWED_TO_CONNECT = {
    "platform/diwan/outgoing/service.py",  # resolves, once, what `fetch` calls
    "platform/diwan/outgoing/wire.py",  # connects to the address that was checked
    "platform/diwan/files/bucket.py",  # the store that the operator names in DIWAN_FILES_URL, often inside
    "platform/diwan/mail/transport.py",  # the mail server that the operator names in DIWAN_MAIL_URL, often inside
    "platform/diwan/embedded/postgres.py",  # its own servers on this machine
    "platform/diwan/embedded/valkey.py",
    "platform/diwan/cli/servers.py",  # asks the web server that it has just started
    "platform/diwan/testing/live.py",
    "platform/diwan/jobs/worker.py",  # the name of this machine
    "platform/diwan/jobs/scheduler.py",
}
ROADS = {"socket", "socketserver", "ssl", "http.client", "urllib.request", "ftplib", "smtplib", "poplib", "imaplib",
         "telnetlib", "nntplib", "xmlrpc.client", "requests", "urllib3", "httpx", "httpcore", "aiohttp", "asyncio",
         "pycurl", "paramiko", "websocket", "websockets", "minio", "boto3"}  # fmt: skip


def imports_of(source: str) -> set[str]:
    """The modules that a source imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_nothing_else_opens_connections() -> None:
    """A new file that can call out either goes through `fetch`, or says in the list above why it need not."""
    root = Path(__file__).parents[2]
    sources = [*root.glob("platform/diwan/**/*.py"), *root.glob("plugins/**/*.py"), *root.glob("examples/**/*.py")]
    assert len(sources) > 300
    found = {
        str(path.relative_to(root))
        for path in sources
        if "node_modules" not in path.parts and "tests" not in path.parts
        if any(name in ROADS or name.partition(".")[0] in ROADS - {"http"} for name in imports_of(path.read_text()))
    }
    assert found - ALLOWED_TO_CONNECT == set()
    assert ALLOWED_TO_CONNECT - found == set(), "these need no permission any more"
