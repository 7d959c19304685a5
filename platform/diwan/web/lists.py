"""From a request's query to what `list.html` shows, for any resource.

It must read columns, never entities, and take a fixed number of statements whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from diwan import resources
from diwan.db import current
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.resources import Page, Resource
from diwan.resources.filters import described
from diwan.web.cells import ENDING, choice_badges, column_cells, record_base

PAGE = 80
FILTER = "f."


def build(resource: Resource, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return the context of the list screen. Raises BadRequest for a query that makes no sense."""
    href = record_base(resource.key)
    search = arguments.get("q", "").strip()[:200]
    sort = arguments.get("sort") or resource.sort
    archived = arguments.get("archived") == "1"
    asked = {n: v for n in resource.filters if (v := arguments.get(FILTER + n, "").strip())}
    tests = [[n, "has" if resource.fields[n].kind.name == "choices" else "eq", v] for n, v in asked.items()]
    page = resources.list_page(
        resource, None, tests, search, sort, arguments.get("cursor"), limit=PAGE, archived=archived
    )
    counted = resources.count(resource, tests, search, archived=archived)
    query = _Query(href, search, sort if sort != resource.sort else "", archived, asked)
    can = current.user.can
    return {
        "title": resource.labels,
        "icon": resource.icon,
        "href": href,
        "count": {"number": counted.number, "capped": counted.capped},
        "search": {"value": search, "placeholder": _("Search %(labels)s", labels=resource.labels)},
        "keep": [(n, v) for n, v in (("sort", query.sort), ("archived", "1" if archived else "")) if v],
        "new": _new(resource, href) if can(resource.permission("create")) else None,
        "import_href": f"{href}/import" if can(resource.permission("import")) else None,
        "filters": [_filter(resource, name, asked.get(name, "")) for name in resource.filters],
        "chips": [_chip(resource, name, value, query) for name, value in asked.items()],
        "clear_href": query.link(filters={}, search=""),
        "archived": {
            "href": query.link(archived=True),
            "back_href": query.link(archived=False),
            "active": archived,
        },
        "columns": [_column(resource, name, sort, query) for name in resource.columns],
        "rows": _rows(resource, page, href),
        "bulk": _bulk(href, archived) if can(resource.permission("update")) else [],
        "pager": _pager(page, counted, query),
        "empty": _empty(resource, href),
    }


class _Query:
    """The list's state in its address; `link` returns the address with parts changed, from the first page."""

    def __init__(self, href: str, search: str, sort: str, archived: bool, filters: dict[str, str]) -> None:
        self.href, self.search, self.sort, self.archived, self.filters = href, search, sort, archived, filters

    def link(self, cursor: str = "", **changes: Any) -> str:
        state = {**self.__dict__, **changes}
        pairs = [("q", state["search"]), ("sort", state["sort"]), ("archived", "1" if state["archived"] else "")]
        pairs += [(FILTER + name, value) for name, value in state["filters"].items()]
        encoded = urlencode([(n, v) for n, v in [*pairs, ("cursor", cursor)] if v])
        return f"{self.href}?{encoded}" if encoded else self.href


def _column(resource: Resource, name: str, sort: str, query: _Query) -> dict[str, Any]:
    field = described(resource, name)
    first = sort.split(",", maxsplit=1)[0]
    way = ("desc" if first.startswith("-") else "asc") if first.lstrip("-") == name else None
    turned = f"-{name}" if way == "asc" else name
    return {
        "name": name,
        "label": field.label,
        "kind": field.kind.name,
        "end": field.kind.name in ENDING,
        "sort_href": query.link(sort="" if turned == resource.sort else turned) if field.sortable else None,
        "sorted": way,
    }


def _rows(resource: Resource, page: Page, href: str) -> list[dict[str, Any]]:
    columns = list(zip(*page.rows, strict=True)) or [()] * len(page.columns)
    cells = [
        column_cells(described(resource, n), values) for n, values in zip(page.columns[1:], columns[1:], strict=True)
    ]
    named = page.columns.index(resource.title) if resource.title in page.columns else None
    rows = []
    for number, row in enumerate(page.rows):
        label = row[named] if named is not None else ""
        shown = [column[number] for column in cells]
        if named == 1:
            shown[0] = {"text": shown[0], "avatar": True}
        rows.append({"id": row[0], "href": f"{href}/{row[0]}", "label": label, "cells": shown})
    return rows


def _filter(resource: Resource, name: str, value: str) -> dict[str, Any]:
    field = resource.fields[name]
    kind = field.kind.name
    choices: list[dict[str, Any]] = []
    if field.choices:
        choices = [{"value": v, "label": label} for v, label in field.choices.items()]
    elif kind == "country":
        choices = [{"value": code, "label": text} for code, text in formats.countries()]
    shown = kind if kind in ("boolean", "date") else ("choice" if choices else "text")
    return {"name": FILTER + name, "label": field.label, "kind": shown, "choices": choices, "value": value}


def _chip(resource: Resource, name: str, value: str, query: _Query) -> dict[str, Any]:
    field = resource.fields[name]
    text = value
    if field.choices:
        text = choice_badges(field).get(value, {"text": value})["text"]
    elif field.kind.name == "country":
        text = formats.country(value)
    rest = {n: v for n, v in query.filters.items() if n != name}
    return {"label": field.label, "value": text, "remove_href": query.link(filters=rest)}


def _new(resource: Resource, href: str) -> dict[str, Any]:
    return {"href": f"{href}/new", "label": _("New %(label)s", label=resource.label)}


def _bulk(href: str, archived: bool) -> list[dict[str, Any]]:
    if archived:
        return [{"label": _("Restore"), "icon": "archive-off", "action": f"{href}/bulk/restore"}]
    return [{"label": _("Archive"), "icon": "archive", "action": f"{href}/bulk/archive"}]


def _pager(page: Page, counted: resources.Count, query: _Query) -> dict[str, Any]:
    total = f"{counted.number:,}{'+' if counted.capped else ''}"
    return {
        "previous_href": query.link(page.previous) if page.previous else None,
        "next_href": query.link(page.next) if page.next else None,
        "text": _("%(shown)s of %(total)s", shown=len(page.rows), total=total),
    }


def _empty(resource: Resource, href: str) -> dict[str, Any]:
    acts = []
    can = current.user.can
    if can(resource.permission("create")):
        acts.append({**_new(resource, href), "icon": "plus", "kind": "primary"})
    if can(resource.permission("import")):
        acts.append({"label": _("Import a file"), "href": f"{href}/import", "icon": "table-import"})
    return {
        "icon": resource.icon,
        "title": _("No %(labels)s yet", labels=resource.labels),
        "text": resource.help or _("Add the first one, or bring what you have from a CSV or Excel file."),
        "acts": acts,
    }
