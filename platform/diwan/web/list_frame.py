"""What stands around the records of a list in each of its shapes: title, views, search, filters, export, archive.

It must be the same for list, board, calendar, tree and pivot, and read no records.
"""

from __future__ import annotations

from typing import Any

from diwan.db import current
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.preferences import View
from diwan.preferences.views import ALL
from diwan.resources import Count, Resource
from diwan.web import filter_words
from diwan.web.cells import choice_badges
from diwan.web.state import FILTER, ListState

FORMATS = (
    ("csv", "CSV", "file-type-csv"),
    ("xlsx", "Excel (XLSX)", "file-spreadsheet"),
    ("jsonl", "JSON Lines", "json"),
)


def frame(state: ListState, counted: Count | None = None) -> dict[str, Any]:
    """Return the context that list_head.html and list_toolbar.html need."""
    resource, href = state.resource, state.href
    can = current.user.can
    chips = [*_quick_chips(state), *_where_chips(state)]
    return {
        "title": resource.labels,
        "icon": resource.icon,
        "href": href,
        "count": {"number": counted.number, "capped": counted.capped} if counted else None,
        "search": {"value": state.search, "placeholder": _("Search %(labels)s", labels=resource.labels)},
        "keep": [(n, v) for n, v in state.stated() if n != "q" and not n.startswith(FILTER)],
        "new": new_record(resource, href) if can(resource.permission("create")) else None,
        "import_href": f"{href}/import" if can(resource.permission("import")) else None,
        "exports": _exports(state) if can(resource.permission("export")) else [],
        "views": _views(state),
        "view_menu": _view_menu(state),
        "filters": [_filter(resource, name, state.quick.get(name, "")) for name in resource.filters],
        "chips": chips,
        "builder_href": state.link("/filter"),
        "clear_href": state.link(quick={}, where=None, search=""),
        "archived": {
            "href": state.link(archived=True),
            "back_href": state.link(archived=False),
            "active": state.archived,
        },
        "notices": _notices(state),
        "query": state.query,
    }


def new_record(resource: Resource, href: str) -> dict[str, Any]:
    """Return the way to a new record."""
    return {"href": f"{href}/new", "label": _("New %(label)s", label=resource.label)}


def _notices(state: ListState) -> list[Any]:
    if not state.notices:
        return []
    names = ", ".join(state.notices)
    return [_("This view names fields that are gone and shows what is left: %(names)s.", names=names)]


def _exports(state: ListState) -> list[dict[str, Any]]:
    return [
        {"label": label, "icon": icon, "href": state.link("/export", more={"format": code})}
        for code, label, icon in FORMATS
    ]


def _views(state: ListState) -> list[dict[str, Any]]:
    """Return the saved views as tabs, after the list as it is; nothing while there are none."""
    if not state.setup.views:
        return []
    plain = ListState(state.resource, shape=state.shape, setup=state.setup)
    every = {"label": _("All"), "href": plain.link(view=ALL), "active": state.opened is None}
    return [every, *(_tab(state, view) for view in state.setup.views)]


def _tab(state: ListState, view: View) -> dict[str, Any]:
    active = str(view.id) == state.view
    label = f"{view.name} *" if active and state.edited else view.name
    return {"label": label, "href": f"{state.href}?view={view.id}", "active": active}


def _view_menu(state: ListState) -> list[dict[str, Any]]:
    """Return what can be done with the view that is open, and the way to a new one."""
    view, base = state.opened, f"{state.href}/views"
    items: list[dict[str, Any]] = []
    if view is not None and view.changeable:
        if state.edited:
            items.append({
                "label": _("Save changes to “%(name)s”", name=view.name), "icon": "device-floppy",
                "action": f"{base}/{view.id}/save", "form": "view-form",
            })  # fmt: skip
        items.append({"label": _("Rename or share"), "icon": "pencil", "href": f"{base}/{view.id}", "dialog": True})
    items.append({"label": _("Save as a new view"), "icon": "plus", "href": state.link("/views/new"), "dialog": True})
    default = state.setup.default
    if view is not None and (default is None or default.id != view.id):
        items.append(_opening(_("Open this list in this view"), base, str(view.id)))
    elif view is None and default is not None:
        items.append(_opening(_("Open this list without a view"), base, ALL))
    if view is not None and view.changeable:
        items += [
            {"divider": True},
            {
                "label": _("Remove the view"), "icon": "trash", "tone": "danger", "action": f"{base}/{view.id}/delete",
                "confirm": _("The view goes; the records stay."),
            },
        ]  # fmt: skip
    return items


def _opening(label: Any, base: str, view: str) -> dict[str, Any]:
    return {"label": label, "icon": "pin", "action": f"{base}/default", "name": "view", "value": view}


def _filter(resource: Resource, name: str, value: str) -> dict[str, Any]:
    field = resource.fields[name]
    kind = field.kind.name
    choices: list[dict[str, Any]] = []
    if field.choices:
        choices = [{"value": v, "label": label} for v, label in field.choices.items()]
    elif kind == "country":
        choices = [{"value": code, "label": text} for code, text in formats.countries()]
    shown = kind if kind in ("boolean", "date", "reference") else ("choice" if choices else "text")
    made = {"name": FILTER + name, "label": field.label, "kind": shown, "choices": choices, "value": value}
    if kind == "reference":
        made |= filter_words.reference(field, value)
    return made


def _quick_chips(state: ListState) -> list[dict[str, Any]]:
    chips = []
    for name, value in state.quick.items():
        field = state.resource.fields[name]
        text: Any = value
        if field.choices:
            text = choice_badges(field).get(value, {"text": value})["text"]
        else:
            text = filter_words.value_text(field, "eq", value)
        rest = {n: v for n, v in state.quick.items() if n != name}
        chips.append({"label": field.label, "value": text, "remove_href": state.link(quick=rest)})
    return chips


def _where_chips(state: ListState) -> list[dict[str, Any]]:
    return [
        {"text": text, "href": state.link("/filter"), "remove_href": state.link(where=rest)}
        for text, rest in filter_words.parts(state.resource, state.where)
    ]
