"""From the state of a list to what `list.html` shows, for any resource: rows or groups, columns, selection, pages.

It must read columns, never entities, and take a fixed number of statements whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from diwan import resources
from diwan.db import current
from diwan.kit.i18n import _
from diwan.resources import Page, Resource
from diwan.resources.aggregate import numbers_of
from diwan.resources.filters import described
from diwan.web import list_groups
from diwan.web.cells import beside, column_cells
from diwan.web.list_bulk import bulk_actions
from diwan.web.list_columns import chosen, columns, columns_panel, sort_panel
from diwan.web.list_frame import frame, new_record
from diwan.web.state import ListState

PAGE = 80


def build(state: ListState, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return the context of the list screen. Raises BadRequest for a query that makes no sense."""
    resource, names = state.resource, chosen(state)
    shown: dict[str, Any] = {
        "columns": columns(state, names),
        "columns_panel": columns_panel(state, names),
        "sort_panel": sort_panel(state),
        "group_panel": list_groups.panel(state),
        "bulk": bulk_actions(resource, state.archived),
        "totals_href": state.link("/totals") if set(names) & set(numbers_of(resource)) else None,
        "empty": _empty(resource, state.href),
        "rows": [],
        "groups": [],
    }
    counted: resources.Count | None
    if state.group:
        counted = resources.count(resource, state.tests, state.search, archived=state.archived)
        shown["groups"] = list_groups.groups(state, names)
    else:
        page, counted = _page_and_count(state, [*names, *beside(resource, names)], arguments.get("cursor"))
        shown |= {
            "rows": rows(resource, page, len(names), archived=state.archived, query=state.query),
            "pager": _pager(page, counted, state),
        }
    if shown["bulk"]:
        shown["all"] = _everything(counted)
    if counted is None:
        shown["count_href"] = state.link("/count")
    return {**frame(state, counted), **shown}


def _page_and_count(state: ListState, names: list[str], cursor: str | None) -> tuple[Page, resources.Count | None]:
    """Return a page, and how many records there are unless counting could take longer than the page itself."""
    asked = (state.resource, names, state.tests, state.search, state.sort or None, cursor, PAGE, state.archived)
    if not state.tests and not state.search:
        return resources.counted_page(*asked)
    page = resources.list_page(*asked)
    whole = page.next is None and page.previous is None
    return page, resources.Count(len(page.rows), False) if whole else None


def rows(
    resource: Resource, page: Page, visible: int | None = None, *, archived: bool = False, query: str = ""
) -> list[dict[str, Any]]:
    """Return the rows of a page as `list_rows` takes them; `visible` is how many of its columns are shown, `query` the
    state of the list, which records carry on for their way back and to the next one."""
    values = list(zip(*page.rows, strict=True)) or [()] * len(page.columns)
    columns = dict(zip(page.columns[1:], values[1:], strict=True))
    cells = [column_cells(described(resource, n), column, columns) for n, column in list(columns.items())[:visible]]
    named = page.columns.index(resource.title) if resource.title in page.columns else None
    href, found = base(resource), []
    back = f"?{urlencode({'from': query})}" if query else ""
    for number, row in enumerate(page.rows):
        label = (row[named] if named is not None else "") or _("Untitled")
        shown = [column[number] for column in cells]
        if named == 1:
            shown[0] = {"text": shown[0], "avatar": not resource.fields[resource.title].sequence}
        found.append(
            {"id": row[0], "href": f"{href}/{row[0]}{back}", "label": label, "cells": shown, "archived": archived}
        )
    return found


def base(resource: Resource) -> str:
    """Return the address of a resource's list."""
    return ListState(resource).href


def _everything(counted: resources.Count | None) -> dict[str, Any] | None:
    """Return the offer to select what is on no page yet."""
    if counted is None:
        return {"label": _("Select all that match"), "chosen": _("All that match")}
    if counted.number <= PAGE:
        return None
    total = f"{counted.number:,}{'+' if counted.capped else ''}"
    return {
        "label": _("Select all %(total)s that match", total=total),
        "chosen": _("All %(total)s that match", total=total),
    }


def _pager(page: Page, counted: resources.Count | None, state: ListState) -> dict[str, Any]:
    total = f"{counted.number:,}{'+' if counted.capped else ''}" if counted else "…"
    return {
        "previous_href": state.link(cursor=page.previous) if page.previous else None,
        "next_href": state.link(cursor=page.next) if page.next else None,
        "text": _("%(shown)s of %(total)s", shown=len(page.rows), total=total),
    }


def _empty(resource: Resource, href: str) -> dict[str, Any]:
    acts = []
    can = current.user.can
    if can(resource.permission("create")):
        acts.append({**new_record(resource, href), "icon": "plus", "kind": "primary"})
    if can(resource.permission("import")):
        acts.append({"label": _("Import a file"), "href": f"{href}/import", "icon": "table-import"})
    return {
        "icon": resource.icon,
        "title": _("No %(labels)s yet", labels=resource.labels),
        "text": resource.help or _("Add the first one, or bring what you have from a CSV or Excel file."),
        "acts": acts,
    }
