"""Installing is a deployment: bring the database to what the installed code needs, and tell whether it is there.

One plugin's failing migration must leave the core and all others at their newest revision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from diwan.db import migrate as migrations
from diwan.db.base import metadata, now
from diwan.db.engine import driver_url
from diwan.db.migrate import MigrationFailed, Scope
from diwan.kernel.catalogue import Entry, Plugins, State, activate, installed
from diwan.kernel.models import PluginRow


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `migrate` did in one scope: the revision before and after, and why it stopped."""

    scope: str
    before: str
    after: str
    error: str = ""


def migrate(owner_url: str, plugins: Plugins) -> list[Outcome]:
    """Bring the core and every plugin to its newest revision and record the result in `core.plugin`.

    Raises MigrationFailed if the core fails: nothing can be served then. A plugin's failure is in its Outcome.
    """
    with migrations.exclusive(owner_url):
        core = migrations.core()
        outcomes = [_upgrade(owner_url, core)]
        if outcomes[0].error:
            raise MigrationFailed(core.name, RuntimeError(outcomes[0].error))
        failed: set[str] = set()
        for entry in plugins.values():
            if entry.state not in ("ready", "unmigrated") or entry.scope is None:
                continue
            waiting = failed.intersection(entry.manifest.requires) if entry.manifest else failed
            if waiting:
                before = migrations.current(owner_url, entry.scope)
                reason = f"it requires {', '.join(sorted(waiting))}, which could not be migrated"
                outcomes.append(Outcome(entry.name, before, before, reason))
            else:
                outcomes.append(_upgrade(owner_url, entry.scope))
            if outcomes[-1].error:
                failed.add(entry.name)
        _record(owner_url, plugins, {outcome.scope: outcome for outcome in outcomes})
    return outcomes


def _upgrade(owner_url: str, scope: Scope) -> Outcome:
    before = migrations.current(owner_url, scope)
    try:
        migrations.upgrade(owner_url, scope)
    except MigrationFailed as error:
        return Outcome(scope.name, before, before, str(error))
    return Outcome(scope.name, before, migrations.current(owner_url, scope))


def _record(owner_url: str, plugins: Plugins, outcomes: dict[str, Outcome]) -> None:
    engine = create_engine(driver_url(owner_url), poolclass=NullPool)
    with engine.begin() as connection:
        for entry in plugins.values():
            _record_one(connection, entry, outcomes.get(entry.name))
        absent = PluginRow.name.not_in(list(plugins))
        connection.execute(
            PluginRow.__table__.update()  # type: ignore[attr-defined]
            .where(absent, PluginRow.state != "missing")
            .values(state="missing", updated_at=now())
        )


def _record_one(connection: Connection, entry: Entry, outcome: Outcome | None) -> None:
    values = {"state": entry.state, "version": entry.version, "problems": entry.problems, "updated_at": now()}
    if outcome is not None:
        values["revision"] = outcome.after
        values["state"] = "unmigrated" if outcome.error else "ready"
        values["problems"] = [outcome.error] if outcome.error else []
    if entry.state in ("ready", "unmigrated"):
        # What to erase for a tenant, children first, also when the code is gone one day.
        values["tables"] = [t.name for t in reversed(metadata.sorted_tables) if t.schema == entry.name]
    statement = insert(PluginRow).values(name=entry.name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def check_database(session: Session, plugins: Plugins) -> Plugins:
    """Step 9: return the plugins with `unmigrated` and `missing` as the database tells; the same object if all agree.

    A revision that this code does not know is newer: old code runs on the next schema, so that is fine.
    """
    rows = {row.name: row.revision for row in session.execute(select(PluginRow.name, PluginRow.revision))}
    changes: dict[str, tuple[State, str]] = {}
    for name, entry in plugins.loaded.items():
        if entry.state != "ready":
            continue
        stopped = [n for n in (entry.manifest.requires if entry.manifest else ()) if n in changes]
        if name not in rows or (entry.scope and _is_older(rows[name], entry.scope)):
            changes[name] = ("unmigrated", "the database lacks its newest tables: run `diwan migrate`")
        elif stopped:
            changes[name] = ("blocked", f"it requires `{stopped[0]}`, which is {changes[stopped[0]][0]}")
    for name in rows:
        if name not in plugins.loaded:
            changes[name] = ("missing", "its distribution is not installed here; its data is untouched")
    checked = plugins.with_states(changes)
    same = {n: e.state for n, e in checked.items()} == {n: e.state for n, e in plugins.items()}
    return plugins if same else checked


def core_is_current(session: Session) -> bool:
    """Return whether the core's tables are those that this code needs, or newer."""
    core = migrations.core()
    revision = session.scalar(text(f"SELECT version_num FROM core.{core.version_table}")) or ""  # noqa: S608 - a constant
    return not _is_older(revision, core)


def refresh(session: Session) -> Plugins:
    """Check the database and make the result this process's plugins (readiness, and the start of a worker)."""
    return activate(check_database(session, installed()))


def _is_older(revision: str, scope: Scope) -> bool:
    known = _revisions(scope)
    return bool(known) and revision != known[0] and (not revision or revision in known)


@cache
def _revisions(scope: Scope) -> Sequence[str]:
    return migrations.revisions(scope)
