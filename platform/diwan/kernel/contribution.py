"""What a plugin adds to the platform, as data: one frozen record for every kind of contribution.

It must not hold behaviour: the loader checks contributions, the lineup sorts them, the guard calls them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = (
    "resource", "action", "settings", "document", "role", "scope", "widget", "panel", "page", "job", "schedule", "on",
    "during", "hook", "provide", "demo",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Contribution:
    """One thing that a plugin contributes.

    `key` is unique among the contributions of its kind (`loans.overdue`). `target` is the function to call, the
    provider class, or the Resource. `options` are those of its decorator, completed with their defaults.
    """

    kind: str
    plugin: str
    key: str
    target: Any
    label: object = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The key without the plugin's name."""
        return self.key.partition(".")[2]

    @property
    def permission(self) -> str:
        """The permission that a person needs for it; empty where there is nothing for a person."""
        return str(self.options.get("permission", ""))

    def __repr__(self) -> str:
        return f"<{self.kind} {self.key}>"


def settings_permission(plugin: str) -> str:
    """Return the permission to set up a plugin: its settings, and the patterns of its numbers."""
    return f"{plugin}.settings.manage"


def permissions_of(contributions: Iterable[Contribution]) -> frozenset[str]:
    """Return every permission that these contributions know."""
    found: set[str] = set()
    for contribution in contributions:
        if contribution.kind == "resource":
            found.update(contribution.target.permissions)
            if any(described.sequence for described in contribution.target.fields.values()):
                found.add(settings_permission(contribution.plugin))
        elif contribution.permission:
            found.add(contribution.permission)
    return frozenset(found)
