"""What can be done with the selected rows of a list.

It must name only what this person may do; `bulk_pages` does it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diwan.db import current
from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.web.cells import record_base

Provider = Callable[[Resource, bool], list[dict[str, Any]]]
_providers: list[Provider] = []


def provide(provider: Provider) -> Provider:
    """Let another part add actions: it is asked with the resource and whether the archive is on show.

    Each is {label, icon, action (address that gets `id`s, or `all` and `state`), tone, confirm, dialog}.
    """
    if provider not in _providers:
        _providers.append(provider)
    return provider


def bulk_actions(resource: Resource, archived: bool) -> list[dict[str, Any]]:
    """Return the actions of the bar over a selection."""
    base, can = f"{record_base(resource.key)}/bulk", current.user.can
    found: list[dict[str, Any]] = []
    if can(resource.permission("update")):
        if archived:
            found.append({"label": _("Restore"), "icon": "archive-off", "action": f"{base}/restore"})
        else:
            found.append({"label": _("Edit a field"), "icon": "pencil", "action": f"{base}/edit", "dialog": True})
            found.append({"label": _("Archive"), "icon": "archive", "action": f"{base}/archive"})
    found += [action for provider in _providers for action in provider(resource, archived)]
    if can(resource.permission("delete")):
        found.append({
            "label": _("Delete"), "icon": "trash", "action": f"{base}/delete", "tone": "danger",
            "confirm": _("This erases the selected records for good. To keep them, archive instead."),
        })  # fmt: skip
    return found
