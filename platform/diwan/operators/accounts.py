"""Which accounts are operators: asked by the application, changed by the command line alone.

Adding and removing take a connection of the owner role; the application's role may not write the table.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb

from diwan.db.base import now
from diwan.db.direct import fetch_row
from diwan.errors import NotFound
from diwan.kit.i18n import _
from diwan.kit.ids import uuid7

Owner = psycopg.Connection[Any]

IS = """SELECT o.since FROM core.operator o JOIN core."user" u ON u.id = o.user_id
    WHERE o.user_id = %s AND u.disabled_at IS NULL"""
ADD = """INSERT INTO core.operator (user_id, since, added_by) SELECT id, %s, %s FROM core."user"
    WHERE email = %s AND disabled_at IS NULL ON CONFLICT (user_id) DO NOTHING"""
REMOVE = """DELETE FROM core.operator o USING core."user" u WHERE u.id = o.user_id AND u.email = %s"""
LIST = """SELECT u.email, u.name, o.since, o.added_by, u.disabled_at FROM core.operator o
    JOIN core."user" u ON u.id = o.user_id ORDER BY o.since, u.email"""
NOTE = """INSERT INTO core.operator_entry (id, at, operator_id, operator_name, action, details)
    VALUES (%s, %s, NULL, %s, %s, %s)"""


def is_operator(user_id: UUID) -> bool:
    """Return whether this account is an operator and not disabled. A statement of its own, outside any transaction."""
    return fetch_row(IS, (user_id,)) is not None


def add(owner: Owner, email: str, by: str) -> bool:
    """Make an account an operator; False if it is one. Raises NotFound for an address without an account."""
    email, moment = email.strip().lower(), now()
    if owner.execute('SELECT 1 FROM core."user" WHERE email = %s AND disabled_at IS NULL', (email,)).fetchone() is None:
        raise NotFound(_("There is no account with the address %(email)s. Sign up with it first.", email=email))
    made = owner.execute(ADD, (moment, by, email)).rowcount == 1
    if made:
        _note(owner, "operator.added", email, by, moment)
    return made


def remove(owner: Owner, email: str, by: str) -> bool:
    """Take it back; False if the account was none. What is open in a browser ends with the next request."""
    email = email.strip().lower()
    gone = owner.execute(REMOVE, (email,)).rowcount == 1
    if gone:
        _note(owner, "operator.removed", email, by, now())
    return gone


def listed(owner: Owner) -> list[Any]:
    """Return the operators: email, name, since, added_by, disabled_at."""
    with owner.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(LIST).fetchall()


def _note(owner: Owner, action: str, email: str, by: str, moment: datetime) -> None:
    owner.execute(NOTE, (uuid7(), moment, by, action, Jsonb({"email": email})))
