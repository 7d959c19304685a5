"""What a business demands of those who sign in: a second factor, known networks, short sessions.

It must cost no query to read (it comes with the tenant), and let nobody shut themselves out by saving it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final, Self

from sqlalchemy import select

from diwan import audit
from diwan.db.context import Actor, current, replace_scope
from diwan.errors import Denied, Invalid
from diwan.kit.i18n import _
from diwan.kit.text import fold
from diwan.tenants.models import Tenant

EVERYBODY, ADMINISTRATORS, NOBODY = "everybody", "administrators", "nobody"
WHO: Final = (NOBODY, ADMINISTRATORS, EVERYBODY)
ADMINISTRATION: Final = ("core.member.update", "core.role.update", "core.tenant.update", "core.plugin.manage")
"""Whoever may do one of these is an administrator here."""
MOST_ADDRESSES: Final = 100
SESSION_HOURS: Final = range(1, 90 * 24 + 1)
IDLE_MINUTES: Final = range(10, 7 * 24 * 60 + 1)


@dataclass(frozen=True, slots=True)
class Policy:
    """The demands of one business; nothing is demanded where a value is empty or 0."""

    second_factor_required: str = NOBODY
    addresses: tuple[str, ...] = ()
    session_hours: int = 0
    idle_minutes: int = 0

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return the policy that a tenant brings along (`current.tenant.policy`)."""
        return cls(
            second_factor_required=stored.get("second_factor_required", NOBODY),
            addresses=tuple(stored.get("addresses", ())),
            session_hours=stored.get("session_hours", 0),
            idle_minutes=stored.get("idle_minutes", 0),
        )

    def admits(self, address: str) -> bool:
        """Return whether the business may be opened from this internet address."""
        return not self.addresses or _within(address, self.addresses)

    def require_address(self, address: str) -> None:
        """Raise Denied, saying what to do, unless the address is one of those allowed."""
        if not self.admits(address):
            raise Denied(
                _(
                    "This business can be opened from certain networks only, and %(address)s is not one of them."
                    " Use the network or the VPN of your business, or ask an administrator to allow this address.",
                    address=address,
                )
            )

    def wants_second_factor(self, actor: Actor) -> bool:
        """Return whether this person must have proven a second factor."""
        if self.second_factor_required == ADMINISTRATORS:
            return any(actor.can(permission) for permission in ADMINISTRATION)
        return self.second_factor_required == EVERYBODY

    def is_too_old(self, age: timedelta) -> bool:
        """Return whether somebody who logged in so long ago must log in again."""
        return self.session_hours > 0 and age > timedelta(hours=self.session_hours)

    def is_too_idle(self, pause: timedelta) -> bool:
        """Return whether a session that nobody used for so long ends here."""
        return self.idle_minutes > 0 and pause > timedelta(minutes=self.idle_minutes)


def read(values: Mapping[str, str]) -> Policy:
    """Return the policy that a form describes. Raises Invalid with all that is wrong."""
    errors: dict[str, object] = {}
    who = values.get("second_factor_required", NOBODY)
    if who not in WHO:
        errors["second_factor_required"] = _("Choose from the list.")
    addresses: tuple[str, ...] = ()
    try:
        addresses = _addresses(values.get("addresses", ""))
    except Invalid as error:
        errors.update(error.errors)
    numbers = {}
    for name, allowed in (("session_hours", SESSION_HOURS), ("idle_minutes", IDLE_MINUTES)):
        text = fold(values.get(name, "")) or "0"
        numbers[name] = int(text) if text.isdecimal() and len(text) < 6 else -1
        if numbers[name] and numbers[name] not in allowed:
            errors[name] = _(
                "Enter a number from %(least)s to %(most)s, or nothing.", least=allowed[0], most=allowed[-1]
            )
    if errors:
        raise Invalid(errors)
    return Policy(who, addresses, **numbers)


def save(policy: Policy, *, address: str, proven: bool) -> None:
    """Make it the policy of the open business. `address` and `proven` are those of whoever saves it: nobody demands
    what would shut themselves out. Raises Invalid."""
    if not policy.admits(address):
        raise Invalid(
            {"addresses": _("Your own address, %(address)s, is not among these: you would shut yourself out. Add it, or"
                            " save from a network that stays allowed.", address=address)}
        )  # fmt: skip
    if policy.wants_second_factor(current.user) and not proven:
        raise Invalid(
            {"second_factor_required": _("You did not log in with two steps yourself: you would shut yourself out. Set"
                                         " up two-step sign-in for your own account first.")}
        )  # fmt: skip
    tenant = current.session.scalars(select(Tenant).where(Tenant.id == current.tenant.id).with_for_update()).one()
    before, after = asdict(Policy.of(tenant.policy)), asdict(policy)
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return
    # Other keys belong to others.
    tenant.policy = {**tenant.policy, **after, "addresses": list(policy.addresses)}
    audit.record("policy_changed", "core.tenant", None, tenant.name,
                 {name: before[name] for name in changed}, {name: after[name] for name in changed})  # fmt: skip
    current.session.flush()
    replace_scope(tenant=tenant.snapshot())


def _addresses(text: str) -> tuple[str, ...]:
    found = []
    for word in fold(text.replace(",", " ")).split():
        try:
            found.append(str(ip_network(word, strict=False)))
        except ValueError:
            raise Invalid(
                {"addresses": _("“%(text)s” is no internet address. Write 203.0.113.7 for one address, or"
                                " 203.0.113.0/24 for a network.", text=word[:60])}
            ) from None  # fmt: skip
    if len(found) > MOST_ADDRESSES:
        raise Invalid({"addresses": _("Use at most %(n)s addresses.", n=MOST_ADDRESSES)})
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=1000)
def _networks(addresses: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text, strict=False) for text in addresses)


def _within(address: str, addresses: tuple[str, ...]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:  # no address is known, of a socket say
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in network for network in _networks(addresses))
