"""Loading: from entry points to checked plugins, in steps that each blame the right plugin.

One bad plugin must never stop another, nor the platform; in strict mode the platform says so and does not start.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import sys
import time
import traceback
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from packaging.version import InvalidVersion, Version

from diwan.db.base import metadata
from diwan.kernel import checks, hookspecs, manifest
from diwan.kernel.catalogue import Entry, Plugins
from diwan.kernel.plugin import Plugin
from diwan.tenants import models as _tenants  # noqa: F401  (plugins' tables refer to core.tenant)
from diwan.users import models as _users  # noqa: F401
from diwan.users.factors import models as _factors  # noqa: F401

log = logging.getLogger("diwan.plugins")

GROUP = "diwan.plugins"
PARTS = ("models", "service", "actions", "api", "reports", "pages", "documents", "jobs", "demo")
"""The files of a larger plugin: imported after its __init__.py, in this order, where they exist."""


class PluginsNotReady(Exception):
    """Strict mode: some plugin cannot be served. The text lists every problem of each."""


def load(*, strict: bool = False, entry_points: Iterable[importlib.metadata.EntryPoint] | None = None) -> Plugins:
    """Load the installed plugins (steps 1 to 8; `deploy.check_database` is step 9). No database access."""
    found = importlib.metadata.entry_points(group=GROUP) if entry_points is None else entry_points
    entries = _ordered(_discover(found))
    manager = hookspecs.manager()
    for entry in entries.values():
        if entry.state == "ready" and not _blocked(entry, entries):
            _import(entry)
            checks.structure(entry)
            checks.hooks(entry, manager)
    for entry in entries.values():
        checks.meaning(entry, entries)
    for entry in entries.values():
        if entry.state == "ready":
            _blocked(entry, entries)
    for entry in reversed(entries.values()):
        if entry.state != "ready":
            if entry.state != "unmigrated":  # its code works: `diwan db revision` needs its models
                _quarantine(entry)
            log.error("plugin %s is %s: %s", entry.name, entry.state, "; ".join(entry.problems))
    plugins = Plugins(entries)
    if strict:
        require_ready(plugins)
    return plugins


def require_ready(plugins: Plugins) -> None:
    """Raise PluginsNotReady unless every installed plugin is ready."""
    if plugins.stopped:
        lines = [f"  {e.name} is {e.state}: {problem}" for e in plugins.stopped for problem in e.problems or ["?"]]
        raise PluginsNotReady("Plugins that are not ready (DIWAN_PLUGINS=strict):\n" + "\n".join(lines))


def _discover(found: Iterable[importlib.metadata.EntryPoint]) -> dict[str, Entry]:
    """Steps 1 to 3: names, versions and manifests, without importing anything of a plugin."""
    entries: dict[str, Entry] = {}
    for point in sorted(found, key=_place):
        package, _, attribute = point.value.partition(":")
        entry = Entry(point.name, package, attribute or "plugin")
        if point.dist is not None:
            entry.distribution, entry.version = point.dist.name, point.dist.version
        if (twin := entries.get(point.name)) is not None:
            twin.stop("rejected", f"two distributions offer it: {twin.distribution} and {entry.distribution}")
            continue
        entries[point.name] = entry
        _read_manifest(entry)
    return entries


def _place(point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    return point.name, point.dist.name if point.dist else ""


def _read_manifest(entry: Entry) -> None:
    if "." in entry.package:
        entry.stop("rejected", f"its entry point must name a top-level package, not {entry.package}")
        return
    try:
        spec = find_spec(entry.package)
    except (ImportError, ValueError) as error:
        entry.stop("rejected", f"its package {entry.package} cannot be found: {error}")
        return
    if spec is None or spec.origin is None or not spec.submodule_search_locations:
        entry.stop("rejected", f"its package {entry.package} is not a package with an __init__.py on the import path")
        return
    entry.folder = Path(spec.origin).parent
    try:
        entry.manifest = manifest.read(entry.folder / manifest.FILE)
    except manifest.ManifestError as error:
        entry.stop("rejected", *error.problems)
        return
    if entry.manifest.name != entry.name:
        entry.stop("rejected", f"its manifest says `{entry.manifest.name}`, its entry point `{entry.name}`")
    try:
        Version(entry.version)
    except InvalidVersion:
        entry.stop("rejected", f"its version {entry.version!r} is not a version (PEP 440)")


def _ordered(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Step 4: required and optional plugins first, then by name. Plugins in a cycle of requirements are rejected."""
    hard = {name: _named(entry, entries, "requires") for name, entry in entries.items()}
    while cycle := _cycle(hard):
        for name in cycle:
            entries[name].stop("rejected", "it requires itself in a circle: " + " → ".join([*cycle, cycle[0]]))
            hard[name] = set()
    wished = {name: hard[name] | _named(entry, entries, "optional") for name, entry in entries.items()}
    while cycle := _cycle(wished):  # two plugins may know each other by option: then only requirements count
        for name in cycle:
            wished[name] = hard[name]
    sorter = TopologicalSorter(wished)
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        batch = sorted(sorter.get_ready())
        order.extend(batch)
        sorter.done(*batch)
    return {name: entries[name] for name in order}


