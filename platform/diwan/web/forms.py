"""From a posted form to values, and from a record to what `form.html` shows, for any resource.

It must keep what was typed: an error brings the same form back with every value in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from diwan.audit.models import AuditEntry
from diwan.db import current
from diwan.db.base import now
from diwan.errors import Invalid, Refuse, Stale
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.resources import Resource, store
from diwan.web import cells

LINE = re.compile(r"(\d{1,4})-([a-z][a-z0-9_]*)")
HISTORY = 8
VERBS = {
    "create": (_("created it"), "plus"),
    "update": (_("changed it"), "pencil"),
    "archive": (_("archived it"), "archive"),
    "restore": (_("restored it"), "archive-off"),
    "import": (_("imported it"), "table-import"),
}


def read(resource: Resource, form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the raw values of a posted form; fields that are not on it stay as they are."""
    raw: dict[str, Any] = {}
    for name in _shown_fields(resource):
        described = resource.fields[name]
        if name not in resource.editable or form.get(f"keep-{name}") == "theirs":
            continue
        kind = described.kind.name
        if kind == "choices":
            raw[name] = [value for value in form.getlist(name) if value]
        elif kind == "boolean":
            raw[name] = name in form
        elif name in form:
            raw[name] = form[name]
    for name, part in resource.parts.items():
        raw[name] = _lines(part, form)
    return raw


def version(form: Mapping[str, str]) -> int | None:
    """Return the version that the person saw."""
    text = form.get("version", "")
    return int(text) if text.isdigit() and len(text) < 18 else None


def _lines(part: Resource, form: MultiDict[str, str]) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    start = part.name + "-"
    for key, value in form.items():
        if key.startswith(start) and (found := LINE.fullmatch(key.removeprefix(start))):
            rows.setdefault(int(found[1]), {})[found[2]] = value
    kept = []
    for _number, row in sorted(rows.items()):
        values = {name: row[name] for name in part.editable if name in row}
        defaults = {name: cells.form_value(part.fields[name].initial()) for name in values}
        filled = any(value.strip() and value != defaults[name] for name, value in values.items())
        if row.get("delete") == "1" or not (filled or row.get("id")):
            continue
        kept.append({**values, "id": row["id"]} if row.get("id") else values)
    return kept


def build(
    resource: Resource, record: Any, raw: Mapping[str, Any], error: Invalid | Refuse | Stale | None = None
) -> dict[str, Any]:
    """Return the context of the form screen (without its title)."""
    base = cells.record_base(resource.key)
    href = f"{base}/new" if record is None else f"{base}/{record.id}"
    readonly = not current.user.can(resource.permission("create" if record is None else "update"))
    errors = _errors(error)
    values = _values(resource, record, raw)
    sections = [
        {
            "label": section.label,
            "fields": [cells.control(resource.fields[n], values.get(n), errors.get(n, ""), readonly=readonly)
                       for n in section.fields],
        }
        for section in resource.sections
    ]  # fmt: skip
    for name, part in resource.parts.items():
        rows = raw[name] if name in raw else _stored_lines(part, record)
        lines = cells.lines_control(part, rows, errors)
        lines["readonly"] = readonly
        sections.append({"label": part.labels, "fields": [lines]})
    return {
        "icon": resource.icon,
        "avatar": record is not None,
        "action": href,
        "version": record.version if record is not None else None,
        "is_new": record is None,
        "readonly": readonly,
        "badge": {"label": _("Archived"), "tone": "mute"} if record is not None and record.archived_at else None,
        "sections": sections,
        "error": str(error) if isinstance(error, Refuse | Stale) else _general(resource, error),
        "conflict": _conflict(resource, record, error, href) if isinstance(error, Stale) else None,
        "save_new_label": _("Save and new") if record is None else None,
        "cancel_href": base if record is None else None,
        "menu": _menu(resource, record, href) if record is not None else [],
        "panels": _panels(resource, record) if record is not None else [],
        "details": _details(record) if record is not None else [],
        "history": _history(resource, record) if record is not None else [],
    }


def _shown_fields(resource: Resource) -> list[str]:
    return [name for section in resource.sections for name in section.fields]


