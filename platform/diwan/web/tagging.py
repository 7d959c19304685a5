"""Tags in lists: the bar's "Add a tag" for the selected records, and tags as chips of their colours in a column.

It must tag no record that the person may not change, and at most as many at once as other bulk actions take at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Flask, redirect, request
from flask.typing import ResponseReturnValue

from diwan import bulk, collaboration
from diwan.collaboration.tags import LONGEST
from diwan.errors import Denied, Invalid
from diwan.kit.i18n import _, ngettext
from diwan.resources import Field, Resource, rights
from diwan.resources.declare import OUT_OF_REACH
from diwan.web import cells
from diwan.web.bulk_pages import selected
from diwan.web.finding import find
from diwan.web.list_bulk import provide
from diwan.web.shell import render, tell
from diwan.web.state import ListState

pages = Blueprint("tagging", __name__, url_prefix="/t/<slug>/<plugin>/<name>/bulk")


def register(app: Flask) -> None:
    """Add the action, its page and the cells."""
    app.register_blueprint(pages)
    provide(_action)
    cells.BY_COLUMN["@tags"] = _chips


def _action(resource: Resource, archived: bool) -> list[dict[str, Any]]:
    if archived or resource.part_of or not resource.may("update"):
        return []
    action = f"{cells.record_base(resource.key)}/bulk/tag"
    return [{"label": _("Add a tag"), "icon": "tag", "action": action, "dialog": True}]


def _chips(_described: Field, values: Sequence[Any]) -> list[Any]:
    tones = collaboration.tones_of({name for names in values for name in names or ()})
    return [[{"text": name, "tone": tones.get(name)} for name in names or ()] or "" for names in values]


@pages.post("/tag")
def tag(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """Ask for a tag, then put it on the selected records. `apply` says that the form is complete."""
    resource = find(plugin, name, "update")
    selection, state = selected(resource)
    ids = bulk.pick(resource, selection, bulk.MOST_AT_ONCE + 1)
    if not ids or len(ids) > bulk.MOST_AT_ONCE:
        most = f"{bulk.MOST_AT_ONCE:,}"
        tell("warn", _("A tag is added to at most %(most)s records at once.", most=most) if ids else
             _("Select at least one record."))  # fmt: skip
        return redirect(state.link(), 303)
    typed = request.form.get("tag", "")
    if request.form.get("do") != "apply":
        return _show(state, selection, len(ids), typed)
    try:
        if not rights.reaches(resource, ids, "update"):
            raise Denied(OUT_OF_REACH, permission=resource.permission("update"))
        n = collaboration.add_tag_to(resource, ids, typed)
    except Invalid as error:
        return _show(state, selection, len(ids), typed, error.errors.get("tag")), 422
    tell("ok" if n else "info",
         ngettext("%(n)s record has the tag now.", "%(n)s records have the tag now.", n) if n else
         _("All of them have this tag already, or as many as a record takes."))  # fmt: skip
    return redirect(state.link(), 303)


def _show(state: ListState, selection: bulk.Selection, total: int, typed: str, error: object = "") -> str:
    shown = {
        "title": ngettext("Add a tag to %(n)s record", "Add a tag to %(n)s records", total),
        "action": f"{state.href}/bulk/tag",
        "ids": [] if selection.everything else selection.ids,
        "everything": selection.everything,
        "query": state.query,
        "value": typed,
        "longest": LONGEST,
        "known": [mark.name for mark in collaboration.suggest_tags()],
        "error": error,
        "back_href": state.link(),
    }
    return render("list_tag.html", [(state.resource.labels, state.link()), (_("Add a tag"), "")], tagging=shown)
