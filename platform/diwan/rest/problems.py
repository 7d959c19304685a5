"""Errors for programs: RFC 9457 problem details.

It must never show a stack trace or SQL.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from flask import Response

from diwan.db.context import current
from diwan.errors import DiwanError, Invalid, Refuse, Stale, TooMany
from diwan.resources.values import as_json

TYPE = "application/problem+json"


def problem(error: DiwanError, status: int | None = None) -> Response:
    """Return the response for a DiwanError."""
    code = status or error.status
    body: dict[str, Any] = {
        "type": f"urn:diwan:problem:{error.code}",
        "title": HTTPStatus(code).phrase,
        "status": code,
        "detail": str(error),
        "code": error.code,
        "request_id": current.request_id,
    }
    if isinstance(error, Invalid):
        body["errors"] = [{"field": name, "message": str(text)} for name, text in error.errors.items()]
    if isinstance(error, Refuse) and error.field:
        body["errors"] = [{"field": error.field, "message": str(error)}]
    if isinstance(error, Stale):
        body["current"] = as_json(error.current)
    response = Response(orjson.dumps(body), status=code, content_type=TYPE)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    if code == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="diwan"'
    return response
