"""A list as a tree: records below the record that they refer to, loaded level by level.

It must ask one statement for a level and one for its numbers of children, however many records there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import render_template
from sqlalchemy import any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from diwan import resources
from diwan.db import current
from diwan.errors import BadRequest, Refuse
from diwan.kit.i18n import _
from diwan.resources import Resource, store
from diwan.resources.filters import described
from diwan.web.board import versions_of
from diwan.web.cells import column_cells
from diwan.web.state import ListState

ROWS = 100
MOST_FOUND = 200
DEEPEST = 50
MOST_LINES = 3


def parent_field(resource: Resource) -> str:
    """Return the field that refers to the record above: the declared one, else the first that can."""
    if resource.parent:
        return resource.parent
    return next((n for n, f in resource.fields.items() if _is_own(resource, n) and f.kind.name == "reference"), "")


def _is_own(resource: Resource, name: str) -> bool:
    return resource.fields[name].reference == resource.key


def build(state: ListState, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return the context of tree.html: the first level, or what a search or filter finds with all that is above it."""
    resource, parent = state.resource, parent_field(state.resource)
    if not parent:
        raise BadRequest(_("There is no such view; known: %(known)s.", known="list"))
    found = bool(state.tests or state.search.strip())
    names = _lines(state)
    shown: dict[str, Any] = {
        "href": state.href,
        "query": state.query,
        "refresh_href": state.link(),
        "movable": parent in resource.editable and resource.may("update"),
        "columns": [{"label": described(resource, n).label, "kind": described(resource, n).kind.name} for n in names],
        "found": found,
        "more": False,
        "label": resource.labels,
    }
    if not found:
        return {**shown, **_level(state, None, arguments.get("cursor"))}
    page = resources.list_page(
        resource, [resource.title, parent, *names], state.tests, state.search, state.sort or None, limit=MOST_FOUND,
        archived=state.archived,
    )  # fmt: skip
    rows = {row[0]: row for row in page.rows}
    above = _above(resource, parent, [row[2] for row in page.rows if row[2] is not None and row[2] not in rows], names)
    nodes = _nodes(state, [*page.rows, *above.values()], matched=set(rows))
    return {**shown, "nodes": _nested(nodes, {**rows, **above}), "more": page.next is not None, "more_href": None}


def below(state: ListState, arguments: Mapping[str, str]) -> str:
    """Return the HTML of the records below one, for its expansion. Raises BadRequest."""
    try:
        above = UUID(arguments.get("of", "")) if arguments.get("of") else None
        level = min(max(int(arguments.get("level", "1")), 1), DEEPEST)
    except ValueError:
        raise BadRequest(_("There is no such record.")) from None
    plain = ListState(state.resource, sort=state.sort, columns=state.columns, archived=state.archived, shape="tree")
    shown = _level(plain, above, arguments.get("cursor"), level)
    movable = parent_field(state.resource) in state.resource.editable
    can = state.resource.may("update")
    return render_template("partials/tree_nodes.html", tree={**shown, "movable": movable and can}, level=level)


def _lines(state: ListState) -> list[str]:
    left_out = (state.resource.title, parent_field(state.resource))
    return [n for n in state.columns or state.resource.columns if n not in left_out][:MOST_LINES]


def _level(state: ListState, above: UUID | None, cursor: str | None, level: int = 1) -> dict[str, Any]:
    """Return the records below one (of the first level: below none), and the way to more of them."""
    resource, parent = state.resource, parent_field(state.resource)
    where: list[Any] = [parent, "empty"] if above is None else [parent, "eq", str(above)]
    page = resources.list_page(
        resource, [resource.title, parent, *_lines(state)], [where], "", state.sort or None, cursor or None,
        limit=ROWS, archived=state.archived,
    )  # fmt: skip
    more = {"of": str(above or ""), "level": str(level)}
    return {
        "nodes": list(_nodes(state, page.rows).values()),
        "more_href": state.link("/branches", cursor=page.next, more=more) if page.next else None,
    }


