"""The sheet of rights of the open business, and a role on it, as the templates of grids want it.

It must show every right that a role gives: what has no place in the grid comes as a line of text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from diwan.access.grid import HIDE, READ, WRITE, Grid, Row, Sheet, may_give, may_state
from diwan.access.permissions import PERMISSIONS, covers_all
from diwan.db import current
from diwan.db.grants import ALL, Grants
from diwan.errors import Invalid
from diwan.kernel.catalogue import installed
from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.resources.declare import ACTIONS
from diwan.resources.reach import fixed
from diwan.web.admin.role_words import (
    COLUMNS,
    STATES,
    action_label,
    field_label,
    known_resource,
    permission_label,
    scope_label,
    scope_note,
)

ADMINISTRATION = "core"
NEEDS_SEEING = ("update", "delete", "export")
REASON = _("You do not have this right yourself")


def sheet() -> Sheet:
    """Return what can be given here: all of the modules that are on."""
    rows = tuple(_row(resource) for resource in _resources())
    known = {permission for row in rows for permission in row.permissions}
    more = (key for key in sorted(current.lineup.permissions) if key not in known and key not in PERMISSIONS)
    return Sheet(rows, (*PERMISSIONS, *more), ("*", *(f"{plugin}.*" for plugin in current.lineup.plugins)))


def _resources() -> Iterator[Resource]:
    found: Mapping[str, Resource] = current.lineup.whole.resources
    for plugin in current.lineup.plugins:
        yield from (resource for resource in found.values() if resource.plugin == plugin and not resource.part_of)


def _row(resource: Resource) -> Row:
    names = fixed(resource)
    fields = {name: described.sensitive for name, described in resource.fields.items() if name not in names}
    return Row(resource.key, resource.permissions, fields)


def read_form(sheet: Sheet, form: Any) -> Grid:
    """Return the grid that was sent: `g.<permission>` a scope, `f.<resource>.<field>` a state, `w` and `rest` grants.

    Raises Invalid for what is not on the sheet.
    """
    cells, fields, switches = dict[str, str](), dict[str, dict[str, str]](), set[str]()
    rows = {row.key: row for row in sheet.rows}
    permissions = {permission for row in sheet.rows for permission in row.permissions}
    for name, value in form.items():
        kind, _dot, key = name.partition(".")
        if kind == "g" and value:
            if key in permissions:
                cells[key] = value
            elif key in sheet.switches and value == ALL:
                switches.add(key)
            else:
                raise Invalid({"grants": _("Choose permissions from the list.")})
        elif kind == "f" and value:
            place, _dot, field = key.rpartition(".")
            if place not in rows or field not in rows[place].fields or value not in STATES:
                raise Invalid({"grants": _("Choose permissions from the list.")})
            if value != rows[place].unlimited[field]:
                fields.setdefault(place, {})[field] = value
    wildcards = {text for text in form.getlist("w") if text in sheet.wildcards}
    return Grid(frozenset(wildcards), frozenset(switches), cells, fields, tuple(sorted(set(form.getlist("rest")))))


def legend(scopes: Iterable[str] = ("", "own", "team", ALL)) -> list[dict[str, Any]]:
    """Return what the values of cells mean."""
    return [{"value": scope, "label": scope_label(scope), "help": scope_note(scope)} for scope in scopes]


def columns() -> list[dict[str, Any]]:
    """Return the actions that every resource has."""
    return [{"key": key, "label": label} for key, label in COLUMNS.items()]


def groups(sheet: Sheet, grid: Grid, held: Grants | None) -> list[dict[str, Any]]:
    """Return the sheet by modules. `held`: the rights of whoever edits, None to show only."""
    found = [_group(ADMINISTRATION, _("Administration"), "settings", [], sheet, grid, held)]
    for plugin in current.lineup.plugins:
        entry = installed()[plugin]
        icon = entry.manifest.icon if entry.manifest else ""
        rows = [row for row in sheet.rows if row.key.startswith(f"{plugin}.")]
        found.append(_group(plugin, entry.label, icon, rows, sheet, grid, held))
    # What people came for is records; whoever works here comes last.
    return [group for group in (*found[1:], found[0]) if group["rows"] or group["switches"]]


def _group(
    key: str, label: object, icon: str, rows: list[Row], sheet: Sheet, grid: Grid, held: Grants | None
) -> dict[str, Any]:
    wildcard = f"{key}.*"
    switches = [permission for permission in sheet.switches if permission.startswith(f"{key}.")]
    return {
        "key": key,
        "label": label,
        "icon": icon or "stack-2",
        "wildcard": _switch(wildcard, grid.wildcards, held) if wildcard in sheet.wildcards else None,
        "rows": [_resource(row, grid, held) for row in rows],
        "switches": [
            {**_switch(permission, grid.switches, held), "covered": grid.covering(permission)}
            for permission in switches
        ],
    }


def _switch(key: str, on: Iterable[str], held: Grants | None) -> dict[str, Any]:
    refused = held is not None and not covers_all(held, [key])
    return {
        "key": key,
        "label": permission_label(key),
        "on": key in on,
        "disabled": refused and key not in on,
        "title": REASON if refused else None,
    }


def every(grid: Grid, held: Grants | None) -> dict[str, Any]:
    """Return the switch of all rights."""
    return _switch("*", grid.wildcards, held)


def _resource(row: Row, grid: Grid, held: Grants | None) -> dict[str, Any]:
    resource = known_resource(row.key)
    usual = {f"{row.key}.{action}" for action in ACTIONS}
    more = [_cell(row, p, grid, held, resource) for p in row.permissions if p not in usual]
    cells = [_cell(row, f"{row.key}.{action}", grid, held, resource) for action in ACTIONS]
    fields = [_field(row, name, grid, held, resource) for name in row.fields]
    given = [cell["value"] for cell in cells]
    return {
        "key": row.key,
        "id": row.key.replace(".", "-"),
        "label": resource.labels,
        "icon": resource.icon,
        "cells": cells,
        "more": more,
        "fields": fields,
        "limited": [field for field in fields if field["value"] != field["usual"]],
        "unseen": not given[0] and any(c["value"] for c in [*cells, *more] if c["needs"]),
    }


def _cell(row: Row, permission: str, grid: Grid, held: Grants | None, resource: Resource) -> dict[str, Any]:
    action, value = row.action(permission), grid.cells.get(permission, "")
    # What modules add comes last, so that 0 to 3 mean the same in every cell.
    scopes = list(dict.fromkeys(["", "own", "team", ALL, *_added_scopes(row.key), value]))
    options = [
        {
            "value": scope,
            "label": scope_label(scope),
            "disabled": bool(held and scope and scope != value and not may_give(held, permission, scope)),
        }
        for scope in scopes
    ]
    label = action_label(resource, action)
    if "." in action:
        label = permission_label(permission)
    return {
        "permission": permission,
        "action": action,
        "label": COLUMNS.get(action, label),
        "value": value,
        "text": scope_label(value),
        "covered": grid.covering(permission),
        "options": options,
        "needs": action in NEEDS_SEEING or action not in ACTIONS,
        "title": REASON if held and any(option["disabled"] for option in options) else None,
    }


def _added_scopes(resource: str) -> list[str]:
    found = current.lineup.all("scope")
    return [contribution.key for contribution in found if contribution.options.get("resource") == resource]


def _field(row: Row, name: str, grid: Grid, held: Grants | None, resource: Resource) -> dict[str, Any]:
    described = resource.fields[name]
    value = grid.fields.get(row.key, {}).get(name) or row.unlimited[name]
    states = [HIDE, WRITE] if described.readonly else [HIDE, READ, WRITE]
    if value not in states:
        states.insert(1, value)
    options = [
        {
            "value": state,
            "label": STATES[READ] if described.readonly and state == WRITE else STATES[state],
            "disabled": bool(held and state != value and not may_state(held, row, name, state)),
        }
        for state in states
    ]
    return {
        "name": name,
        "key": f"{row.key}.{name}",
        "label": field_label(resource, name),
        "sensitive": row.fields[name],
        "value": value,
        "text": next(option["label"] for option in options if option["value"] == value),
        "usual": row.unlimited[name],
        "options": options,
        "title": REASON if any(option["disabled"] for option in options) else None,
    }


def widest_fields(sheet: Sheet, held: Grants) -> dict[str, dict[str, str]]:
    """Return for a new role what differs from the usual states, since whoever makes it holds no more."""
    found: dict[str, dict[str, str]] = {}
    for row in sheet.rows:
        for name, usual in row.unlimited.items():
            if usual == WRITE and not may_state(held, row, name, WRITE):
                found.setdefault(row.key, {})[name] = READ if may_state(held, row, name, READ) else HIDE
    return found


def rest(grid: Grid) -> list[dict[str, Any]]:
    """Return the lines of text: grants that the grid cannot say."""
    return [{"text": text, "label": permission_label(text)} for text in grid.rest]
