"""Public: the services that plugins provide and use, as interfaces that the platform owns.

A caller must work without any of them: `use(...)` answers None where no enabled plugin offers the service.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from diwan.db.context import current

__all__ = ["Contacts", "Service", "use"]


class Service(ABC):  # noqa: B024 - the interfaces below have the methods
    """The base of every interface. A provider that lacks a method fails when its plugin loads."""


S = TypeVar("S", bound=Service)


def use(interface: type[S]) -> S | None:
    """Return what the tenant's plugins offer for an interface, or None."""
    lineup = current.lineup
    found: S | None = lineup.service(interface) if lineup is not None else None
    return found


class Contacts(Service):
    """People and organisations, for plugins that only need to name, find or add one."""

    @abstractmethod
    def display_name(self, contact: UUID) -> str | None:
        """Return the name for people in the current language; None if there is no such contact."""

    @abstractmethod
    def find_by_email(self, email: str) -> UUID | None:
        """Return the contact with this address, upper and lower case alike; None if there is none."""

    @abstractmethod
    def create(self, name: str, *, kind: str = "organisation", email: str = "", roles: Sequence[str] = ()) -> UUID:
        """Add a contact of kind `organisation` or `person` and return its id. Raises Invalid."""
