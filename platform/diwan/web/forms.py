"""From a posted form to values, and from a record to what `form.html` shows, for any resource.

It must keep what was typed: an error brings the same form back with every value in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from werkzeug.datastructures import MultiDict

from diwan.db import current
from diwan.errors import Invalid, Refuse, Stale
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.resources import Field, Resource, secrets, store
from diwan.resources.amounts import currency_of
from diwan.resources.showing import text_of
from diwan.web import acting, cells, field_input, form_merge
from diwan.web.why_links import who_href

LINE = re.compile(r"(\d{1,4})-([a-z][a-z0-9_]*)")
VERBS = {
    "create": (_("created it"), "plus"),
    "update": (_("changed it"), "pencil"),
    "archive": (_("archived it"), "archive"),
    "restore": (_("restored it"), "archive-off"),
    "import": (_("imported it"), "table-import"),
}


def read(resource: Resource, form: MultiDict[str, str], record: Any = None) -> dict[str, Any]:
    """Return the raw values of a posted form; fields that are not on it, or not for this person, stay as they are."""
    action = "create" if record is None else "update"
    raw: dict[str, Any] = {}
    for name in _shown_fields(resource):
        if name in resource.secrets:
            raw |= field_input.read_secret(name, form)
            continue
        described = resource.fields[name]
        if (
            name not in resource.editable
            or not resource.writes(name, action, record)
            or form.get(f"keep-{name}") == "theirs"
        ):
            continue
        kind = described.kind
        if kind.several:
            given = [value for value in form.getlist(name) if value]
            raw[name] = given[0] if kind.name == "tags" and len(given) == 1 else given  # words with commas between them
        elif kind.name == "boolean":
            raw[name] = name in form
        elif name in form:
            raw[name] = form[name]
        elif kind.structured and (pieces := _pieces(name, form)):
            raw[name] = pieces
    for name, part in resource.parts.items():
        if form.get(f"keep-{name}") != "theirs":
            raw[name] = [row for _number, row in lines(part, form)]
    return raw


def version(form: Mapping[str, str]) -> int | None:
    """Return the version that the person saw."""
    text = form.get("version", "")
    return int(text) if text.isdigit() and len(text) < 18 else None


def _pieces(name: str, form: Mapping[str, str]) -> dict[str, str]:
    """The parts of an address or of a text in several languages: `name.city`, `name.ar`."""
    return {key.removeprefix(f"{name}."): value for key, value in form.items() if key.startswith(f"{name}.")}


def lines(part: Resource, form: MultiDict[str, str]) -> list[tuple[int, dict[str, Any]]]:
    """Return the child rows of a form that are to stay, each with its number on the page."""
    rows: dict[int, dict[str, Any]] = {}
    start = part.name + "-"
    for key, value in form.items():
        if key.startswith(start) and (found := LINE.fullmatch(key.removeprefix(start))):
            rows.setdefault(int(found[1]), {})[found[2]] = value
    kept = []
    switches = {name for name in part.editable if part.fields[name].kind.name == "boolean"}
    for number, row in sorted(rows.items()):
        values = {name: row[name] for name in part.editable if name in row and name not in switches}
        defaults = {name: cells.form_value(part.fields[name].initial()) for name in values}
        filled = any(value.strip() and value != defaults[name] for name, value in values.items())
        if row.get("delete") == "1" or not (filled or row.get("id")):
            continue
        values |= {name: name in row for name in switches}
        kept.append((number, {**values, "id": row["id"]} if row.get("id") else values))
    return kept


def build(
    resource: Resource,
    record: Any,
    raw: Mapping[str, Any],
    error: Invalid | Refuse | Stale | None = None,
    seen: int | None = None,
    query: str = "",
) -> dict[str, Any]:
    """Return the context of the form screen (without its title). `seen`: the version that the form was opened with,
    `query`: the list that the record was opened from."""
    raw = dict(raw)
    base = cells.record_base(resource.key)
    href = f"{base}/new" if record is None else f"{base}/{record.id}"
    readonly = not resource.may("create" if record is None else "update", record)
    conflict = form_merge.conflict(resource, record, raw, seen, error, href) if isinstance(error, Stale) else None
    sections = _sections(resource, record, raw, _errors(error), readonly=readonly)
    tabs = _tabs(sections)
    return {
        "icon": resource.icon,
        "avatar": record is not None and not resource.fields[resource.title].sequence,
        "action": f"{href}?{urlencode({'from': query})}" if query else href,
        "asks": base if record is None else href,
        "version": None if record is None else record.version if seen is None or conflict else seen,
        "tabs": tabs,
        "computes": not readonly and _has_computed(resource),
        "is_new": record is None,
        "readonly": readonly,
        "badge": {"label": _("Archived"), "tone": "mute"} if record is not None and record.archived_at else None,
        "sections": sections,
        "error": str(error) if isinstance(error, Refuse) else None if conflict else _general(resource, error),
        "conflict": conflict,
        "save_new_label": _("Save and new") if record is None else None,
        "cancel_href": (f"{base}?{query}" if query else base) if record is None else None,
        "lifecycle": acting.status_bar(resource, record),
        "acts": acting.buttons(resource, record) if record is not None else [],
        "menu": [*acting.menu(resource, record), *_menu(resource, record, href)] if record is not None else [],
        "panels": _panels(resource, record, "side") if record is not None else [],
        "header_panels": _panels(resource, record, "header") if record is not None else [],
        "tab_panels": _panels(resource, record, "tab") if record is not None else [],
        "details": _details(record) if record is not None else [],
        "around_href": f"{href}/around" if record is not None else None,
    }


def _sections(
    resource: Resource, record: Any, raw: Mapping[str, Any], errors: Mapping[str, object], *, readonly: bool
) -> list[dict[str, Any]]:
    """Return the sections of the form, child rows as sections of their own."""
    values = _values(resource, record, raw)
    action = "create" if record is None else "update"
    sections = [
        {
            "label": section.label,
            "tab": str(section.tab),
            "fields": [_secret_control(resource.secrets[n], values, raw, errors.get(n, ""), readonly=readonly)
                       if n in resource.secrets
                       else _control(resource.fields[n], values, errors.get(n, ""),
                                readonly=readonly or not resource.writes(n, action, record))
                       for n in section.fields],
        }
        for section in resource.sections
    ]  # fmt: skip
    tabbed = any(section["tab"] for section in sections)
    for name, part in resource.parts.items():
        rows = raw[name] if name in raw else _stored_lines(part, record)
        shown = cells.lines_control(part, rows, errors, values)
        shown["readonly"] = readonly
        shown["numbered"] = part.numbered
        for row, texts in zip(rows, (row["texts"] for row in shown["rows"]), strict=True):
            for each, field in part.fields.items():
                if field.computed is not None and row.get(each) is not None:
                    texts[each] = computed(field, row[each], row, values)["text"]
        for column in shown["columns"]:
            if part.fields[column["name"]].filter:
                column["filter"] = orjson.dumps(dict(part.fields[column["name"]].filter), default=str).decode()
        sections.append({"label": part.labels, "tab": str(part.labels) if tabbed else "", "fields": [shown]})
    return sections


def _control(described: Field, values: Mapping[str, Any], error: object, *, readonly: bool) -> dict[str, Any]:
    """Return a field with what it depends on."""
    value = values.get(described.name)
    if described.computed is not None:
        made = computed(described, value, values)
    else:
        made = cells.control(described, value, error, readonly=readonly, values=values)
    return _depending(made, described, values)


def _secret_control(
    described: Field, values: Mapping[str, Any], raw: Mapping[str, Any], error: object, *, readonly: bool
) -> dict[str, Any]:
    is_set, typed = bool(values.get(described.name)), bool(raw.get(described.name))
    made = cells.secret_control(described, is_set, error, typed=typed, readonly=readonly)
    return _depending(made, described, values)


def _depending(made: dict[str, Any], described: Field, values: Mapping[str, Any]) -> dict[str, Any]:
    """Add to a control what it depends on."""
    if described.show_when:
        made["show_when"] = orjson.dumps({name: _list(value) for name, value in described.show_when.items()}).decode()
        made["hidden"] = any(_plain(values.get(n)) not in _list(value) for n, value in described.show_when.items())
    if described.filter:
        made["filter"] = orjson.dumps(dict(described.filter), default=str).decode()
    return made


def computed(
    described: Field, value: Any, values: Mapping[str, Any], outer: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the control of a computed value: text only, amounts in their currency."""
    made = cells.control(described, value, readonly=True)
    if described.kind.name == "money" and value is not None:
        code = currency_of(described, values, outer)
        made |= {"text": formats.amount(value, code), "currency": "" if outer else code}
    elif value is not None:
        made["text"] = text_of(described, value)
    return made


