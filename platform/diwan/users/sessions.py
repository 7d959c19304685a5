"""The sessions of one person, for that person: where they are signed in, and the end of it.

It must not give out what names a session in the database; what is shown is derived from it and good for nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete, select

from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import NotFound
from diwan.kit.i18n import _
from diwan.users import devices
from diwan.users.devices import Place
from diwan.users.models import Session

MOST = 100


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser in which a person is signed in."""

    id: str
    place: Place
    since: datetime
    seen_at: datetime
    is_this: bool


def shown_id(digest: bytes) -> str:
    """Return what stands for a session on a page."""
    return sha256(b"diwan session\0" + digest).hexdigest()[:32]


def sessions_of(user_id: UUID, this: bytes) -> Sequence[OpenSession]:
    """Return where a person is signed in, this session (`this`: its digest) first, then the last seen."""
    statement = (
        select(Session)
        .where(Session.user_id == user_id, Session.expires_at > now())
        .order_by((Session.id == this).desc(), Session.seen_at.desc())
        .limit(MOST)
    )
    return [
        OpenSession(shown_id(s.id), Place(s.ip, s.user_agent, s.country), s.created_at, s.seen_at, s.id == this)
        for s in current.session.scalars(statement)
    ]


def end_session(user_id: UUID, id: str) -> None:
    """End one of a person's sessions, at once. Raises NotFound."""
    digests = current.session.scalars(select(Session.id).where(Session.user_id == user_id)).all()
    digest = next((digest for digest in digests if shown_id(digest) == id), None)
    if digest is None:
        raise NotFound(_("This device was logged out already."))
    current.session.execute(delete(Session).where(Session.id == digest, Session.user_id == user_id))


def end_all() -> int:
    """End the sessions of everybody who is signed in. Return how many ended."""
    statement = delete(Session).where(Session.user_id.is_not(None)).returning(Session.id)
    return len(current.session.scalars(statement).all())


def end_sessions(user_id: UUID, *, but: bytes = b"", device: str = "") -> int:
    """End a person's sessions and forget their devices, but for one (digest of the session, cookie of the device).

    Return how many ended.
    """
    ended = current.session.scalars(
        delete(Session).where(Session.user_id == user_id, Session.id != but).returning(Session.id)
    ).all()
    devices.forget(user_id, keep=device)
    return len(ended)