def _errors(error: Invalid | Refuse | Stale | None) -> dict[str, object]:
    if isinstance(error, Invalid):
        return error.errors
    if isinstance(error, Refuse) and error.field:
        return {error.field: error.message}
    return {}


def _general(resource: Resource, error: Invalid | Refuse | Stale | None) -> str | None:
    """Return the errors that belong to no field on the form."""
    shown = {*_shown_fields(resource), *resource.parts}
    lost = [str(text) for name, text in _errors(error).items() if name.partition(".")[0] not in shown]
    return " ".join(lost) or None


def _values(resource: Resource, record: Any, raw: Mapping[str, Any]) -> dict[str, Any]:
    if record is None:
        stored = {name: described.initial() for name, described in resource.fields.items()}
    else:
        stored = store.values_of(resource, record)
    return {**stored, **{name: value for name, value in raw.items() if name in resource.fields}}


def _stored_lines(part: Resource, record: Any) -> list[dict[str, Any]]:
    if record is None:
        return []
    return [{"id": row.id, **store.values_of(part, row)} for row in store.parts_of(part, record)]


def _menu(resource: Resource, record: Any, href: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if current.user.can(resource.permission("update")):
        if record.archived_at:
            items.append({"label": _("Restore"), "icon": "archive-off", "action": f"{href}/restore"})
        else:
            items.append({"label": _("Archive"), "icon": "archive", "action": f"{href}/archive"})
    if current.user.can(resource.permission("delete")):
        items += [
            {"divider": True},
            {
                "label": _("Delete"),
                "icon": "trash",
                "action": f"{href}/delete",
                "tone": "danger",
                "confirm": _("This erases the record for good. To keep it out of the lists, archive it instead."),
            },
        ]
    return items


def _panels(resource: Resource, record: Any) -> list[dict[str, Any]]:
    """Return what other modules show beside this record; each loads in a request of its own."""
    home = f"/t/{current.tenant.slug}/panels"
    return [
        {"label": panel.label, "src": f"{home}/{panel.key}/{record.id}"}
        for panel in current.lineup.panels(resource.key, "side")
        if current.user.can(panel.permission)
    ]


def _details(record: Any) -> list[dict[str, Any]]:
    zone = current.tenant.timezone
    return [
        {"label": _("Created"), "value": formats.moment(record.created_at, zone)},
        {"label": _("Last change"), "value": formats.moment(record.updated_at, zone)},
    ]


def _history(resource: Resource, record: Any) -> list[dict[str, Any]]:
    entries = current.session.scalars(
        select(AuditEntry)
        .where(AuditEntry.tenant_id == current.tenant.id, AuditEntry.resource == resource.key)
        .where(AuditEntry.record_id == record.id)
        .order_by(AuditEntry.id.desc())
        .limit(HISTORY)
    )
    lines = []
    for entry in entries:
        verb, icon = VERBS.get(entry.action, (entry.action, "point"))
        shown = cells.changes(resource, entry.before, entry.after) if entry.action == "update" else []
        lines.append(
            {
                "who": entry.actor_name or _("System"),
                "what": verb,
                "icon": icon,
                "when": formats.ago(entry.at, now()),
                "when_full": formats.moment(entry.at, current.tenant.timezone),
                "changes": shown,
            }
        )
    return lines


def _conflict(resource: Resource, record: Any, stale: Stale, href: str) -> dict[str, Any]:
    last = current.session.scalars(
        select(AuditEntry)
        .where(AuditEntry.tenant_id == current.tenant.id, AuditEntry.resource == resource.key)
        .where(AuditEntry.record_id == record.id)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).first()
    rows = [
        {
            "name": name,
            "label": resource.fields[name].label,
            "mine": cells.text_of(resource.fields[name], mine),
            "theirs": cells.text_of(resource.fields[name], stale.current.get(name)),
        }
        for name, mine in stale.changed.items()
    ]
    return {
        "who": last.actor_name if last else _("Somebody"),
        "when": formats.ago(record.updated_at, now()),
        "rows": rows,
        "reload_href": href,
    }
