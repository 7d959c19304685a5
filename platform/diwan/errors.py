"""The errors that Diwan raises on purpose: each has an HTTP status, a stable code and a text for the person.

This module must not know how an error is shown; `web` and `rest` render it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DiwanError(Exception):
    """The base of every error with a meaning; anything else is a defect."""

    status = 500
    code = "error"

    def __init__(self, message: object = "", **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail

    def __str__(self) -> str:
        return str(self.message)


class Refuse(DiwanError):
    """A business rule says no. `field` names the value to change, if there is one."""

    status = 422
    code = "refused"

    def __init__(self, message: object, field: str | None = None, **detail: Any) -> None:
        super().__init__(message, **detail)
        self.field = field


class Invalid(DiwanError):
    """Values that do not fit their fields: `errors` maps field name to message."""

    status = 422
    code = "invalid"

    def __init__(self, errors: Mapping[str, object], message: object = "") -> None:
        super().__init__(message or "; ".join(f"{name}: {text}" for name, text in errors.items()))
        self.errors = dict(errors)


class BadRequest(DiwanError):
    """The request itself makes no sense: an unknown field, filter or cursor."""

    status = 400
    code = "bad_request"


class Unauthenticated(DiwanError):
    """Nobody is signed in, or the token is unknown, expired or revoked."""

    status = 401
    code = "unauthenticated"


class Denied(DiwanError):
    """A member without the right. Strangers get NotFound instead."""

    status = 403
    code = "denied"


class NotFound(DiwanError):
    """Not there, or not for this person."""

    status = 404
    code = "not_found"


class Stale(DiwanError):
    """Someone else saved first: `current` holds the stored values, `changed` the fields that differ."""

    status = 409
    code = "stale"

    def __init__(self, message: object, current: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.current = dict(current)
        self.changed = dict(changed)


class TooLarge(DiwanError):
    """More bytes, rows or characters than this place takes."""

    status = 413
    code = "too_large"


class TooMany(DiwanError):
    """A rate limit was reached; `retry_after` is in seconds."""

    status = 429
    code = "too_many"

    def __init__(self, message: object, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(DiwanError):
    """A server that Diwan needs does not answer just now."""

    status = 503
    code = "unavailable"
