"""What somebody may do: the sum of their roles in the grid, each cell with the roles that it comes from.

It must show only what counts today.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diwan.access.grid import Row
from diwan.access.holders import Holder
from diwan.access.service import label
from diwan.db import current
from diwan.db.grants import ALL, GRANT, Grant
from diwan.kernel.catalogue import installed
from diwan.kit.i18n import _, listed
from diwan.resources import Resource
from diwan.resources.declare import ACTIONS
from diwan.resources.reach import narrow
from diwan.web.admin.role_sheet import ADMINISTRATION, sheet
from diwan.web.admin.role_words import (
    COLUMNS,
    action_label,
    field_label,
    known_resource,
    permission_label,
    scope_label,
)


def groups(person: Holder) -> list[dict[str, Any]]:
    """Return the modules with their resources and other rights, for somebody."""
    given = [(label(share.role), _parsed(share.grants)) for share in person.shares if share.counts]
    whole = sheet()
    found = []
    for key in (*current.lineup.plugins, ADMINISTRATION):
        rows = [_row(row, person, given) for row in whole.rows if row.key.startswith(f"{key}.")]
        switches = [p for p in whole.switches if p.startswith(f"{key}.")]
        held = [
            {"label": permission_label(p), "by": by[1]} for p in switches if (by := _sum(p, given))[0]
        ]  # fmt: skip
        if rows or switches:
            entry = installed().get(key)
            manifest = entry.manifest if entry else None
            found.append({
                "label": entry.label if entry else _("Administration"),
                "icon": (manifest.icon if manifest else "") or "settings",
                "rows": rows, "switches": held,
                "any": bool(held) or any(cell["value"] for row in rows for cell in [*row["cells"], *row["more"]]),
            })  # fmt: skip
    return found


Given = list[tuple[str, list[Grant]]]


def _parsed(texts: tuple[str, ...]) -> list[Grant]:
    return [Grant.parse(text) for text in texts if GRANT.fullmatch(text)]


def _row(row: Row, person: Holder, given: Given) -> dict[str, Any]:
    resource = known_resource(row.key)
    usual = [f"{row.key}.{action}" for action in ACTIONS]
    more = [p for p in row.permissions if p not in usual]
    return {
        "label": resource.labels,
        "icon": resource.icon,
        "cells": [_cell(p, COLUMNS[row.action(p)], given) for p in usual],
        "more": [
            cell for p in more if (cell := _cell(p, action_label(resource, row.action(p)), given))["value"]
        ],
        "limits": list(_limits(resource, person)),
    }  # fmt: skip


def _cell(permission: str, name: object, given: Given) -> dict[str, Any]:
    scopes, by = _sum(permission, given)
    text = " + ".join(scope_label(scope) for scope in scopes)
    return {"label": name, "value": scopes[0] if scopes else "", "text": text or scope_label(""), "by": by}


def _sum(permission: str, given: Given) -> tuple[list[str], str]:
    """Return the scopes of a permission, and the roles that it comes from: "Seller (Own) and Manager (All)"."""
    scopes = dict[str, set[str]]()
    for name, grants in given:
        for grant in grants:
            covers = grant.is_wildcard and permission.startswith(grant.permission[:-1])
            if covers or grant.permission == permission:
                scopes.setdefault(name, set()).add(grant.scope)
    every = {scope for found in scopes.values() for scope in found}
    nested = next((one for one in (ALL, "team", "own") if one in every), "")
    # What a module adds does not lie within own or a team's records.
    widest = [nested] if nested == ALL else [nested, *sorted(every - {"team", "own"})]
    by = [
        f"{name} ({listed(scope_label(scope) for scope in sorted(found, key=_width))})" if len(every) > 1 else name
        for name, found in scopes.items()
    ]
    return [scope for scope in widest if scope], listed(by)


def _width(scope: str) -> int:
    return {"own": 0, "team": 1, ALL: 3}.get(scope, 2)


def _limits(resource: Resource, person: Holder) -> Iterator[str]:
    """Yield what is said of fields: hidden ones, those of some records only, those that cannot be changed."""
    reach = narrow(resource, person.grants).reach
    if reach is None or resource.permission("read") not in person.grants:
        return
    if reach.hidden:
        yield str(_("Hidden: %(fields)s", fields=_names(resource, reach.hidden)))
    if reach.reads:
        yield str(_("On some records only: %(fields)s", fields=_names(resource, reach.reads)))
    update = resource.permission("update")
    fixed = {name for name, scopes in reach.writes.get(update, {}).items() if not scopes} - reach.hidden
    if update in person.grants and (fixed := fixed & set(resource.editable)):
        yield str(_("Cannot be changed: %(fields)s", fields=_names(resource, fixed)))


def _names(resource: Resource, names: Any) -> str:
    return listed(field_label(resource, name) for name in resource.fields if name in names)
