"""`fetch()`: one HTTP call to another system, to an address that was checked before anything was sent.

It must not follow what it has not checked, use a proxy of the environment, or wait or read without limit.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode, urljoin

import orjson

from diwan.config import Config
from diwan.errors import DiwanError, Refuse
from diwan.kit.destinations import Allowance, Destination, check_address, is_address, parse_allowances, read_url
from diwan.kit.i18n import _
from diwan.outgoing.wire import Deadline, connected

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 3
MOST_HEADER_BYTES = 64 * 1024
OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "te", "upgrade"})
"""Headers that only the connection itself may set."""


class CallRefused(Refuse):
    """This call must not leave: its address leads inside, or could be read in two ways. Nothing was sent."""

    code = "call_refused"


class Unreachable(DiwanError):
    """The other system could not be reached, or did not answer in time or within the limits."""

    status = 502
    code = "unreachable"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other system answered. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """Return the body read as JSON. Raises Unreachable when it is none."""
        try:
            return orjson.loads(self.body)
        except ValueError:
            raise Unreachable(_("The other system's answer could not be understood.")) from None


_allowed: list[Allowance] = []


def configure(config: Config) -> None:
    """Tell this process what the operator allows beyond the public internet; called once by create_app."""
    _allowed[:] = parse_allowances(config.outgoing_allow)


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    data: bytes | None = None,
    timeout: float = 10.0,
    most_bytes: int = 1_000_000,
    redirects: int = 0,
) -> Reply:
    """Call another system by https and return its answer, whatever its status. Raises CallRefused or Unreachable.

    json, form or data is the body. timeout: seconds for everything together. most_bytes: of the answer. redirects: how
    many are followed (3 at most), of GET and HEAD only, each checked like the first; to another host without `headers`.
    Call from a job or an event handler of your own: a page that waits for others is slow.
    """
    if method not in METHODS:
        raise CallRefused(_("Unknown method %(name)s.", name=str(method)[:20]))
    body, kind = _body(json, form, data)
    sent = {"accept-encoding": "identity", "user-agent": "Diwan", **({"content-type": kind} if kind else {})}
    own = _own_headers(headers or {})
    deadline, hops = Deadline(timeout), min(redirects, MOST_REDIRECTS)
    while True:
        to = _destination(url)
        reply = _call(to, method, {**sent, **own}, body, deadline, most_bytes)
        location = reply.headers.get("location")
        if hops <= 0 or reply.status not in REDIRECTS or not location or method not in ("GET", "HEAD"):
            return reply
        hops, url = hops - 1, urljoin(url, location)
        after = _destination(url)
        if (after.scheme, after.host, after.port) != (to.scheme, to.host, to.port):
            own = {}  # what opens one host is not told to another


def _destination(url: str) -> Destination:
    try:
        return read_url(url, _allowed)
    except ValueError as error:
        raise CallRefused(error.args[0]) from None


def _body(json: Any, form: Mapping[str, str] | None, data: bytes | None) -> tuple[bytes | None, str]:
    if sum(given is not None for given in (json, form, data)) > 1:
        raise TypeError("fetch() takes one of json, form and data")
    if json is not None:
        return orjson.dumps(json), "application/json"
    if form is not None:
        return urlencode(form).encode(), "application/x-www-form-urlencoded"
    return data, "application/octet-stream" if data is not None else ""


def _own_headers(headers: Mapping[str, str]) -> dict[str, str]:
    own = {name.lower(): str(value) for name, value in headers.items()}
    for name, value in own.items():
        if name in OURS or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise CallRefused(_("The header %(name)s cannot be set.", name=name[:40]))
        if not value.isascii() or not (value.isprintable() or not value):
            raise CallRefused(_("The value of the header %(name)s has characters that cannot be sent.", name=name[:40]))
    return own


def _call(
    to: Destination, method: str, headers: Mapping[str, str], body: bytes | None, deadline: Deadline, most: int
) -> Reply:
    try:
        addresses = _checked(to, deadline)
        with connected(addresses, to.host, to.port, tls=to.scheme == "https", deadline=deadline) as connection:
            connection.putrequest(method, to.target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", to.authority)
            connection.putheader("Connection", "close")
            if body is not None or method in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", str(len(body or b"")))
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            if sum(len(name) + len(value) for name, value in found.items()) > MOST_HEADER_BYTES:
                raise Unreachable(_("The other system's answer is too long."))
            content = response.read(most + 1)
            if response.length and len(content) <= most:
                raise Unreachable(_("The other system's answer broke off."))
    except TimeoutError:
        raise Unreachable(_("%(host)s did not answer in time.", host=to.host)) from None
    except ssl.SSLError as error:
        raise Unreachable(_("%(host)s could not prove who it is.", host=to.host)) from error
    except (OSError, HTTPException) as error:
        raise Unreachable(_("%(host)s cannot be reached.", host=to.host)) from error
    if len(content) > most:
        raise Unreachable(_("The other system's answer is too long."))
    return Reply(response.status, found, content)


def _checked(to: Destination, deadline: Deadline) -> list[str]:
    """Return the addresses of a host that may be called; whoever connects uses these and no others."""
    found = [to.host] if is_address(to.host) else _resolve(to.host, to.port, deadline)
    checked = [str(address) for one in found if (address := check_address(one, to, _allowed)) is not None]
    if found and not checked:
        raise CallRefused(_("%(host)s is not a public server: it cannot be called.", host=to.host))
    return list(dict.fromkeys(checked))


def _resolve(host: str, port: int, deadline: Deadline) -> list[str]:
    """Ask the system's resolver, once. In a thread, because it knows no limit of time."""
    answers: list[str] = []
    failed: list[OSError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
            answers.extend(str(entry[4][0]) for entry in found)
        except (OSError, UnicodeError) as error:
            failed.append(error if isinstance(error, OSError) else OSError(str(error)))

    asking = threading.Thread(target=ask, daemon=True, name="resolve")
    asking.start()
    asking.join(deadline.left())
    if asking.is_alive():
        raise TimeoutError("the resolver did not answer")
    if failed:
        raise failed[0]
    return answers
