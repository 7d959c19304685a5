"""Which addresses of the network may be called: public ones by https, and those that the operator names.

It must not resolve a name nor open a connection; it raises ValueError with a sentence for the person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import quote, urlsplit

import idna

from diwan.kit.i18n import _

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST = 4_000
PORTS = {"https": 443, "http": 80}
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
PATH = "/:@!$&'()*+,;=~%-._?"

# Global unicast is 2000::/3: loopback, link-local, unique local, multicast, IPv4-mapped and NAT64 are outside of it.
PUBLIC_V6 = IPv6Network("2000::/3")
NEVER_PUBLIC: tuple[Network, ...] = (
    *map(IPv4Network, ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "224.0.0.0/3")),
    # Teredo and other tunnels, documentation, 6to4: they carry or mean other addresses.
    *map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")),
)
# What clouds tell their machines, credentials included: no setting opens it.
METADATA = frozenset(map(ip_address, ("169.254.169.254", "169.254.170.2", "fd00:ec2::254", "fd20:ce::254")))


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a call goes: `host` is a name in ASCII or an address, `target` the path with the query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The host as the header `Host` names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an operator allows beyond public addresses by https at port 443: `http://10.1.0.0/16:8080`, `erp.lan`."""

    scheme: str
    host: str
    network: Network | None
    port: int

    def covers(self, to: Destination, address: Address | None = None) -> bool:
        """Return whether it allows this destination; without an address, whether some address of it."""
        if to.port != self.port or to.scheme != self.scheme:
            return False
        if self.network is None:
            return to.host == self.host
        return address is None or address in self.network


def parse_allowances(text: str) -> tuple[Allowance, ...]:
    """Return what DIWAN_OUTGOING_ALLOW allows. Raises ValueError."""
    return tuple(_allowance(part.strip()) for part in text.split(",") if part.strip())


def _allowance(text: str) -> Allowance:
    scheme, _marks, rest = text.rpartition("://")
    scheme = scheme or "https"
    if scheme not in PORTS:
        raise ValueError(f"{text!r} begins neither with https:// nor with http://")
    found = re.fullmatch(r"(?P<host>\[[0-9a-fA-F:.]+\](/[0-9]+)?|[^:\[\]]+)(:(?P<port>[0-9]{1,5}))?", rest)
    port = int(found["port"] or PORTS[scheme]) if found else 0
    if not found or not 0 < port < 65536:
        raise ValueError(f"{text!r} is no host or network, such as https://erp.lan:8443, 10.1.0.0/16 or [fd12::]/64")
    host = found["host"].translate({ord("["): None, ord("]"): None}).lower()
    try:
        return Allowance(scheme, host, ip_network(host), port)
    except ValueError:
        if "/" in host or NUMBER.fullmatch(host.rpartition(".")[2]):
            raise ValueError(f"{text!r}: {host!r} is no network") from None
        return Allowance(scheme, _name(host), None, port)


def read_url(url: str, allowed: Iterable[Allowance] = ()) -> Destination:
    """Return where an address leads, read strictly: what could be read in two ways is refused. Raises ValueError."""
    if type(url) is not str or len(url) > LONGEST or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError(_("This is not a web address."))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(_("This is not a web address.")) from None
    scheme = parts.scheme.lower()
    if scheme not in PORTS or not url.lower().startswith(f"{scheme}://") or not parts.hostname:
        raise ValueError(_("Enter a web address, like https://example.com."))
    if "@" in parts.netloc or "%" in parts.netloc:
        raise ValueError(_("A web address must not contain a user name or a password."))
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=PATH)
    to = Destination(scheme, _host(parts.hostname, parts.netloc), port if port is not None else PORTS[scheme], target)
    if not any(allowance.covers(to) for allowance in allowed):
        if scheme != "https":
            raise ValueError(_("Only addresses that begin with https:// can be called."))
        if to.port != PORTS["https"]:
            raise ValueError(_("Only the usual port 443 can be called."))
        if "." not in to.host and ":" not in to.host:
            raise ValueError(_("This is not the name of a public server."))
    return to


def check_address(address: str, to: Destination, allowed: Iterable[Allowance] = ()) -> Address | None:
    """Return an address of a destination if it may be called, else None."""
    try:
        parsed = ip_address(address)
    except ValueError:  # such as fe80::1%eth0
        return None
    if parsed in METADATA or getattr(parsed, "ipv4_mapped", None) in METADATA:
        return None
    if any(allowance.covers(to, parsed) for allowance in allowed):
        return parsed
    usual = to.scheme == "https" and to.port == PORTS["https"]
    return parsed if usual and is_public(parsed) else None


def is_address(host: str) -> bool:
    """Return whether a host is an address itself, which nobody needs to resolve."""
    return ":" in host or NUMBER.fullmatch(host.rpartition(".")[2]) is not None


def is_public(address: Address) -> bool:
    """Return whether an address belongs to the public internet, and to no tunnel that leads elsewhere."""
    if isinstance(address, IPv6Address) and address not in PUBLIC_V6:
        return False
    return address.is_global and not any(address in network for network in NEVER_PUBLIC)


def _host(host: str, netloc: str) -> str:
    if netloc.startswith("["):
        try:
            return IPv6Address(host).compressed
        except ValueError:
            raise ValueError(_("This is not a web address.")) from None
    name = _name(host)
    if is_address(name):  # no name ends in a number: 127.1, 0x7f000001, 2130706433 are numbers
        try:
            return str(IPv4Address(name))
        except ValueError:
            raise ValueError(_("Write a numeric address as four numbers, like 192.0.2.1.")) from None
    return name


def _name(host: str) -> str:
    """Return a host's name in ASCII, lower case."""
    try:
        name = host.lower() if host.isascii() else idna.encode(host, uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise ValueError(_("This is not the name of a server.")) from None
    if len(name) > 253 or not all(LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(_("This is not the name of a server."))
    return name
