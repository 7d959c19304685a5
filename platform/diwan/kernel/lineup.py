"""The answer to "what is on for this tenant": one immutable snapshot for each set of enabled plugins.

What is off is not in it, so nothing can forget to filter. It must not read the database.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeVar

from diwan.db.context import Actor, Tenant, current
from diwan.db.grants import Grants
from diwan.kernel import guard
from diwan.kernel.catalogue import Entry, Plugins, installed
from diwan.kernel.contribution import Contribution, permissions_of
from diwan.kernel.hookspecs import SPECS
from diwan.resources import custom, people
from diwan.resources.declare import Resource
from diwan.resources.reach import narrow_all

log = logging.getLogger(__name__)

T = TypeVar("T")
Found = tuple[Contribution, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Lineup:
    """The plugins of a set and all that they contribute, in dependency order, then by name.

    `left_out` maps the names that the key asks for and that cannot be served to their state.
    """

    key: str
    plugins: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    whole_: Lineup | None = None
    resources: Mapping[str, Resource] = field(default_factory=dict)
    permissions: frozenset[str] = frozenset()
    services: Mapping[type, tuple[Any, ...]] = field(default_factory=dict)
    _kinds: Mapping[str, Found] = field(default_factory=dict)
    _hooks: Mapping[str, Found] = field(default_factory=dict)
    _events: Mapping[tuple[str, str], Found] = field(default_factory=dict)
    _panels: Mapping[tuple[str, str], Found] = field(default_factory=dict)
    _found: Mapping[tuple[str, str], Contribution] = field(default_factory=dict)

    @property
    def whole(self) -> Lineup:
        """The lineup without anybody's limits (`lineup_of`)."""
        return self.whole_ or self

    def __contains__(self, plugin: str) -> bool:
        return plugin in self.plugins

    def all(self, kind: str) -> Found:
        """Return the contributions of a kind."""
        return self._kinds.get(kind, ())

    @property
    def widgets(self) -> Found:
        return self.all("widget")

    @property
    def pages(self) -> Found:
        return self.all("page")

    @property
    def roles(self) -> Found:
        return self.all("role")

    @property
    def jobs(self) -> Found:
        return self.all("job")

    @property
    def schedules(self) -> Found:
        return self.all("schedule")

    @property
    def demos(self) -> Found:
        return self.all("demo")

    def hooks(self, name: str) -> Found:
        """Return who answers a hook. Raises KeyError for a hook that does not exist."""
        SPECS[name]
        return self._hooks.get(name, ())

    def subscribers(self, event: str) -> Found:
        """Return who is told of an event after its commit."""
        return self._events.get(("on", event), ())

    def during(self, event: str) -> Found:
        """Return who takes part in the transaction of an event."""
        return self._events.get(("during", event), ())

    def panels(self, resource: str, slot: str) -> Found:
        """Return the panels on the records of a resource."""
        return self._panels.get((resource, slot), ())

    def find(self, kind: str, key: str) -> Contribution | None:
        """Return one contribution, or None where its plugin is off."""
        return self._found.get((kind, key))

    def service(self, interface: type[T]) -> T | None:
        """Return the provider of a service, or None where no plugin that is on offers it."""
        providers = self.services.get(interface, ())
        return providers[0] if providers else None

    def ask(self, hook: str, **arguments: Any) -> list[Any]:
        """Call a hook of every plugin that is on; return the answers that are not None."""
        answers = (guard.call(contribution, **arguments) for contribution in self.hooks(hook))
        return [answer for answer in answers if answer is not None]

    def call(self, contribution: Contribution, *args: Any, **options: Any) -> Any:
        """Call a contribution through the guard (for layers below the kernel, which hold only a lineup)."""
        return guard.call(contribution, *args, **options)


def key_of(names: Iterable[str]) -> str:
    """Return the key of a set of plugins: their names, sorted, joined by commas."""
    return ",".join(sorted(set(names)))


def lineup_for(key: str) -> Lineup:
    """Return the lineup of a key (as `core.tenant.lineup_key` stores it) over the plugins of this process."""
    return _compiled(installed(), key)


