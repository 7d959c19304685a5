"""Switching plugins on and off for the current tenant: a row and a key change, no code is loaded or unloaded.

Off keeps every row. It must not commit: a hook that fails undoes the whole switch with the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from diwan import audit
from diwan.access.service import add_suggested_roles
from diwan.db.base import now
from diwan.db.context import current, replace_scope
from diwan.errors import Refuse
from diwan.kernel import guard
from diwan.kernel.catalogue import Entry, Plugins, installed
from diwan.kernel.lineup import Lineup, key_of, lineup_for, lineup_of
from diwan.kernel.models import PluginRow, TenantPlugin
from diwan.kit.i18n import _, listed
from diwan.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Offer:
    """A plugin as an administrator of a tenant sees it. `brings` are the plugins that enabling it switches on too."""

    entry: Entry
    on: bool
    brings: tuple[str, ...]
    needed_by: tuple[str, ...]


def available() -> list[Offer]:
    """Return what the tenant may switch on, and what is on, also if it cannot be served just now."""
    plugins, on = installed(), _names_on()
    known = [entry for entry in plugins.values() if entry.state == "ready" or entry.name in on]
    gone = [Entry(name, state="missing") for name in sorted(on - set(plugins))]
    return [
        Offer(
            entry,
            entry.name in on,
            tuple(name for name in plugins.closure(entry.name) if name not in on and name != entry.name),
            tuple(_needing(entry.name, on, plugins)),
        )
        for entry in [*known, *gone]
    ]


def plan_enable(name: str) -> list[str]:
    """Return all that enabling a plugin switches on, in order; empty if it is on. Raises Refuse with the reason."""
    return _plan([name], _names_on(), installed())


def enable(names: str | Iterable[str]) -> Lineup:
    """Switch plugins on, with all that they require; return the new lineup, which the scope has from now on."""
    tenant = _locked_tenant()
    on = _split(tenant.lineup_key)
    plugins = installed()
    plan = _plan([names] if isinstance(names, str) else list(names), on, plugins)
    if not plan:
        return _enter(tenant)
    _require_migrated(plan, plugins)
    first = {name for name in plan if _switch_on(plugins[name])}
    tenant.lineup_key = key_of(on | set(plan))
    lineup = _enter(tenant)
    for name in plan:
        if name in first:
            roles = [(c.key, c.label, c.options["grants"]) for c in lineup.roles if c.plugin == name]
            add_suggested_roles(name, roles)
        _tell(lineup, "enable", name, first=name in first)
        audit.record("plugin.enabled", title=name, after={"version": plugins[name].version})
    return lineup


def disable(name: str) -> Lineup:
    """Switch a plugin off; return the new lineup. Raises Refuse while another plugin that is on needs it."""
    tenant = _locked_tenant()
    on = _split(tenant.lineup_key)
    plugins = installed()
    if name not in on:
        return _enter(tenant)
    if needing := _needing(name, on, plugins):
        others = listed(plugins[other].label for other in needing)
        raise Refuse(_("Switch off first what needs it: %(others)s.", others=others), needed_by=needing)
    _tell(lineup_for(tenant.lineup_key), "disable", name)
    row = current.session.get(TenantPlugin, (tenant.id, name))
    if row is not None:
        row.state = "off"
    tenant.lineup_key = key_of(on - {name})
    audit.record("plugin.disabled", title=name)
    return _enter(tenant)


def _plan(names: Sequence[str], on: set[str], plugins: Plugins) -> list[str]:
    wanted: set[str] = set()
    for name in names:
        if name not in plugins:
            raise Refuse(_("There is no module “%(name)s” here.", name=name))
        wanted.update(plugins.closure(name))
        missing = [required for required in _required(plugins[name]) if required not in plugins]
        if missing:
            raise Refuse(_("“%(label)s” needs “%(name)s”, which is not installed.",
                           label=str(plugins[name].label), name=missing[0]))  # fmt: skip
    plan = [name for name in plugins if name in wanted - on]
    for name in plan:
        if plugins[name].state != "ready":
            raise Refuse(_("“%(label)s” cannot be switched on: it is not ready. The operator of this installation"
                           " finds the reason on the health page.", label=str(plugins[name].label)))  # fmt: skip
    _refuse_conflicts(plan, on, plugins)
    return plan


def _refuse_conflicts(plan: list[str], on: set[str], plugins: Plugins) -> None:
    together = [plugins[name] for name in plugins if name in on | set(plan)]
    offered: dict[type, Entry] = {}
    for entry in together:
        for other in together:
            versions = entry.manifest.conflicts.get(other.name) if entry.manifest else None
            if versions is not None and versions.contains(other.version, prereleases=True):
                raise Refuse(_("“%(one)s” and “%(other)s” cannot be on together.",
                               one=str(entry.label), other=str(other.label)))  # fmt: skip
        for interface in entry.services:
            # Until a tenant can choose a provider, there is one: never the order of loading decides.
            if interface in offered:
                raise Refuse(_("“%(one)s” and “%(other)s” offer the same service: only one of them can be on.",
                               one=str(offered[interface].label), other=str(entry.label)))  # fmt: skip
            offered[interface] = entry


def _require_migrated(plan: list[str], plugins: Plugins) -> None:
    """During a deployment this code may be ahead of the database: then nobody may switch the plugin on yet."""
    ready = select(PluginRow.name).where(PluginRow.name.in_(plan), PluginRow.state == "ready")
    migrated = set(current.session.scalars(ready))
    for name in plan:
        if name not in migrated:
            raise Refuse(_("“%(label)s” is being installed just now. Try again in a moment.",
                           label=str(plugins[name].label)))  # fmt: skip


def _switch_on(entry: Entry) -> bool:
    """Write the tenant's row; return whether the plugin was never on before."""
    session, moment = current.session, now()
    row = session.get(TenantPlugin, (current.tenant.id, entry.name))
    first = row is None
    if row is None:
        row = TenantPlugin(tenant_id=current.tenant.id, plugin=entry.name, first_enabled_at=moment)
        session.add(row)
    row.state, row.version = "on", entry.version
    row.enabled_at, row.enabled_by = moment, current.user.id
    return first


def _tell(lineup: Lineup, hook: str, name: str, **arguments: Any) -> None:
    for contribution in lineup.hooks(hook):
        if contribution.plugin == name:
            guard.call(contribution, breaker=False, tenant=current.tenant, **arguments)


def _locked_tenant() -> Tenant:
    # Without the key: new rows of other people, which check their foreign key to the tenant, need not wait.
    chosen = select(Tenant).where(Tenant.id == current.tenant.id).with_for_update(key_share=True)
    return current.session.execute(chosen, execution_options={"populate_existing": True}).scalar_one()


def _enter(tenant: Tenant) -> Lineup:
    """Let the rest of this request see the new set."""
    current.session.flush()
    replace_scope(tenant=replace(current.tenant, lineup_key=tenant.lineup_key))
    lineup = lineup_of(current.tenant)
    replace_scope(lineup=lineup)
    return lineup


def _names_on() -> set[str]:
    return _split(current.tenant.lineup_key)


def _split(key: str) -> set[str]:
    return {name for name in key.split(",") if name}


def _required(entry: Entry) -> Iterable[str]:
    return entry.manifest.requires if entry.manifest else ()


def _needing(name: str, on: set[str], plugins: Plugins) -> list[str]:
    return [other for other in plugins if other in on and name in _required(plugins[other])]
