"""What the one who reads the log may see of an entry: not the fields that are hidden from them, and never a secret.

It must only take away; whether somebody may read the log at all is the caller's question.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diwan.audit.models import AuditEntry
from diwan.db.context import current
from diwan.resources.declare import Resource

HIDDEN = "•••"

Values = dict[str, Any]


def seen(entry: AuditEntry) -> tuple[Values | None, Values | None]:
    """Return the values before and after as the actor may see them."""
    resource: Resource | None = current.lineup.resources.get(entry.resource) if current.lineup else None
    if resource is None:
        return entry.before, entry.after
    return _seen(resource, entry.before), _seen(resource, entry.after)


def _seen(resource: Resource, values: Mapping[str, Any] | None) -> Values | None:
    if values is None:
        return None
    hidden = resource.reach.reads if resource.reach is not None else ()
    return {
        name: (HIDDEN if value else None) if name in resource.secrets else value
        for name, value in values.items()
        if name not in hidden and (name in resource.fields or name not in resource.whole.fields)
    }
