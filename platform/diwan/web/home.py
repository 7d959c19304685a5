"""The first screen of a business, its widgets (each in a request of its own) and the search over everything.

It must stay quick when a widget is slow or broken: the page never waits for one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Uuid, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from diwan.audit.models import AuditEntry
from diwan.db import current
from diwan.db.base import now
from diwan.errors import NotFound
from diwan.kernel import guard
from diwan.kernel.results import Chart, Rows, Stat
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.resources import Resource, list_page, people, store
from diwan.resources.filters import described
from diwan.resources.search import TSQuery, query_text
from diwan.resources.values import title_text
from diwan.web import charts, core_widgets, dashboard
from diwan.web.cells import column_cells, record_base
from diwan.web.shell import home, render

pages = Blueprint("home", __name__, url_prefix="/t/<slug>")
MOST_FOUND = 60


def register(app: Flask) -> None:
    """Add the first screen and the search."""
    app.register_blueprint(pages)


@pages.get("", strict_slashes=False)
def index(**_slug: str) -> ResponseReturnValue:
    return render("home.html", home=_home())


@pages.get("/widgets/<key>")
def widget(key: str, **_slug: str) -> ResponseReturnValue:
    own = core_widgets.WIDGETS.get(key)
    if own is not None:
        if own.permission:
            current.require(own.permission)
        return render_template("widget.html", **own.make())
    found = current.lineup.find("widget", key)
    if found is None:
        raise NotFound(_("There is nothing at this address. It may have moved, or its module is switched off."))
    current.require(found.permission)
    result = guard.call(found, on_error="skip")
    return render_template("widget.html", **_result(result))


@pages.get("/panels/<key>/<uuid:id>")
def panel(key: str, id: Any, **_slug: str) -> ResponseReturnValue:
    found = current.lineup.find("panel", key)
    resource = current.lineup.resources.get(found.options["resource"]) if found else None
    if found is None or resource is None:
        raise NotFound(_("There is nothing at this address. It may have moved, or its module is switched off."))
    resource.require("read")
    current.require(found.permission)
    result = guard.call(found, store.get(resource, id), on_error="skip")
    return render_template("widget.html", **_result(result))


@pages.get("/search")
def search(**_slug: str) -> ResponseReturnValue:
    phrase = request.args.get("q", "").strip()[:200]
    groups = _found(phrase) if phrase else []
    return render("search.html", [(_("Search"), "")], search={"value": phrase}, groups=groups)


def _home() -> dict[str, Any]:
    person, base = current.user, home()
    today = now()
    return {
        "greeting": _("Welcome, %(name)s", name=person.name.split(" ")[0]),
        "date_line": formats.both_calendars(today, current.tenant.timezone),
        "checklist": _checklist(base) if person.can("core.plugin.manage") else None,
        "widgets": [
            {"id": w.key, "title": w.title, "src": w.src, "size": w.size} for w in dashboard.placed() if w.shown
        ],
        "arrange_href": f"{base}/arrange",
        "manage_href": f"{base}/modules" if person.can("core.plugin.manage") else None,
    }


def _checklist(base: str) -> dict[str, Any]:
    """Return what a new business does first, with what is done already."""
    actions = set(
        current.session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.tenant_id == current.tenant.id, AuditEntry.action.in_(("create", "import", "invite")))
            .distinct()
        )
    )
    first = next((r for r in current.lineup.resources.values() if r.menu), None)
    place = record_base(first.key) if first else ""
    steps = [
        (_("Switch on your modules"), _("Only what your trade needs; you can change it at any time."), "apps",
         bool(current.lineup.plugins), f"{base}/modules", _("Choose")),
        (_("Bring your data"), _("A CSV or Excel file, with whatever column names it has."), "table-import",
         bool(actions & {"create", "import"}), f"{place}/import" if first else "", _("Import")),
        (_("Invite your colleagues"), _("Each sees what their role allows."), "user-plus",
         "invite" in actions, f"{base}/people", _("Invite")),
    ]  # fmt: skip
    items = [
        {"label": label, "help": help, "icon": icon, "done": done, "href": href, "action_label": act}
        for label, help, icon, done, href, act in steps
    ]
    return {"title": _("Get started"), "done": sum(i["done"] for i in items), "total": len(items), "items": items}


def _result(result: Any) -> dict[str, Any]:
    """Return what `widget.html` shows of a Stat, of Rows, or of a widget that failed."""
    if isinstance(result, Stat):
        value = formats.number(result.value) if isinstance(result.value, int) else result.value
        return {"stat": {"value": value, "tone": result.tone, "note": result.note, "href": _linked(result.link)}}
    if isinstance(result, Rows):
        return {"table": _table(result)}
    if isinstance(result, Chart):
        return {"chart": _chart(result)}
    return {"failed": True}


def _chart(result: Chart) -> Any:
    hrefs = [_linked(link) for link in result.links]
    series = [charts.Series(str(name), list(values), hrefs) for name, values in result.series.items()]
    title = result.title or ", ".join(one.label for one in series)
    return charts.chart(result.kind, title, result.labels, series)


def _linked(link: str) -> str:
    """Return the address of a link that a plugin wrote as a resource's key with an optional query, or ""."""
    key, _mark, query = link.partition("?")
    return record_base(key) + (f"?{query}" if query else "") if key in current.lineup.resources else ""


