"""The columns of a list: which ones a person sees, how wide, in what order sorted; and the panels that change it.

It must offer only what the resource has for this tenant; a chosen field that is gone is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diwan.kit.i18n import _
from diwan.resources import Field, Resource
from diwan.resources.everywhere import SYSTEM_FIELDS
from diwan.resources.filters import described
from diwan.resources.showing import ENDING
from diwan.web.state import ListState

NARROWEST, WIDEST = 64, 800
USUAL, USUAL_TITLE = 160, 260
"""Widths of columns that nobody has set, where others are set: all of them are fixed then."""
MOST_COLUMNS = 30
MOST_LEVELS = 3
NEVER = frozenset({"json", "lines"})
"""Kinds that no cell can say."""
NOT_INLINE = frozenset({"longtext", "richtext", "lines", "file", "image", "json", "address", "bilingual"})
"""Kinds whose control is larger than a cell; their values are changed on the form."""


def choosable(resource: Resource) -> list[str]:
    """Return the names of the fields that can be columns, in the order of the form, then those of every record."""
    return [*(n for n, f in resource.fields.items() if f.kind.name not in NEVER), *SYSTEM_FIELDS]


def chosen(state: ListState) -> tuple[str, ...]:
    """Return the columns of a list: those of its state (which may be a saved view's), the person's, the resource's."""
    if state.columns:
        return state.columns[:MOST_COLUMNS]
    mine = state.setup.chosen.get("columns")
    if isinstance(mine, list):
        known = set(choosable(state.resource))
        kept = tuple(name for name in mine if name in known)[:MOST_COLUMNS]
        if kept:
            return kept
    return state.resource.columns


def editable(resource: Resource, name: str) -> bool:
    """Return whether this person may change the field in its cell."""
    if name not in resource.editable or resource.fields[name].kind.name in NOT_INLINE:
        return False
    return resource.may("update")


def columns(state: ListState, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the columns as list.html shows them."""
    widths: Mapping[str, Any] = state.setup.chosen.get("widths") or {}
    levels = _levels(state)
    fixed = any(_width(widths.get(name)) for name in names)
    usual = {state.resource.title: USUAL_TITLE} if fixed else {}
    return [
        _column(state, name, levels, _width(widths.get(name)) or (usual.get(name, USUAL) if fixed else None))
        for name in names
    ]


def _levels(state: ListState) -> dict[str, str]:
    """The order of the list: field to "asc" or "desc"."""
    parts = (state.sort or state.resource.sort).split(",")
    return {p.strip().lstrip("-"): "desc" if p.strip().startswith("-") else "asc" for p in parts if p.strip()}


def _column(state: ListState, name: str, levels: dict[str, str], width: int | None) -> dict[str, Any]:
    field = described(state.resource, name)
    way = levels.get(name)
    shown: dict[str, Any] = {
        "name": name,
        "label": field.label,
        "kind": field.kind.name,
        "end": field.kind.name in ENDING,
        "width": width,
        "edit": editable(state.resource, name),
        "sort_href": None,
        "sorted": way,
        "level": list(levels).index(name) + 1 if way and len(levels) > 1 else None,
    }
    if field.sortable:
        alone = way is not None and len(levels) == 1
        turned = f"-{name}" if way == "asc" else name
        shown["sort_href"] = _sorted(state, turned if alone else ("-" if way == "asc" else "") + name)
        also = {**levels, name: "desc" if way == "asc" else "asc"}
        shown["also_href"] = _sorted(state, ",".join(("-" if w == "desc" else "") + n for n, w in also.items()))
    return shown


def _sorted(state: ListState, sort: str) -> str:
    return state.link(sort="" if sort == state.resource.sort and state.base is None else sort)


def _width(value: Any) -> int | None:
    return min(max(value, NARROWEST), WIDEST) if isinstance(value, int) and not isinstance(value, bool) else None


def columns_panel(state: ListState, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the panel in which columns are chosen and ordered: those on show first, in their order."""
    resource = state.resource
    rest = [name for name in choosable(resource) if name not in names]
    return {
        "action": f"{state.href}/columns",
        "query": state.query,
        "changed": bool(state.columns or state.setup.chosen.get("columns") or state.setup.chosen.get("widths")),
        "fields": [
            {"name": name, "label": described(resource, name).label, "on": name in names} for name in [*names, *rest]
        ],
    }


def sort_panel(state: ListState) -> dict[str, Any]:
    """Return the panel of several levels of order: each level a choice of field and direction."""
    resource = state.resource
    fields = [(n, f) for n in [*resource.fields, *SYSTEM_FIELDS] if (f := described(resource, n)).sortable]
    options = [option for name, field in fields for option in _ways(name, field)]
    now = [("-" if way == "desc" else "") + name for name, way in _levels(state).items()]
    return {
        "href": state.href,
        "keep": [(n, v) for n, v in state.stated() if n != "sort"],
        "options": options,
        "levels": [now[number] if number < len(now) else "" for number in range(MOST_LEVELS)],
        "several": len(now) > 1,
    }


def _ways(name: str, field: Field) -> list[dict[str, Any]]:
    up, down = _("%(field)s, ascending"), _("%(field)s, descending")
    if field.kind.name in ("date", "datetime"):
        up, down = _("%(field)s, oldest first"), _("%(field)s, newest first")
    label = {"field": str(field.label)}
    return [{"value": name, "label": up % label}, {"value": f"-{name}", "label": down % label}]
