"""The plugins that are installed in this process, each with its state and its problems.

Loading fills it once; afterwards it only changes as a whole (`activate`). It must not read the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Table

from diwan.db.migrate import Scope
from diwan.kernel.contribution import Contribution
from diwan.kernel.manifest import Manifest
from diwan.kernel.plugin import Plugin
from diwan.kit.i18n import LazyText

State = Literal["ready", "rejected", "blocked", "broken", "unmigrated", "missing"]


@dataclass(slots=True)
class Entry:
    """One plugin as it is installed here. `seconds` is the time that its import took."""

    name: str
    package: str = ""
    attribute: str = "plugin"
    distribution: str = ""
    version: str = "0"
    folder: Path | None = None
    state: State = "ready"
    problems: list[str] = field(default_factory=list)
    manifest: Manifest | None = None
    plugin: Plugin | None = None
    services: dict[type, Any] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    seconds: float = 0.0

    def stop(self, state: State, *problems: str) -> None:
        """Take the plugin out, with the reasons. The first state stays: it is the cause, others are consequences."""
        if self.state == "ready":
            self.state = state
        self.problems.extend(problem for problem in problems if problem not in self.problems)

    @property
    def label(self) -> LazyText | str:
        """The plugin's name for people."""
        return LazyText(self.name, self.manifest.label) if self.manifest else self.name

    @property
    def summary(self) -> LazyText | str:
        """What it does, in one sentence."""
        return LazyText(self.name, self.manifest.summary) if self.manifest else ""

    @property
    def category(self) -> LazyText | str:
        """The shelf on which the catalogue of modules shows it."""
        return LazyText(self.name, self.manifest.category) if self.manifest else ""

    @property
    def scope(self) -> Scope | None:
        """Its migrations, or None where it has no table."""
        if self.folder is None or not (self.folder / "migrations").is_dir():
            return None
        return Scope(self.name, self.folder / "migrations")


class Plugins(Mapping[str, Entry]):
    """All installed plugins by name, in dependency order."""

    def __init__(self, entries: Mapping[str, Entry] | None = None, loaded: Plugins | None = None) -> None:
        self._entries = dict(entries or {})
        self.loaded = loaded or self

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    @property
    def ready(self) -> list[Entry]:
        """The plugins that can be served."""
        return [entry for entry in self.values() if entry.state == "ready"]

    @property
    def stopped(self) -> list[Entry]:
        """The plugins that cannot be served, with their problems."""
        return [entry for entry in self.values() if entry.state != "ready"]

    @property
    def contributions(self) -> list[Contribution]:
        """Everything that the ready plugins contribute."""
        return [contribution for entry in self.ready if entry.plugin for contribution in entry.plugin.all()]

    @property
    def scopes(self) -> list[Scope]:
        """The migrations of all plugins whose code works, in dependency order."""
        return [e.scope for e in self.values() if e.state in ("ready", "unmigrated") and e.scope]

    def closure(self, name: str) -> list[str]:
        """Return the plugin and all that it requires, in dependency order."""
        needed = {name}
        for other in reversed(list(self)):
            manifest = self[other].manifest
            if other in needed and manifest:
                needed.update(manifest.requires)
        return [other for other in self if other in needed]

    def with_states(self, changes: Mapping[str, tuple[State, str]]) -> Plugins:
        """Return what was loaded with other states for some plugins, each with its reason."""
        entries = dict(self.loaded)
        for name, (state, reason) in changes.items():
            known = entries.get(name, Entry(name))
            entries[name] = replace(known, state=state, problems=[*known.problems, reason])
        return Plugins(entries, self.loaded)


_installed = Plugins()


def installed() -> Plugins:
    """Return the plugins of this process."""
    return _installed


def activate(plugins: Plugins) -> Plugins:
    """Make these the plugins of this process."""
    global _installed
    _installed = plugins
    return plugins