def lineup_of(tenant: Tenant, actor: Actor | None = None) -> Lineup:
    """Return the lineup of a tenant whose scope is open, its custom fields included.

    With an actor, its resources are those that the actor reaches: fields that it may not read are not there.
    """
    lineup = (
        _tailored(installed(), tenant.id, tenant.lineup_key, tenant.tailoring)
        if tenant.tailoring
        else lineup_for(tenant.lineup_key)
    )
    return lineup if actor is None or actor.grants.everything else _narrowed(lineup, actor.grants)


@lru_cache(maxsize=2_000)
def _narrowed(lineup: Lineup, grants: Grants) -> Lineup:
    """The lineup as all who have these grants see it: people with the same roles share one."""
    resources = narrow_all(lineup.resources, grants)
    if resources is lineup.resources:
        return lineup
    return replace(lineup, resources=MappingProxyType(dict(resources)), whole_=lineup)


@lru_cache(maxsize=500)
def _tailored(plugins: Plugins, tenant: int, key: str, tailoring: int) -> Lineup:
    """The lineup with the fields of the open tenant; `tailoring` counts their changes, so each state is read once."""
    if current.tenant.id != tenant:
        raise RuntimeError("Custom fields are read within the scope of their tenant.")
    lineup, fields = lineup_for(key), custom.load_fields()
    resources = {key: custom.tailor(resource, fields.get(key, ())) for key, resource in lineup.resources.items()}
    return replace(lineup, resources=MappingProxyType(resources))


@lru_cache(maxsize=1000)
def _compiled(plugins: Plugins, key: str) -> Lineup:
    return compile_lineup(key, plugins)


def compile_lineup(key: str, entries: Mapping[str, Entry]) -> Lineup:
    """Build the lineup of a key out of the installed plugins, which come in dependency order."""
    wanted = {name for name in key.split(",") if name}
    ready = {name: entry for name, entry in entries.items() if name in wanted and entry.state == "ready"}
    _drop_unserved(ready)
    left_out = {
        name: entries[name].state if name in entries and entries[name].state != "ready" else _why(name, entries)
        for name in sorted(wanted - set(ready))
    }
    if left_out:
        log.warning("lineup %s is served without %s", key, ", ".join(f"{n} ({s})" for n, s in left_out.items()))
    contributions = [c for entry in ready.values() if entry.plugin for c in entry.plugin.all()]
    resources = {c.key: c.target for c in contributions if c.kind == "resource"} | {people.KEY: people.PERSON}
    return Lineup(
        key=key,
        plugins=tuple(ready),
        left_out=MappingProxyType(left_out),
        resources=MappingProxyType(resources),
        permissions=permissions_of(contributions),
        services=_services(ready.values()),
        _kinds=_group((c.kind, c) for c in contributions),
        _hooks=_group((c.name, c) for c in contributions if c.kind == "hook"),
        _events=_group(((c.kind, c.options["event"]), c) for c in contributions if "event" in c.options),
        _panels=_group(((c.options["resource"], c.options["slot"]), c) for c in contributions if c.kind == "panel"),
        _found=MappingProxyType({(c.kind, c.key): c for c in contributions}),
    )


def _drop_unserved(ready: dict[str, Entry]) -> None:
    """Leave out whatever requires a plugin that is not served itself."""
    for name, entry in list(ready.items()):
        if entry.manifest and any(required not in ready for required in entry.manifest.requires):
            del ready[name]


def _why(name: str, entries: Mapping[str, Entry]) -> str:
    return "blocked" if name in entries else "missing"


def _services(entries: Iterable[Entry]) -> Mapping[type, tuple[Any, ...]]:
    found: dict[type, list[Any]] = {}
    for entry in entries:
        for interface, provider in entry.services.items():
            found.setdefault(interface, []).append(provider)
    return MappingProxyType({interface: tuple(providers) for interface, providers in found.items()})


K = TypeVar("K")


def _group(pairs: Iterable[tuple[K, Contribution]]) -> Mapping[K, Found]:
    found: dict[K, list[Contribution]] = {}
    for key, contribution in pairs:
        found.setdefault(key, []).append(contribution)
    return MappingProxyType({key: tuple(group) for key, group in found.items()})
