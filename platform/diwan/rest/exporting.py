"""A whole list as CSV or as lines of JSON, streamed page by page.

It must never hold more than a page of rows, and needs the right to export.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request

from diwan.db import current
from diwan.errors import BadRequest
from diwan.kit.i18n import _
from diwan.resources import Resource

TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
ACCEPTED = {"text/csv": "csv", "application/jsonl": "jsonl", "application/x-ndjson": "jsonl"}


def wanted() -> str:
    """Return the form that is asked for: json, csv or jsonl."""
    form = request.args.get("format")
    if form is None:
        return ACCEPTED.get(request.headers.get("Accept", "").partition(";")[0].strip().lower(), "json")
    if form not in ("json", *TYPES):
        raise BadRequest(_("format is json, csv or jsonl."))
    return form


def export(resource: Resource, names: list[str], where: list[Any], form: str) -> Response:
    """Return the stream of a list."""
    current.require(resource.permission("export"))
    raise BadRequest(_("format is json, csv or jsonl."))
