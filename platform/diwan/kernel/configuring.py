"""The settings that a plugin declares, typed: what plugins read as `plugin.config`, and what the screen saves.

It must not store anything itself; `diwan.settings` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diwan import settings
from diwan.db.context import current
from diwan.resources import Field, secrets
from diwan.resources.describing import parse_fields
from diwan.resources.values import as_json


class Config:
    """The values of a plugin's settings in the current business: `plugin.config.days`."""

    __slots__ = ("_fields", "_plugin")

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin
        self._fields: dict[str, Field] = {}

    def __getattr__(self, name: str) -> Any:
        described = self._fields.get(name)
        if described is None:
            known = ", ".join(self._fields) or "none: declare them with @plugin.settings"
            raise AttributeError(f"The plugin {self._plugin} has no setting {name!r}; known: {known}")
        if described.secret:
            return settings.read_secret(self._plugin, name) if current.tenant_or_none else None
        return value_of(self._plugin, described)


def declare(config: Config, fields: Mapping[str, Field]) -> None:
    """Tell a plugin's config which settings there are."""
    config._fields.update(fields)


def value_of(plugin: str, described: Field) -> Any:
    """Return a setting in the current business: what was saved, else its default (also outside of any business)."""
    stored = settings.read(plugin).values if current.tenant_or_none else {}
    return described.load(stored[described.name]) if described.name in stored else described.initial()


def values_of(plugin: str, fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return all settings of a plugin but its secrets."""
    return {name: value_of(plugin, described) for name, described in fields.items() if not described.secret}


def are_set(plugin: str, fields: Mapping[str, Field]) -> dict[str, bool]:
    """Return of each secret setting whether there is one."""
    sealed = settings.read(plugin).sealed
    return {name: name in sealed for name, described in fields.items() if described.secret}


def save(plugin: str, fields: Mapping[str, Field], raw: Mapping[str, Any], version: int | None = None) -> None:
    """Save all settings of a plugin. Raises Invalid or Stale."""
    rest, hidden = secrets.take({name: each for name, each in fields.items() if each.secret}, raw)
    new = parse_fields({name: each for name, each in fields.items() if not each.secret}, rest)
    settings.write(plugin, {name: as_json(value) for name, value in new.items()}, version, hidden)
