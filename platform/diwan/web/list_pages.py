"""The pages around a list: filter builder, columns, saved views, groups, totals, a cell that is edited in its place.

Each works as a plain link or form; what htmx asks for is a part of the same page.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from diwan import preferences, resources
from diwan.db import current
from diwan.errors import BadRequest, Invalid
from diwan.kit.i18n import _
from diwan.preferences.views import ALL, SHARE, preference_key
from diwan.resources import Resource
from diwan.resources.filters import compile_filter, described
from diwan.web import filter_builder, list_columns, list_groups, lists
from diwan.web.finding import find
from diwan.web.list_bulk import bulk_actions
from diwan.web.shell import render, tell
from diwan.web.state import ListState

pages = Blueprint("lists", __name__, url_prefix="/t/<slug>/<plugin>/<name>")
MOST_WIDTHS = 100


def register(app: Flask) -> None:
    """Add the pages; their addresses lie below those of the resource."""
    app.register_blueprint(pages)


@pages.get("/filter")
def build_filter(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """Show the filter builder; `do` names the button of its form that was pressed."""
    resource = find(plugin, name, "read")
    if "state" not in request.args:
        state = ListState.read(resource, request.args)
        draft = filter_builder.of_filter(state.where)
        if not draft.rows and not draft.deep:
            draft.rows.append(filter_builder.Row(0))
        return _show_builder(state, draft)
    state = ListState.of_query(resource, request.args["state"])
    draft = filter_builder.of_form(request.args)
    if request.args.get("do") != "apply":
        return _show_builder(state, draft)
    try:
        where = filter_builder.to_filter(resource, draft)
        if where:
            compile_filter(resource, where)
    except BadRequest as error:
        return _show_builder(state, draft, error.message), 422
    return redirect(state.link(where=where), 303)


def _show_builder(state: ListState, draft: filter_builder.Draft, error: object = "") -> str:
    shown = {
        **filter_builder.shown(state.resource, draft),
        "action": f"{state.href}/filter",
        "query": state.query,
        "error": error,
        "back_href": state.link(),
        "clear_href": state.link(where=None),
    }
    crumbs = [(state.resource.labels, state.link()), (_("Filter"), "")]
    return render("list_filter.html", crumbs, builder=shown)


# Columns


@pages.post("/columns")
def choose_columns(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """Keep the chosen columns for this person; within a saved view they become a change of the view."""
    resource = find(plugin, name, "read")
    state = ListState.of_query(resource, request.form.get("state", ""))
    if request.form.get("do") == "reset":
        _arrange(resource, columns=None, widths=None)
        return redirect(state.link(columns=()), 303)
    known = list_columns.choosable(resource)
    wanted = list(dict.fromkeys(request.form.getlist("column")))
    for column in wanted:
        if column not in known:
            raise BadRequest(_("There is no field %(name)s in this list.", name=column[:60]))
    if not wanted:
        tell("warn", _("A list needs at least one column."))
        return redirect(state.link(), 303)
    wanted = wanted[: list_columns.MOST_COLUMNS]
    if state.base is not None:
        return redirect(state.link(columns=tuple(wanted)), 303)
    _arrange(resource, columns=None if tuple(wanted) == resource.columns else wanted)
    return redirect(state.link(columns=()), 303)


@pages.post("/columns/width")
def set_widths(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """Keep the widths of columns; an empty one is the usual width again."""
    resource = find(plugin, name, "read")
    widths = dict(preferences.setup(resource.key).chosen.get("widths") or {})
    for column, width in zip(request.form.getlist("column"), request.form.getlist("width"), strict=False):
        described(resource, column)
        if width and not (width.isdigit() and len(width) < 5):
            raise BadRequest(_("A width is a number of pixels."))
        widths.pop(column, None)
        if width:
            widths[column] = min(max(int(width), list_columns.NARROWEST), list_columns.WIDEST)
    _arrange(resource, widths=dict(list(widths.items())[-MOST_WIDTHS:]) or None)
    return Response(status=204)


def _arrange(resource: Resource, **changes: Any) -> None:
    """Change a person's arrangement of a list; None takes a part away."""
    chosen = {**preferences.setup(resource.key).chosen, **changes}
    key, kept = preference_key(resource.key), {n: v for n, v in chosen.items() if v is not None}
    preferences.put(key, kept) if kept else preferences.forget(key)


# Saved views


@pages.route("/views/new", methods=["GET", "POST"])
def new_view(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "read")
    if request.method == "GET":
        return _show_view(ListState.read(resource, request.args))
    form, state = request.form, ListState.of_query(resource, request.form.get("state", ""))
    shared = form.get("shared") == "1"
    try:
        view = preferences.make_view(
            resource.key, form.get("name", ""), _definition(state), shared=shared,
            everybody=shared and form.get("everybody") == "1",
        )  # fmt: skip
    except Invalid as error:
        return _show_view(state, error=error), 422
    if form.get("default") == "1":
        _arrange(resource, view=str(view.id))
    tell("ok", _("The view “%(name)s” was saved.", name=view.name))
    return redirect(f"{state.href}?view={view.id}", 303)


