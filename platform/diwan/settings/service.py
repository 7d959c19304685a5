"""Reads and writes the settings of a plugin in the current business; one read for each transaction.

It must not check values, only that nobody saved in between.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import text

from diwan import audit
from diwan.db.context import current
from diwan.errors import Stale
from diwan.kit.i18n import _
from diwan.kit.sealing import place, seal, unseal

CACHE = "settings"
READ = text(
    "SELECT coalesce(values -> 'settings', '{}'::jsonb) AS values, version,"
    " coalesce(values -> 'secrets', '{}'::jsonb) AS secrets FROM core.setting"
    " WHERE tenant_id = :tenant AND plugin = :plugin"
)
WRITE = text(
    "INSERT INTO core.setting AS s (tenant_id, plugin, values)"
    " VALUES (:tenant, :plugin, jsonb_build_object('settings', CAST(:values AS jsonb),"
    " 'secrets', CAST(:secrets AS jsonb)))"
    " ON CONFLICT (tenant_id, plugin) DO UPDATE SET version = s.version + 1,"
    " values = s.values || excluded.values WHERE s.version = :seen RETURNING version"
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is stored, and its version; 0 where nothing was ever saved."""

    values: Mapping[str, Any]
    version: int = 0
    sealed: Mapping[str, str] = field(default_factory=dict, repr=False)


def read(plugin: str) -> Settings:
    """Return the stored settings of a plugin: only those that somebody has set."""
    cached = _cache()
    key = (current.tenant.id, plugin)
    if key not in cached:
        given = {"tenant": current.tenant.id, "plugin": plugin}
        row = current.session.connection().execute(READ, given).first()
        cached[key] = Settings(row.values, row.version, row.secrets) if row else Settings({})
    found: Settings = cached[key]
    return found


def read_secret(plugin: str, name: str) -> str | None:
    """Return a secret setting of a plugin, opened. Raises SealError."""
    sealed = read(plugin).sealed.get(name)
    return unseal(b64decode(sealed), secret_place(plugin, name, current.tenant.id)).decode() if sealed else None


def secret_place(plugin: str, name: str, tenant_id: int) -> bytes:
    """Return the context under which a secret setting is sealed."""
    return place("core.setting.values", tenant_id, plugin, name)


def write(
    plugin: str,
    values: Mapping[str, Any],
    version: int | None = None,
    secrets: Mapping[str, str | None] | None = None,
) -> None:
    """Store the settings of a plugin. `version` is the one that the person saw; another one stored raises Stale.

    secrets: those that change; None removes one.
    """
    stored = read(plugin)
    if version is not None and version != stored.version:
        raise _stale(stored, values)
    touched = {n: plain for n, plain in (secrets or {}).items() if plain is not None or n in stored.sealed}
    if stored.values == values and not touched:
        return
    sealed = {name: value for name, value in stored.sealed.items() if name not in touched}
    for name, plain in touched.items():
        if plain is not None:
            place_of = secret_place(plugin, name, current.tenant.id)
            sealed[name] = b64encode(seal(plain.encode(), place_of)).decode()
    given = {
        "tenant": current.tenant.id, "plugin": plugin, "values": orjson.dumps(values).decode(), "seen": stored.version,
        "secrets": orjson.dumps(sealed).decode(),
    }  # fmt: skip
    done = current.session.connection().execute(WRITE, given).first()
    _cache().clear()
    if done is None:
        raise _stale(read(plugin), values)
    changed = [name for name in {**stored.values, **values} if stored.values.get(name) != values.get(name)]
    before = {name: stored.values.get(name) for name in changed} | {name: name in stored.sealed for name in touched}
    after = {name: values.get(name) for name in changed} | {name: name in sealed for name in touched}
    audit.record("update", "core.setting", None, plugin, before, after)


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