def _named(entry: Entry, entries: dict[str, Entry], table: str) -> set[str]:
    return {name for name in getattr(entry.manifest, table, ()) if name in entries}


def _cycle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter({name: sorted(graph[name]) for name in sorted(graph)}).prepare()
    except CycleError as error:
        found: list[str] = error.args[1][:0:-1]  # graphlib lists a node before those that need it
        first = found.index(min(found))
        return found[first:] + found[:first]
    return []


def _blocked(entry: Entry, entries: dict[str, Entry]) -> bool:
    """Step 4, second half: stop what requires something absent, too old, too new or broken."""
    for name, versions in entry.manifest.requires.items() if entry.manifest else ():
        required = entries.get(name)
        if required is None:
            entry.stop("blocked", f"it requires `{name}`, which is not installed")
        elif required.state != "ready":
            entry.stop("blocked", f"it requires `{name}`, which is {required.state}")
        elif not versions.contains(required.version, prereleases=True):
            entry.stop("blocked", f"it requires `{name}` {versions}, installed is {required.version}")
    return entry.state != "ready"


def _import(entry: Entry) -> None:
    """Step 5: run the plugin's modules, timed; note the tables that they make."""
    importlib.import_module("diwan.plugin")  # the tables behind the platform's services are not the plugin's
    before = set(metadata.tables)
    started = time.perf_counter()
    module: ModuleType | None = None
    try:
        module = importlib.import_module(entry.package)
        for part in PARTS:
            if find_spec(f"{entry.package}.{part}") is not None:
                importlib.import_module(f"{entry.package}.{part}")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - nothing in a plugin may stop the platform
        entry.stop("broken", _reason(error, entry))
        module = sys.modules.get(entry.package)  # what it declared before may hold the cause
    entry.seconds = time.perf_counter() - started
    entry.tables = [t for key, t in metadata.tables.items() if key not in before or t.schema == entry.name]
    plugin = getattr(module, entry.attribute, None)
    if isinstance(plugin, Plugin) and plugin.package == entry.package:
        entry.plugin = plugin
        if plugin.problems:
            entry.stop("broken", *plugin.problems)
    elif entry.state == "ready":
        entry.stop("broken", f"{entry.package} has no `{entry.attribute} = Plugin(__name__)`")


def _reason(error: BaseException, entry: Entry) -> str:
    """Return the error with the last line of the plugin's own code that led to it."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return text
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if entry.folder and Path(frame.filename).is_relative_to(entry.folder)]
    return f"{text} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else text


def _quarantine(entry: Entry) -> None:
    """Take a stopped plugin's mappers, tables and modules out, so that nothing of it reaches the others."""
    checks.dispose(entry)
    for table in entry.tables:
        if metadata.tables.get(table.key) is table:
            metadata.remove(table)
    entry.tables, entry.plugin, entry.services = [], None, {}
    for name in list(sys.modules):
        if name == entry.package or name.startswith(entry.package + "."):
            del sys.modules[name]
