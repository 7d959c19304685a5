"""The interfaces themselves: what a provider must have and a caller may count on.

They must not hold code; plugins and the platform implement them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from uuid import UUID


class Service(ABC):  # noqa: B024 - the interfaces below have the methods
    """The base of every interface. A provider that lacks a method fails when its plugin loads."""


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


class Notifier(Service):
    """Tells people of the business something under the bell, in the open transaction.

    `resource` and `record` say where it leads; who may not read the records of that resource is not told.
    """

    @abstractmethod
    def tell(
        self,
        people: Sequence[UUID | None],
        title: object,
        body: object = "",
        resource: str = "",
        record: UUID | None = None,
    ) -> int:
        """Tell these users, so far as they are in the business; return how many were told. None is passed over."""

    @abstractmethod
    def tell_followers(self, resource: str, record: UUID, title: object, body: object = "") -> int:
        """Tell who follows a record, but not who acts; return how many were told."""

    @abstractmethod
    def tell_permitted(
        self, permission: str, title: object, body: object = "", resource: str = "", record: UUID | None = None
    ) -> int:
        """Tell everybody who has a permission, but not who acts; return how many were told."""
