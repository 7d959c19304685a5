"""The shapes in which the records of a resource are shown: a list, and what else its fields allow.

It must give every shape the same state, so that switching shows the same records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diwan.errors import BadRequest
from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.web import board, calendar_view, lists, pivot, tree
from diwan.web.list_frame import frame
from diwan.web.shell import render
from diwan.web.state import ListState

SHAPES = {
    "list": (_("List"), "list"),
    "board": (_("Board"), "layout-kanban"),
    "calendar": (_("Calendar"), "calendar"),
    "tree": (_("Tree"), "list-tree"),
    "pivot": (_("Pivot table and chart"), "chart-bar"),
}
BUILDERS = {
    "board": board.build,
    "calendar": calendar_view.build,
    "tree": tree.build,
    "pivot": pivot.build,
}


def offered(resource: Resource) -> list[str]:
    """Return the shapes that a resource's fields allow."""
    allowed = {
        "list": True,
        "board": bool(board.group_fields(resource)),
        "calendar": bool(calendar_view.date_fields(resource)),
        "tree": bool(tree.parent_field(resource)),
        "pivot": True,
    }
    return [shape for shape in SHAPES if allowed[shape]]


def shape_of(state: ListState) -> str:
    """Return the shape that an address asks for. Raises BadRequest."""
    known = offered(state.resource)
    shape = state.shape or (state.resource.view if state.resource.view in known else "list")
    if shape not in known:
        raise BadRequest(_("There is no such view; known: %(known)s.", known=", ".join(known)))
    return shape


def shapes(state: ListState) -> list[dict[str, Any]]:
    """Return the switch between the shapes."""
    shown, usual = shape_of(state), shape_of(ListState(state.resource))
    return [
        {"label": SHAPES[s][0], "icon": SHAPES[s][1], "active": s == shown,
         "href": state.link(shape="" if s == usual else s)}
        for s in offered(state.resource)
    ]  # fmt: skip


def show(state: ListState, arguments: Mapping[str, str]) -> str:
    """Return the page of a resource in the shape that its address asks for."""
    shape, crumbs = shape_of(state), [(state.resource.labels, state.href)]
    if shape == "list":
        shown = lists.build(state, arguments)
        return render("list.html", crumbs, list={**shown, "shapes": shapes(state)})
    shared = {**frame(state), "shapes": shapes(state)}
    return render(f"{shape}.html", crumbs, list=shared, **{shape: BUILDERS[shape](state, arguments)})
