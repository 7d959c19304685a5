"""Idempotency keys: a request that is sent twice, because its answer was lost, takes effect once.

The answer is kept in the transaction of the effect: one is never there without the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from flask import Response, request
from sqlalchemy import insert, select, text

from diwan.db import current
from diwan.db.base import now
from diwan.errors import BadRequest, DiwanError, Refuse
from diwan.kit.i18n import _
from diwan.users.models import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
METHODS = frozenset({"POST", "PATCH"})
LONGEST = 200
KEPT_HEADERS = ("Content-Type", "Location", "ETag")
# The lock ends with the transaction. It must be taken by a statement before the one that looks: each sees what was
# committed when it began.
LOCK = text("SELECT pg_try_advisory_xact_lock(:number)")


class InFlight(DiwanError):
    """The first request with this key has not been answered yet."""

    status = 409
    code = "in_flight"


def once(act: Callable[[], Response]) -> Response:
    """Return the answer of `act`, or the one that it gave when this request came before. Needs an open transaction.

    Raises InFlight, and Refuse for a key that another request has.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method not in METHODS:
        return act()
    if not key.strip() or len(key) > LONGEST:
        raise BadRequest(_("Idempotency-Key is a text of 1 to %(most)s characters.", most=LONGEST))
    mine = {"tenant_id": current.tenant.id, "user_id": current.user.principal, "key_hash": _digest(key.encode())}
    asked = _digest(request.method.encode(), request.full_path.encode(), request.get_data())
    connection = current.session.connection()
    number = int.from_bytes(_digest(repr(sorted(mine.items())).encode())[:8], "big", signed=True)
    if not connection.execute(LOCK, {"number": number}).scalar():
        raise InFlight(_("The first request with this Idempotency-Key is still at work. Try again in a moment."))
    table: Any = IdempotencyKey.__table__
    found = connection.execute(select(table).where(*(table.c[name] == value for name, value in mine.items()))).first()
    if found is not None:
        if found.request_hash != asked:
            raise Refuse(_("This Idempotency-Key belongs to another request. Choose a new key for each request."))
        headers = {**found.headers, REPLAYED: "true"}
        return Response(found.body or b"", status=found.status, headers=headers)
    response = act()
    if response.status_code < 400:
        kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        answer = {"status": response.status_code, "headers": kept, "body": response.get_data(), "created_at": now()}
        connection.execute(insert(table).values(**mine, request_hash=asked, **answer))
    return response


def _digest(*parts: bytes) -> bytes:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.digest()