def _nodes(state: ListState, rows: Sequence[Any], matched: set[Any] | None = None) -> dict[Any, dict[str, Any]]:
    """Return the records as nodes by id; `matched`: those that a search found, others only lead there."""
    resource, names = state.resource, _lines(state)
    ids = [row[0] for row in rows]
    children, versions = _children(resource, ids, archived=state.archived), versions_of(resource, ids)
    values = list(zip(*rows, strict=True)) or [()] * (3 + len(names))
    cells = [column_cells(described(resource, n), v) for n, v in zip(names, values[3:], strict=True)]
    kinds = [described(resource, n).kind.name for n in names]
    return {
        row[0]: {
            "id": row[0], "version": versions.get(row[0], 0), "title": row[1] or _("Untitled"), "nodes": [],
            "href": f"{state.href}/{row[0]}", "children": children.get(row[0], 0),
            "cells": [{"kind": kind, "value": column[number]} for kind, column in zip(kinds, cells, strict=True)],
            "matched": matched is None or row[0] in matched, "branch_href": f"{state.href}/branches?of={row[0]}",
        }
        for number, row in enumerate(rows)
    }  # fmt: skip


def _children(resource: Resource, ids: Sequence[Any], *, archived: bool) -> dict[Any, int]:
    if not ids:
        return {}
    table, parent = resource.table, resource.column(parent_field(resource))
    kept = table.c.archived_at.is_not(None) if archived else table.c.archived_at.is_(None)
    wanted = bindparam("ids", list(ids), type_=ARRAY(Uuid()))
    statement = resource.rows(parent, func.count()).where(kept, parent == any_(wanted))
    return {row[0]: row[1] for row in current.session.connection().execute(statement.group_by(parent))}


def _above(resource: Resource, parent: str, ids: Sequence[Any], names: Sequence[str]) -> dict[Any, Any]:
    """Return all records above these, themselves included, with one statement; a cycle does not trap it."""
    if not ids:
        return {}
    table = resource.table
    wanted = bindparam("ids", list(set(ids)), type_=ARRAY(Uuid()))
    first = resource.rows(table.c.id, resource.column(parent).label("above")).where(table.c.id == any_(wanted))
    chain = first.cte("chain", recursive=True)
    chain = chain.union(resource.rows(table.c.id, resource.column(parent)).where(table.c.id == chain.c.above))
    columns = [table.c.id, resource.column(resource.title), resource.column(parent), *map(resource.column, names)]
    statement = resource.rows(*columns).where(table.c.id.in_(select(chain.c.id)), table.c.archived_at.is_(None))
    return {row[0]: tuple(row) for row in current.session.connection().execute(statement)}


def _nested(nodes: dict[Any, dict[str, Any]], rows: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """Put each node below its parent; what has none that is shown stands on the first level."""
    first: list[dict[str, Any]] = []
    for id, node in nodes.items():
        above = nodes.get(rows[id][2])
        (above["nodes"] if above is not None and above is not node else first).append(node)
    return first


def moved(resource: Resource, record: Any, form: Mapping[str, str]) -> dict[str, Any]:
    """Return the new parent of a record. Raises Refuse where it would stand below itself."""
    parent = parent_field(resource)
    if not parent:
        raise BadRequest(_("Nothing says where to move this."))
    text = form.get("parent", "")
    if not text:
        return {parent: None}
    above = store.get(resource, text)
    if above.id in _below_itself(resource, parent, record.id):
        raise Refuse(_("A record cannot stand below itself."), field=parent)
    return {parent: above.id}


def _below_itself(resource: Resource, parent: str, id: UUID) -> set[UUID]:
    """Return a record and all below it."""
    table = resource.table
    mine = table.c.tenant_id == current.tenant.id
    chain = select(table.c.id).where(mine, table.c.id == id).cte("chain", recursive=True)
    chain = chain.union(select(table.c.id).where(mine, resource.column(parent) == chain.c.id))
    return set(current.session.connection().execute(select(chain.c.id)).scalars())