def _list(value: Any) -> list[str]:
    return [_plain(item) for item in (value if isinstance(value, list | tuple) else [value])]


def _plain(value: Any) -> str:
    """A value as the control holds it: a switch that is on is "1"."""
    return ("1" if value else "") if isinstance(value, bool) else str(cells.form_value(value))


def _tabs(sections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tabs of a form in order, each with whether a field on it is wrong; lines come first."""
    tabs: dict[str, dict[str, Any]] = {}
    for section in sorted(sections, key=lambda s: s["fields"][0].get("kind") != "lines" if s["fields"] else True):
        if section["tab"]:
            tab = tabs.setdefault(section["tab"], {"label": section["tab"], "sections": [], "wrong": False})
            tab["sections"].append(section)
            tab["wrong"] |= any(f.get("error") or any(r.get("errors") for r in f.get("rows") or ())
                                for f in section["fields"])  # fmt: skip
    return list(tabs.values())


def _has_computed(resource: Resource) -> bool:
    return any(f.computed for each in (resource, *resource.parts.values()) for f in each.fields.values())


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
        stored = {**store.values_of(resource, record), **secrets.are_set(resource, record.id)}
    return {**stored, **{name: value for name, value in raw.items() if name in resource.fields}}


def _stored_lines(part: Resource, record: Any) -> list[dict[str, Any]]:
    if record is None:
        return []
    return [{"id": row.id, **store.values_of(part, row)} for row in store.parts_of(part, record)]


def copied(resource: Resource, record: Any) -> dict[str, Any]:
    """Return the values of a new form that begins as a copy: all that may be written and need not be its own."""
    values = store.values_of(resource, record)
    raw = {n: values[n] for n in resource.editable if not (resource.fields[n].unique or resource.fields[n].is_file)}
    for name, part in resource.parts.items():
        rows = _stored_lines(part, record)
        raw[name] = [{n: row[n] for n in part.editable if not part.fields[n].unique} for row in rows]
    return raw


def _menu(resource: Resource, record: Any, href: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = [{"label": _("Print"), "icon": "printer", "href": f"{href}/documents/record.pdf"}]
    if resource.may("create"):
        copy = f"{cells.record_base(resource.key)}/new?copy={record.id}"
        items.append({"label": _("Duplicate"), "icon": "copy", "href": copy})
    if current.user.can("core.role.update"):
        items.append({"label": _("Who can see this?"), "icon": "eye", "href": who_href(resource, record.id)})
    items.append({"divider": True})
    if resource.may("update", record):
        if record.archived_at:
            items.append({"label": _("Restore"), "icon": "archive-off", "action": f"{href}/restore"})
        else:
            items.append({"label": _("Archive"), "icon": "archive", "action": f"{href}/archive"})
    if resource.may("delete", record):
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


def _panels(resource: Resource, record: Any, slot: str) -> list[dict[str, Any]]:
    """Return what other modules show in a place of this record; each loads in a request of its own."""
    home = f"/t/{current.tenant.slug}/panels"
    return [
        {"label": panel.label, "src": f"{home}/{panel.key}/{record.id}"}
        for panel in current.lineup.panels(resource.key, slot)
        if current.user.can(panel.permission)
    ]


def _details(record: Any) -> list[dict[str, Any]]:
    zone = current.tenant.timezone
    return [
        {"label": _("Created"), "value": formats.moment(record.created_at, zone)},
        {"label": _("Last change"), "value": formats.moment(record.updated_at, zone)},
    ]
