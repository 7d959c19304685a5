"""Reads and writes the settings of a plugin in the current business; one read for each transaction.

It must not check values, only that nobody saved in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text

from diwan import audit
from diwan.db.context import current
from diwan.errors import Stale
from diwan.kit.i18n import _

CACHE = "settings"
READ = text(
    "SELECT coalesce(values -> 'settings', '{}'::jsonb) AS values, version FROM core.setting"
    " WHERE tenant_id = :tenant AND plugin = :plugin"
)
WRITE = text(
    "INSERT INTO core.setting AS s (tenant_id, plugin, values)"
    " VALUES (:tenant, :plugin, jsonb_build_object('settings', CAST(:values AS jsonb)))"
    " ON CONFLICT (tenant_id, plugin) DO UPDATE SET version = s.version + 1,"
    " values = jsonb_set(s.values, '{settings}', CAST(:values AS jsonb)) WHERE s.version = :seen RETURNING version"
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is stored, and its version; 0 where nothing was ever saved."""

    values: Mapping[str, Any]
    version: int = 0


def read(plugin: str) -> Settings:
    """Return the stored settings of a plugin: only those that somebody has set."""
    cached = _cache()
    key = (current.tenant.id, plugin)
    if key not in cached:
        given = {"tenant": current.tenant.id, "plugin": plugin}
        row = current.session.connection().execute(READ, given).first()
        cached[key] = Settings(row.values, row.version) if row else Settings({})
    found: Settings = cached[key]
    return found


def write(plugin: str, values: Mapping[str, Any], version: int | None = None) -> None:
    """Store the settings of a plugin. `version` is the one that the person saw; another one stored raises Stale."""
    stored = read(plugin)
    if version is not None and version != stored.version:
        raise _stale(stored, values)
    if stored.values == values:
        return
    given = {
        "tenant": current.tenant.id, "plugin": plugin, "values": orjson.dumps(values).decode(), "seen": stored.version,
    }  # fmt: skip
    done = current.session.connection().execute(WRITE, given).first()
    _cache().clear()
    if done is None:
        raise _stale(read(plugin), values)
    changed = [name for name in {**stored.values, **values} if stored.values.get(name) != values.get(name)]
    before = {name: stored.values.get(name) for name in changed}
    audit.record("update", "core.setting", None, plugin, before, {name: values.get(name) for name in changed})


def _stale(stored: Settings, values: Mapping[str, Any]) -> Stale:
    differing = {name: value for name, value in values.items() if stored.values.get(name) != value}
    text = _("Somebody else has changed these settings since you opened them. Compare, then save again.")
    return Stale(text, {**stored.values, "version": stored.version}, differing)


def _cache() -> dict[Any, Any]:
    """What this transaction has read; another one reads anew."""
    session = current.session
    transaction = session.get_transaction() or session.begin()
    kept = session.info.get(CACHE)
    if kept is None or kept[0] is not transaction:
        kept = session.info[CACHE] = (transaction, {})
    values: dict[Any, Any] = kept[1]
    return values
