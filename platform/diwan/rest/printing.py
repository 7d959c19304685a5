"""Documents of a record over the API: which there are, and each as a PDF.

They must be the same as the screens': who may read the record may print it.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request

from diwan.db import unit_of_work
from diwan.errors import BadRequest
from diwan.kit.i18n import LANGUAGES, _
from diwan.resources import Resource, store
from diwan.resources.printing import RECORD, make_paper, papers_of
from diwan.rest import openapi
from diwan.rest.reading import check_parameters
from diwan.rest.records import find, reply, routes
from diwan.rest.schemas import Schema

PDF = "application/pdf"
LISTED: Schema = {
    "type": "object", "required": ["items"], "additionalProperties": False,
    "properties": {"items": {"type": "array", "items": {
        "type": "object", "required": ["key", "label", "href"], "additionalProperties": False,
        "properties": {"key": {"type": "string"}, "label": {"type": "string"}, "href": {"type": "string"}},
    }}},
}  # fmt: skip


@routes.get("/<plugin>/<name>/<id>/documents")
def documents(plugin: str, name: str, id: str) -> Response:
    """Return which documents there are of a record."""
    check_parameters()
    with unit_of_work():
        resource, record = _open(plugin, name, id)
        base = f"/api/v1/{plugin}/{name}/{record.id}/documents"
        known = {RECORD: resource.label, **papers_of(resource)}
    items = [{"key": key, "label": str(label), "href": f"{base}/{key}.pdf"} for key, label in known.items()]
    return reply({"items": items})


@routes.get("/<plugin>/<name>/<id>/documents/<key>.pdf")
def document(plugin: str, name: str, id: str, key: str) -> Response:
    """Return a document of a record; `lang` chooses its language."""
    check_parameters("lang")
    language = request.args.get("lang", "")
    if language and language not in LANGUAGES:
        raise BadRequest(_("lang is one of %(known)s.", known=", ".join(LANGUAGES)))
    with unit_of_work():
        resource, record = _open(plugin, name, id)
        paper = make_paper(resource, record, key, language)
    answer = Response(paper.pdf, content_type=PDF)
    answer.headers["Content-Disposition"] = f'inline; filename="{resource.name}-{record.id}-{key}.pdf"'
    return answer


@openapi.extend
def describe(resource: Resource) -> openapi.Described:
    """Return the paths of a resource's documents."""
    base, tag = f"/api/v1/{resource.plugin}/{resource.name}/{{id}}/documents", str(resource.labels)
    listed = openapi.operation(f"{resource.key}.documents", _("Documents"), openapi.READ, LISTED, tag=tag)
    language = {"name": "lang", "in": "query", "schema": {"type": "string", "enum": list(LANGUAGES)}}
    one = openapi.operation(
        f"{resource.key}.document", _("A document as PDF"), openapi.READ, None, tag=tag, parameters=[language]
    )
    one["responses"]["200"]["content"] = {PDF: {"schema": {"type": "string", "contentMediaType": PDF}}}
    keys = {"type": "string", "enum": [RECORD, *papers_of(resource)]}
    key = {"name": "key", "in": "path", "required": True, "schema": keys}
    return {
        base: {"parameters": openapi.named("id"), "get": listed},
        f"{base}/{{key}}.pdf": {"parameters": [*openapi.named("id"), key], "get": one},
    }, {}


def _open(plugin: str, name: str, id: str) -> tuple[Resource, Any]:
    resource = find(plugin, name)
    resource.require("read")
    return resource, store.get(resource, id)
