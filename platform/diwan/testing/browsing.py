"""A browser for tests without a screen: Flask's client with a signed-in session and its CSRF token.

Tests of the login itself must not use it; they go through the pages.
"""

from __future__ import annotations

from datetime import timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from psycopg.types.json import Jsonb

from diwan.db.base import now
from diwan.db.direct import fetch_row
from diwan.kit import ids

if TYPE_CHECKING:
    from diwan.testing.world import Person


def signed_in(app: Flask, person: Person, **data: Any) -> FlaskClient:
    """Return a client with a session of the person, and `data` in it; it sends the CSRF token with every request."""
    token, secret = new_session(app, person, **data)
    client = app.test_client()
    client.set_cookie(app.session_interface.name, token)  # type: ignore[attr-defined]
    signed = URLSafeTimedSerializer(app.secret_key or "", salt="wtf-csrf-token").dumps(secret)
    client.environ_base["HTTP_X_CSRFTOKEN"] = signed
    return client


def new_session(app: Flask, person: Person, **data: Any) -> tuple[str, str]:
    """Store a session of the person; return the value of its cookie and its CSRF secret."""
    token, secret = ids.token(), token_hex(20)
    stored = Jsonb({**data, "csrf_token": secret})
    with app.app_context():
        fetch_row(
            "INSERT INTO core.session (id, user_id, data, created_at, seen_at, expires_at)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (ids.sha256(token), person.id, stored, now(), now(), now() + timedelta(days=1)),
        )
    return token, secret
