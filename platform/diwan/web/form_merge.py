"""Two people changed one record: what each changed, field by field, and which of it collides.

It must not decide anything that both changed; the person does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from diwan.audit.models import AuditEntry
from diwan.db import current
from diwan.db.base import now
from diwan.errors import Stale
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.resources import Field, Resource, store
from diwan.resources.showing import text_of
from diwan.resources.values import as_json

MOST_STEPS = 200


def conflict(resource: Resource, record: Any, raw: dict[str, Any], seen: int | None, stale: Stale, href: str) -> Any:
    """Return the comparison for `form.html`. What only the others changed is taken out of `raw`, so that the form
    shows it as it is now."""
    since = _since(resource, record, seen)
    rows = []
    for name, mine in {**stale.changed, **_lines_changed(resource, record, raw)}.items():
        base = since["before"].get(name) if since else None
        theirs_changed = since is None or name in since["before"]
        mine_changed = since is None or not theirs_changed or not _same(resource, name, mine, base)
        if theirs_changed and not mine_changed:
            raw.pop(name, None)
        rows.append(
            {
                "name": name,
                "label": resource.parts[name].labels if name in resource.parts else resource.fields[name].label,
                "mine": _text(resource, name, mine),
                "theirs": _text(resource, name, _stored(resource, record, name)),
                "collides": theirs_changed and mine_changed,
                "keeps": "theirs" if not mine_changed else "mine",
            }
        )
    _forget_lost_lines(resource, record, raw)
    return {
        "who": since["who"] if since and since["who"] else _("Somebody"),
        "when": formats.ago(record.updated_at, now()),
        "rows": rows,
        "mergeable": bool(rows) and not any(row["collides"] for row in rows),
        "reload_href": href,
    }


def _since(resource: Resource, record: Any, seen: int | None) -> dict[str, Any] | None:
    """Return what others changed since a version, with the values before; None if that cannot be told."""
    if seen is None or not 0 < record.version - seen <= MOST_STEPS:
        return None
    entries = current.session.execute(
        select(AuditEntry.actor_name, AuditEntry.before, AuditEntry.after)
        .where(AuditEntry.tenant_id == current.tenant.id, AuditEntry.resource == resource.key)
        .where(AuditEntry.record_id == record.id)
        .order_by(AuditEntry.id.desc())
        .limit(record.version - seen)
    ).all()
    if len(entries) < record.version - seen:
        return None
    before: dict[str, Any] = {}
    for _who, old, new in entries:  # the newest first: what stands last is the oldest
        before |= {name: (old or {}).get(name) for name in new or {}}
    return {"who": entries[0][0], "before": before}


def _lines_changed(resource: Resource, record: Any, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the child rows of the form that are not the stored ones."""
    found: dict[str, Any] = {}
    for name, part in resource.parts.items():
        if name in raw and _rows(part, raw[name]) != _rows(part, _stored(resource, record, name)):
            found[name] = raw[name]
    return found


def _rows(part: Resource, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return child rows, typed or as text, as what can be compared."""
    return [{name: _parsed(part.fields[name], row.get(name)) for name in part.editable} for row in rows]


def _parsed(described: Field, value: Any) -> Any:
    try:
        return described.parse(value)
    except ValueError:
        return value


def _forget_lost_lines(resource: Resource, record: Any, raw: dict[str, Any]) -> None:
    """Rows that others removed become new ones, should the person keep theirs."""
    for name, part in resource.parts.items():
        if name in raw:
            known = {str(row.id) for row in store.parts_of(part, record)}
            raw[name] = [row if str(row.get("id")) in known else {**row, "id": ""} for row in raw[name]]


def _stored(resource: Resource, record: Any, name: str) -> Any:
    if name in resource.parts:
        part = resource.parts[name]
        return [store.values_of(part, row) for row in store.parts_of(part, record)]
    return store.values_of(resource, record)[name]


def _same(resource: Resource, name: str, mine: Any, base: Any) -> bool:
    """Return whether somebody left a value as it was (`base` as the audit keeps it)."""
    if name in resource.parts:
        return _rows(resource.parts[name], mine) == _rows(resource.parts[name], base or [])
    return bool(mine == resource.fields[name].load(base)) or as_json(mine) == base


def _text(resource: Resource, name: str, value: Any) -> str:
    if name in resource.parts:
        part = resource.parts[name]
        return "; ".join(str(row.get(part.title) or "") for row in value or [])
    return text_of(resource.fields[name], value)
