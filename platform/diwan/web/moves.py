"""Moving a record on a board, in a calendar or in a tree: one small change, with its version and a way back.

It must change only the field that the shape shows, through the resource layer like any other change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, redirect, request
from flask.typing import ResponseReturnValue

from diwan import resources
from diwan.db import current
from diwan.errors import BadRequest, DiwanError, Invalid
from diwan.kit.i18n import _
from diwan.resources import Resource, lifecycle, store, undo
from diwan.resources.showing import text_of
from diwan.web import board, calendar_view, forms, tree
from diwan.web.actions import way_back
from diwan.web.finding import find
from diwan.web.shell import tell, undo_href
from diwan.web.state import ListState
from diwan.web.undo import came_from

pages = Blueprint("moves", __name__, url_prefix="/t/<slug>")
BASE = "/<plugin>/<name>"


def register(app: Flask) -> None:
    """Add the addresses that boards, calendars and trees call."""
    app.register_blueprint(pages)


@pages.post(f"{BASE}/<uuid:id>/move")
def move(plugin: str, name: str, id: Any, **_slug: str) -> ResponseReturnValue:
    """Change the field that the shape shows. The query is the list's, so that its columns' heads can be told anew."""
    resource = find(plugin, name, "update")
    record = store.get(resource, id, lock=True, action="update")
    try:
        changes, said = _changes(resource, record, request.form)
        saved, step = _save(resource, record, changes, said)
    except DiwanError as error:
        current.session.rollback()
        if isinstance(error, BadRequest):
            raise
        return _refused(error)
    if not _wants_json():
        tell("ok", said, step)
        return redirect(came_from(), 303)
    answer: dict[str, Any] = {"text": said, "version": saved.version, "undo": undo_href(step) if step else ""}
    if request.form.get("shape") == "board":
        answer["columns"] = board.heads(ListState.read(resource, request.args))
    return Response(orjson.dumps(answer, default=str), content_type="application/json")


@pages.get(f"{BASE}/cards")
def cards(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """Answer with the next cards of a board's column."""
    state = ListState.read(find(plugin, name, "read"), request.args)
    return board.more(state, request.args.get("column", board.NONE), request.args.get("cursor", ""))


@pages.get(f"{BASE}/branches")
def branches(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """Answer with what stands below one record of a tree."""
    state = ListState.read(find(plugin, name, "read"), request.args)
    return tree.below(state, request.args)


def _changes(resource: Resource, record: Any, form: Mapping[str, str]) -> tuple[dict[str, Any], object]:
    """Return the new values and what to say of them. Raises BadRequest for anything but a shape's own field."""
    shape, title = form.get("shape", ""), str(getattr(record, resource.title) or resource.label)
    if shape == "board":
        name = form.get("field", "")
        if name not in board.group_fields(resource) and name != resource.group:
            raise BadRequest(_("Cards cannot be moved by %(name)s.", name=name[:60]))
        value = form.get("value", "")
        raw = "" if value == board.NONE else value
        text = text_of(resource.fields[name], _typed(resource, name, raw)) or _("Not set")
        return {name: raw}, _("%(title)s: %(value)s", title=title, value=text)
    if shape == "calendar":
        return calendar_view.moved(resource, record, form), _("%(title)s was moved.", title=title)
    if shape == "tree":
        return tree.moved(resource, record, form), _("%(title)s was moved.", title=title)
    raise BadRequest(_("Nothing says what to move."))


def _typed(resource: Resource, name: str, raw: str) -> Any:
    try:
        return resource.fields[name].parse(raw)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def _save(resource: Resource, record: Any, changes: Mapping[str, Any], said: object) -> tuple[Any, Any]:
    cycle, version = resource.lifecycle, record.version
    if cycle is not None and cycle.field in changes:  # a transition has effects of its own: another one takes it back
        target, state = str(changes[cycle.field]), getattr(record, cycle.field)
        way = next((way for way in lifecycle.ways(resource, state) if way.state.key == target), None)
        moved = lifecycle.move(resource, record.id, target, forms.version(request.form))
        return moved, way_back(resource, way.action, moved) if way else None
    before = {name: getattr(record, name) for name in changes}
    saved = resources.update(resource, record.id, changes, forms.version(request.form))
    if saved.version == version:
        return saved, None
    return saved, undo.record(resource, said, [{"id": saved.id, "version": saved.version, "before": before}])


def _refused(error: DiwanError) -> ResponseReturnValue:
    text = "; ".join(map(str, error.errors.values())) if isinstance(error, Invalid) else str(error)
    if _wants_json():
        return Response(orjson.dumps({"error": text}), error.status, content_type="application/json")
    tell("bad", text)
    return redirect(came_from(), 303)


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"
