"""The names of events: `loans.loan_returned` for a plugin's own, `crm.contact.deleted` for those of records.

It must not import models or plugins: subscribing to an event needs no import of whoever publishes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*){1,2}")

_plugins: dict[str, str] = {"diwan": "core"}


@dataclass(frozen=True, slots=True)
class RecordEvents:
    """One kind of record event: `Deleting["crm.contact"]` is the name `crm.contact.deleting`."""

    kind: str

    def __getitem__(self, resource: str) -> str:
        return f"{resource}.{self.kind}"


Created = RecordEvents("created")
Updated = RecordEvents("updated")
Deleted = RecordEvents("deleted")
Creating = RecordEvents("creating")
Updating = RecordEvents("updating")
Deleting = RecordEvents("deleting")


def snake(name: str) -> str:
    """Return `loan_returned` for `LoanReturned`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def name_package(package: str, plugin: str) -> None:
    """Tell to which plugin the events of a top-level package belong."""
    _plugins[package] = plugin


def plugin_of(module: str) -> str:
    """Return the plugin whose events a module defines: as told by `name_package`, else by the package's own name."""
    package = module.partition(".")[0]
    return _plugins.get(package) or package.removeprefix("diwan_").replace("_", "")


def event_name(event: object) -> str:
    """Return the name that a subscription means: a name, or an Event class, which knows its own."""
    name = event if isinstance(event, str) else getattr(event, "event_name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f'{event!r} is not an event: give an Event class, Created["plugin.resource"] or a name')
    return name
