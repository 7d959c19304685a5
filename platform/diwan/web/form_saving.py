"""What surrounds the saving of a form: where to go then, the list it came from, its neighbours, unsaved work.

It must write no record; the routes do.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from flask import Response, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.errors import BadRequest, NotFound
from diwan.kit import formats
from diwan.resources import Resource, drafts
from diwan.resources.drafts import Draft
from diwan.resources.neighbours import neighbours
from diwan.resources.values import title_text
from diwan.web.cells import record_base
from diwan.web.state import ListState

NOT_TYPED = ("csrf_token", "form_key", "save")
SAVING = "X-Diwan-Save"
"""The header of a form that a script sends: "page" wants to know where to go, "record" what was made."""


def go(href: str) -> ResponseReturnValue:
    """Send the browser on: by a redirect, or by telling the script that sent the form."""
    return _json({"href": href}) if request.headers.get(SAVING) else redirect(href, 303)


def wants_record() -> bool:
    """Return whether the form is a dialog's, which goes on with the record it made."""
    return request.headers.get(SAVING) == "record"


def tell_record(resource: Resource, record: Any) -> Response:
    """Answer a dialog with the record that it made."""
    label = title_text(resource, {resource.title: getattr(record, resource.title)}, current.language)
    return _json({"id": str(record.id), "label": label})


def record_href(resource: Resource, id: UUID) -> str:
    """Return the address of a record, with the list that it was opened from."""
    query = request.args.get("from", "")
    return f"{record_base(resource.key)}/{id}" + (f"?{urlencode({'from': query})}" if query else "")


def pairs() -> list[tuple[str, str]]:
    """Return what a person has typed into the posted form."""
    return [(n, v) for n, v in request.form.items(multi=True) if n not in NOT_TYPED and not n.startswith("keep-")]


def again(resource: Resource, record: Any, *, same: bool) -> ResponseReturnValue:
    """Answer a form that has made its record already. What was typed since is offered on the record's own form."""
    if wants_record():
        return tell_record(resource, record)
    href = record_href(resource, record.id)
    if same or not resource.may("update"):
        return go(href)
    drafts.keep(resource, pairs(), record.id, record.version)
    return go(f"{href}{'&' if '?' in href else '?'}draft=restore")


def after(resource: Resource, id: UUID) -> str:
    """Return where a saved form leads: to the record, or to the next new one."""
    if request.form.get("save") == "new":
        return f"{record_base(resource.key)}/new"
    return record_href(resource, id)


def opened_from(resource: Resource) -> ListState:
    """Return the list that the record was opened from, else the one that the person sees first."""
    try:
        query = request.args.get("from", "")
        return ListState.of_query(resource, query) if query else ListState.read(resource, {})
    except (BadRequest, NotFound):  # an old address: a view that is gone, a field that was renamed
        return ListState(resource)


def around(state: ListState, record: Any) -> dict[str, Any]:
    """Return the ways to the records before and after, and back to the list."""
    try:
        before, after = neighbours(
            state.resource, record.id, state.tests, state.search, state.sort or None, state.archived
        )
    except BadRequest:  # a view that sorts or filters by what is gone
        before, after = None, None
    return {
        "previous_href": record_href(state.resource, before) if before else None,
        "next_href": record_href(state.resource, after) if after else None,
    }


def offer(draft: Draft) -> dict[str, Any]:
    """Return the offer to go on with what was typed before."""
    arguments = {name: value for name, value in request.args.items() if name != "draft"}
    return {
        "when": formats.moment(draft.saved_at, current.tenant.timezone),
        "restore_href": f"{request.path}?{urlencode({**arguments, 'draft': 'restore'})}",
    }


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), content_type="application/json")