def _table(rows: Rows) -> dict[str, Any]:
    model: Any = rows.select.column_descriptions[0]["entity"]
    resource: Resource = current.lineup.resources[model.__resource__.key]
    names = [name for name in rows.columns if name not in resource.whole.fields or name in resource.fields]
    rows = replace(rows, columns=names)
    columns = [resource.column(name) for name in names]
    statement = rows.select.with_only_columns(resource.table.c.id, *columns).where(*resource.within("read"))
    found = current.session.execute(statement.limit(rows.limit)).all()
    values = list(zip(*found, strict=True)) or [()] * (len(rows.columns) + 1)
    cells = [column_cells(described(resource, n), v) for n, v in zip(rows.columns, values[1:], strict=True)]
    base = record_base(resource.key)
    return {
        "columns": [
            {"label": described(resource, n).label, "kind": described(resource, n).kind.name} for n in rows.columns
        ],
        "rows": [{"href": f"{base}/{id}", "cells": [c[i] for c in cells]} for i, id in enumerate(values[0])],
    }


def _found(phrase: str) -> list[dict[str, Any]]:
    """Return the records found, by resource: one statement over all that the person may read."""
    readable = {r.key: r for r in current.lineup.resources.values() if not r.part_of and r.may("read")}
    query = query_text(phrase)
    if query is None or not readable:
        return []
    groups: dict[str, dict[str, Any]] = {}
    for key, resource in [(k, r) for k, r in readable.items() if r.reach or k == people.KEY]:
        del readable[key]
        page = list_page(resource, (resource.title,), search=phrase, limit=MOST_FOUND)
        for row in page.rows:
            _add_found(groups, resource, row[0], title_text(resource, {resource.title: row[1]}))
    if not readable:
        return list(groups.values())
    markers = " | ".join(f"'@{current.tenant.id}.{key}'" for key in readable)
    rows = func.core.search(
        cast(list(readable), ARRAY(Text())), cast(bindparam(None, f"({markers}) & {query}"), TSQuery()), MOST_FOUND
    ).table_valued("resource", "record_id", "title")
    for key, id, title in current.session.execute(
        select(rows.c.resource, cast(rows.c.record_id, Uuid()), rows.c.title)
    ):
        _add_found(groups, readable[key], id, title)
    return list(groups.values())


def _add_found(groups: dict[str, dict[str, Any]], resource: Resource, id: UUID, title: str) -> None:
    group = groups.setdefault(resource.key, {"label": resource.labels, "icon": resource.icon, "items": []})
    group["items"].append({"title": title, "href": f"{record_base(resource.key)}/{id}"})
