"""Where calls may go: public servers only, each address read strictly, each name resolved once."""

from __future__ import annotations

import ast
import ipaddress
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from diwan.config import Config, ConfigError
from diwan.kit.destinations import is_public, read_url
from diwan.outgoing import CallRefused, Unreachable, fetch

Allow = Callable[[str], None]
Serve = Callable[..., Any]
Say = Callable[..., Callable[[BaseHTTPRequestHandler], None]]
Resolve = Callable[..., list[str]]


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
def test_no_address_inside_is_public(address: str, no_network: None, resolve: Resolve) -> None:
    assert not is_public(ipaddress.ip_address(address))
    literal = f"[{address}]" if ":" in address else address
    resolve([address])
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
def test_odd_spellings_are_refused(url: str, no_network: None, resolve: Resolve) -> None:
    asked = resolve(["8.8.8.8"])
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


def test_a_name_that_leads_inside_is_refused(no_network: None, resolve: Resolve) -> None:
    resolve(["127.0.0.1", "::1", "fe80::1%eth0"])
    with pytest.raises(CallRefused, match="not a public server"):
        fetch("https://rebind.example.com/")


def test_only_checked_addresses_are_called_and_the_resolver_is_asked_once(
    monkeypatch: pytest.MonkeyPatch, resolve: Resolve
) -> None:
    asked = resolve(["10.0.0.1", "203.0.114.1", "::1"], ["127.0.0.1"])  # the second answer is the attack
    called: list[str] = []

    def connect(_socket: Any, address: tuple[str, int]) -> None:
        called.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(Unreachable):
        fetch("https://rebind.example.com/")
    assert called == ["203.0.114.1"]
    assert asked == ["rebind.example.com"]


def test_rebinding_against_real_servers(serve: Serve, nothing_allowed: Allow, say: Say, resolve: Resolve) -> None:
    """Checked 127.0.0.1 (allowed here), then the name leads elsewhere: the call still goes where it was checked."""
    server = serve(say())
    nothing_allowed(f"http://127.0.0.1:{server.port}")
    asked = resolve(["127.0.0.1"], ["127.0.0.2"])
    assert fetch(server.url("/x", host="name.example.com")).text == "hello"
    assert asked == ["name.example.com"]
    assert server.asked[0][2]["host"] == f"name.example.com:{server.port}"
    with pytest.raises(CallRefused):
        fetch(server.url("/x", host="name.example.com"))
    assert len(server.asked) == 1


def test_what_an_operator_allows_and_not_more(serve: Serve, nothing_allowed: Allow, say: Say) -> None:
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
    address: str, nothing_allowed: Allow, no_network: None, resolve: Resolve
) -> None:
    nothing_allowed("http://0.0.0.0/0,http://[::]/0,http://metadata.internal")
    resolve([address])
    with pytest.raises(CallRefused):
        fetch("http://metadata.internal/latest/meta-data/")


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
    root = Path(__file__).parents[3]
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
