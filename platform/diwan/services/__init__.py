"""Public: the services that plugins provide and use, as interfaces that the platform owns.

A caller must work without any of them: `use(...)` answers None where no enabled plugin offers the service.
"""

from __future__ import annotations

from typing import TypeVar

from diwan.db.context import current
from diwan.services.interfaces import Contacts, Notifier, Service
from diwan.services.notifying import Bell

__all__ = ["Contacts", "Notifier", "Service", "use"]

S = TypeVar("S", bound=Service)
OWN: dict[type[Service], Service] = {Notifier: Bell()}
"""What the platform offers itself, where no plugin does."""


def use(interface: type[S]) -> S | None:
    """Return what the tenant's plugins, or the platform, offer for an interface, or None."""
    lineup = current.lineup
    if lineup is None:
        return None
    found: S | None = lineup.service(interface)
    return found or OWN.get(interface)  # type: ignore[return-value]
