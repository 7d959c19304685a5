"""What an open form asks the server: computed values, whether a value fits, to keep a draft, to create by a name.

It must save no record but the one that a picker creates.
"""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Flask, Response, redirect, request
from flask.typing import ResponseReturnValue

from diwan import resources
from diwan.db import current
from diwan.errors import BadRequest, Invalid, Refuse
from diwan.resources import Resource, drafts, store
from diwan.web import form_computing, form_saving, forms
from diwan.web.finding import find

pages = Blueprint("forms", __name__, url_prefix="/t/<slug>/<plugin>/<name>")


def register(app: Flask) -> None:
    """Add what forms ask."""
    app.register_blueprint(pages)


@pages.post("/compute")
@pages.post("/<uuid:id>/compute")
def compute(plugin: str, name: str, id: Any = None, **_slug: str) -> ResponseReturnValue:
    """Answer with computed values as they would be, and with what is wrong with the values of `check`."""
    resource, record = _opened(plugin, name, id)
    answer = form_computing.answer(resource, record, request.form, request.args.get("check", "").split(","))
    return Response(orjson.dumps(answer), content_type="application/json")


@pages.post("/draft")
@pages.post("/<uuid:id>/draft")
def keep_draft(plugin: str, name: str, id: Any = None, **_slug: str) -> ResponseReturnValue:
    """Keep what is typed; with `discard` drop it and open the form as it is stored."""
    resource, record = _opened(plugin, name, id)
    place = record.id if record is not None else drafts.NEW
    if "discard" in request.args:
        drafts.forget(resource, place)
        return redirect(request.path.removesuffix("draft").rstrip("/") if record is not None else
                        request.path.removesuffix("draft") + "new", 303)  # fmt: skip
    drafts.keep(resource, form_saving.pairs(), place, forms.version(request.form))
    return "", 204


@pages.post("/quick")
def create_quickly(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    """Create a record from its title alone, for a picker."""
    resource = find(plugin, name, "create")
    title = request.form.get("title", "").strip()
    if not title:
        raise BadRequest(str(resource.fields[resource.title].label))
    try:
        return form_saving.tell_record(resource, resources.create(resource, {resource.title: title}))
    except (Invalid, Refuse) as error:
        current.session.rollback()
        return Response(orjson.dumps({"error": str(error)}), 422, content_type="application/json")


def _opened(plugin: str, name: str, id: Any) -> tuple[Resource, Any]:
    """Return the resource and record of an open form, for who may save it."""
    resource = find(plugin, name, "create" if id is None else "update")
    return resource, store.get(resource, id, action="update") if id is not None else None
