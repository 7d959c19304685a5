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
    response = Response(orjson.dumps(details(error, code)), status=code, content_type=TYPE)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    if code == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="diwan"'
    return response


def details(error: DiwanError, status: int | None = None) -> dict[str, Any]:
    """Return what a problem says, as plain values."""
    code = status or error.status
    body: dict[str, Any] = {
        "type": f"urn:diwan:problem:{error.code}",
        "title": HTTPStatus(code).phrase,
        "status": code,
        "detail": str(error),
        "code": error.code,
        "request_id": current.request_id,
    }
    errors = errors_of(error)
    if errors:
        body["errors"] = [{"field": name, "message": str(text)} for name, text in errors.items()]
    if isinstance(error, Stale):
        body["current"] = as_json(error.current)
    return body


def errors_of(error: DiwanError) -> dict[str, object]:
    """Return what is wrong by the name of the field."""
    if isinstance(error, Invalid):
        return error.errors
    return {error.field: error} if isinstance(error, Refuse) and error.field else {}
