"""Files of fields: stored as soon as they are chosen, and given only to who may read the records that hold them.

Nothing is ever shown as a page of ours: pictures are sent as pictures, all else as a download.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, Response, jsonify, request, send_file
from flask.typing import ResponseReturnValue

from diwan import files
from diwan.db import current, unit_of_work
from diwan.errors import Invalid, NotFound
from diwan.files import types
from diwan.files.models import StoredFile
from diwan.kit.i18n import _
from diwan.resources import Field, Resource
from diwan.web.cells import file_address

pages = Blueprint("files", __name__, url_prefix="/t/<slug>/files")
LARGEST = 25 * 2**20
LARGEST_IMAGE = 10 * 2**20


def register(app: Flask) -> None:
    """Add the routes."""
    app.register_blueprint(pages)


@pages.post("")
def store(**_slug: str) -> ResponseReturnValue:
    """Keep a file for a field (`purpose`: "plugin.resource.field"); answer its id. Who may write the field may."""
    resource, described = _field_of(request.form.get("purpose", ""))
    owner = current.lineup.resources[resource.fields[resource.part_of].reference] if resource.part_of else resource
    if not (owner.may("create") or owner.may("update")):
        owner.require("update")
    sent = request.files.get("file")
    if sent is None:
        raise Invalid({"file": _("Choose a file.")})
    image = described.kind.name == "image"
    try:
        mime = types.recognise(sent.stream.read(types.HEAD), sent.filename or "", image=image)
    except Invalid as error:
        return jsonify(detail=" ".join(map(str, error.errors.values()))), 422
    sent.stream.seek(0)
    with unit_of_work():
        stored = files.store(
            sent.stream, sent.filename or "", purpose=described.purpose, mime=mime,
            limit=LARGEST_IMAGE if image else LARGEST,
        )  # fmt: skip
        answer: dict[str, Any] = {"id": str(stored.id), "name": stored.name, "size": stored.size, "image": image}
    return jsonify(**answer, href=file_address(answer["id"])), 201


@pages.get("/<id>")
def read(id: str, **_slug: str) -> Response:
    """Send a file. `?small=1` shows a picture in its place on a page."""
    with unit_of_work() as session:
        try:
            stored = session.get(StoredFile, (current.tenant.id, UUID(id)))
        except ValueError:
            stored = None
        if stored is None:
            raise NotFound(_("This file is no longer there."))
        _permit(stored)
        picture = stored.mime in types.IMAGES
        answer = send_file(
            files.path_of(stored.id), mimetype=stored.mime if picture else types.BINARY,
            as_attachment=not (picture and request.args.get("small")), download_name=stored.name, max_age=0,
        )  # fmt: skip
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


def _permit(stored: StoredFile) -> None:
    """Raise Denied or NotFound unless this person stored the file, or may read a record that holds it."""
    if stored.created_by is not None and stored.created_by == current.user.id:
        return
    resource, described = _field_of(stored.purpose)
    owner = current.lineup.resources[resource.fields[resource.part_of].reference] if resource.part_of else resource
    owner.require("read")
    held = resource.rows(resource.table.c.id).where(resource.column(described.name) == stored.id)
    if current.session.execute(held.limit(1)).first() is None:
        raise NotFound(_("This file is no longer there."))


def _field_of(purpose: str) -> tuple[Resource, Field]:
    key, _dot, name = purpose.rpartition(".")
    resource: Resource | None = current.lineup.resources.get(key)
    described = resource.fields.get(name) if resource else None
    if resource is None or described is None or not described.is_file:
        raise NotFound(_("There is no such field for files."))
    return resource, described
