"""Challenges: the code or link sent to an address, checked once, within its time and its number of tries.

Codes are short, so their digest is keyed: a stolen table does not give them away. Nothing here sends mail.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from diwan.db.base import now
from diwan.db.context import current
from diwan.db.direct import fetch_row
from diwan.errors import NotFound, Refuse
from diwan.kit.i18n import _
from diwan.kit.ids import digits, sha256, token, uuid7
from diwan.kit.text import fold
from diwan.users.models import Challenge

CODE_LIFE = timedelta(minutes=15)
VERIFIED_LIFE = timedelta(hours=1)
LINK_LIFE = timedelta(hours=1)
TRIES = 5
RESET = "reset"

_key: list[bytes] = []


def provide_key(secret_key: str) -> None:
    """Tell this process the key of its codes; called once by create_app."""
    _key[:] = [hashlib.sha256(b"diwan codes\0" + secret_key.encode()).digest()]


def make_code(email: str, data: dict[str, Any], *, works: bool) -> tuple[UUID, str]:
    """Store a new sign-up code; return its id and the digits. With `works` false no digits ever fit."""
    challenge_id, code = uuid7(), digits(6)
    secret = _digest(challenge_id, code) if works else os.urandom(32)
    _store(challenge_id, "sign_up", email, secret, data, CODE_LIFE)
    return challenge_id, code


def check_code(challenge_id: UUID, typed: str) -> Challenge:
    """Return the challenge, verified. Raises Refuse for wrong digits, NotFound once it is used up or expired."""
    # Counted before it is compared, and outside the unit of work: neither parallel tries nor a rollback give more.
    row = fetch_row(
        """UPDATE core.challenge SET attempts = attempts + 1 WHERE id = %s AND purpose = 'sign_up'
        AND attempts < %s AND used_at IS NULL AND expires_at > %s RETURNING secret_hash, attempts""",
        (challenge_id, TRIES, now()),
    )
    if row is None:
        raise NotFound(_("This code no longer works. Ask for a new one."))
    code = "".join(c for c in fold(typed) if c.isdigit())
    if not hmac.compare_digest(_digest(challenge_id, code), row.secret_hash):
        raise Refuse(_("This is not the code that we sent. Look at the newest mail, then type it again."), field="code")
    challenge = current.session.get_one(Challenge, challenge_id)
    challenge.data = {**challenge.data, "verified": True}
    challenge.expires_at = now() + VERIFIED_LIFE
    return challenge


def verified(challenge_id: UUID) -> Challenge:
    """Return a sign-up whose address is proven and which was not completed yet. Raises NotFound."""
    challenge = current.session.get(Challenge, challenge_id)
    if challenge is None or challenge.used_at or challenge.expires_at <= now() or not challenge.data.get("verified"):
        raise NotFound(_("This sign-up has expired. Please begin again."))
    return challenge


def make_link(email: str, data: dict[str, Any], *, purpose: str = RESET, life: timedelta = LINK_LIFE) -> str:
    """Store a new link; return its secret."""
    secret = token()
    _store(uuid7(), purpose, email, sha256(secret), data, life)
    return secret


def find_link(secret: str, purpose: str = RESET) -> Challenge:
    """Return an unused link of this purpose. Raises NotFound."""
    found = current.session.scalars(
        select(Challenge).where(
            Challenge.secret_hash == sha256(secret),
            Challenge.purpose == purpose,
            Challenge.used_at.is_(None),
            Challenge.expires_at > now(),
        )
    ).first()
    if found is None:
        raise NotFound(_("This link has expired or was used already. Ask for a new one."))
    return found


def use(challenge: Challenge) -> None:
    """Mark it used, in this transaction. Raises NotFound when another request was faster."""
    done = current.session.execute(
        update(Challenge)
        .where(Challenge.id == challenge.id, Challenge.used_at.is_(None))
        .values(used_at=now())
        .returning(Challenge.id)
    ).first()
    if done is None:
        raise NotFound(_("This was used already."))


def _store(
    challenge_id: UUID, purpose: str, email: str, secret_hash: bytes, data: dict[str, Any], life: timedelta
) -> None:
    current.session.add(
        Challenge(
            id=challenge_id,
            purpose=purpose,
            email=email,
            secret_hash=secret_hash,
            data=data,
            expires_at=now() + life,
        )
    )
    current.session.flush()


def _digest(challenge_id: UUID, code: str) -> bytes:
    if not _key:
        raise RuntimeError("No key for codes: create_app() provides it.")
    return hmac.digest(_key[0], challenge_id.bytes + code.encode(), "sha256")