@pages.route("/views/<uuid:id>", methods=["GET", "POST"])
def view(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "read")
    stored = preferences.get_view(resource.key, id)
    state = ListState.read(resource, {"view": str(id)})
    if request.method == "GET":
        return _show_view(state, stored)
    form = request.form
    sharing: dict[str, Any] = {}
    if current.user.can(SHARE):
        shared = form.get("shared") == "1"
        sharing = {"shared": shared, "everybody": shared and form.get("everybody") == "1"}
    try:
        stored = preferences.update_view(resource.key, id, name=form.get("name", ""), **sharing)
    except Invalid as error:
        current.session.rollback()
        return _show_view(state, preferences.get_view(resource.key, id), error), 422
    tell("ok", _("The view “%(name)s” was saved.", name=stored.name))
    return redirect(state.link(), 303)


@pages.post("/views/<uuid:id>/save")
def save_view(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    """Keep the state of the list, as it was changed, in the view."""
    resource = find(plugin, name, "read")
    state = ListState.of_query(resource, request.form.get("state", ""))
    stored = preferences.update_view(resource.key, id, definition=_definition(state))
    tell("ok", _("The view “%(name)s” was saved.", name=stored.name))
    return redirect(f"{state.href}?view={id}", 303)


@pages.post("/views/<uuid:id>/delete")
def delete_view(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "read")
    gone = preferences.delete_view(resource.key, id)
    tell("ok", _("The view “%(name)s” was removed.", name=gone))
    return redirect(lists.base(resource), 303)


@pages.post("/views/default")
def default_view(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """Choose the view in which this person's list opens; `all` is the list without one."""
    resource = find(plugin, name, "read")
    wanted = request.form.get("view", "")
    if wanted != ALL and preferences.setup(resource.key).find(wanted) is None:
        raise BadRequest(_("There is no such view. Somebody may have removed it."))
    _arrange(resource, view=wanted)
    tell("ok", _("From now on this list opens like this."))
    return redirect(f"{lists.base(resource)}?view={wanted}", 303)


def _definition(state: ListState) -> dict[str, Any]:
    """What a view keeps: the state, with the columns as they are seen, so that others see the same."""
    return {**state.definition(), "columns": list(list_columns.chosen(state))}


def _show_view(state: ListState, stored: Any = None, error: Invalid | None = None) -> str:
    form = request.form if error else {}
    shown = {
        "action": f"{state.href}/views/{stored.id}" if stored else f"{state.href}/views/new",
        "query": state.query,
        "is_new": stored is None,
        "name": form.get("name", stored.name if stored else ""),
        "shared": stored.shared if stored else False,
        "everybody": stored.is_default if stored else False,
        "may_share": current.user.can(SHARE),
        "errors": error.errors if error else {},
        "back_href": state.link(),
    }
    title = _("Rename or share") if stored else _("Save as a new view")
    return render("list_view.html", [(state.resource.labels, state.link()), (title, "")], view=shown, view_title=title)


# Groups and totals


@pages.get("/group")
def group(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """The rows of one group, for htmx; the address is that of a list of these rows."""
    resource = find(plugin, name, "read")
    state = ListState.read(resource, request.args)
    names = list_columns.chosen(state)
    page = list_groups.rows_page(state, names, request.args.get("cursor"))
    return render_template(
        "partials/list_group_rows.html",
        columns=list_columns.columns(state, names),
        rows=lists.rows(resource, page, len(names), archived=state.archived, query=state.query),
        select=bool(bulk_actions(resource, state.archived)),
        more_href=state.link("/group", cursor=page.next) if page.next else None,
    )


@pages.get("/count")
def count(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """Answer how many records match, for a page that did not wait for it."""
    state = ListState.read(find(plugin, name, "read"), request.args)
    counted = resources.count(state.resource, state.tests, state.search, archived=state.archived)
    return Response(f"{counted.number:,}{'+' if counted.capped else ''}")


@pages.get("/totals")
def totals(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """The last line of a list: sums over all that match. It loads by itself, after the rows."""
    resource = find(plugin, name, "read")
    state = ListState.read(resource, request.args)
    names = list_columns.chosen(state)
    sums = list_groups.totals(state, names)
    columns = list_columns.columns(state, names)
    select = bool(bulk_actions(resource, state.archived))
    return render_template("partials/list_totals.html", sums=sums, columns=columns, select=select)
