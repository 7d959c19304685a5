"""The browsers with which a person has signed in: a sign-in from another one is told by mail.

A device is a random token in a long-lived cookie, kept as its digest; it lets nobody in by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from diwan import mail
from diwan.db.base import now
from diwan.db.context import current
from diwan.kit import formats, i18n
from diwan.kit.ids import sha256, token
from diwan.users import agents
from diwan.users.models import Device, User

TOKEN_LENGTH = 43
LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request came from. `country` is a code, known only where a proxy tells it."""

    ip: str
    user_agent: str = ""
    country: str = ""

    def text(self) -> str:
        """Return it for people, in the current language."""
        return i18n.listed(part for part in (self.ip, formats.country(self.country)) if part)


def digest_of(cookie: str) -> bytes:
    """Return what the table holds of a device's cookie; nothing fits for what is no cookie of ours."""
    return sha256(cookie) if len(cookie) == TOKEN_LENGTH and cookie.isascii() else b""


def greet(user: User, cookie: str, place: Place) -> str:
    """Remember the device of a sign-in and return the cookie to set. A device new to the account is told by mail.

    The first device of an account is not: its person is sitting in front of it.
    """
    digest, moment = digest_of(cookie), now()
    seen = current.session.execute(
        update(Device)
        .where(Device.user_id == user.id, Device.digest == digest)
        .values(seen_at=moment)
        .returning(Device.digest)
    ).first()
    if seen is not None:
        return cookie
    first = current.session.scalars(select(Device.user_id).where(Device.user_id == user.id).limit(1)).first() is None
    if not digest:
        cookie = token()
    new = {"user_id": user.id, "digest": sha256(cookie), "first_seen_at": moment, "seen_at": moment}
    current.session.execute(insert(Device).values(new).on_conflict_do_nothing())  # two logins at one moment
    if not first:
        _tell(user, place)
    return cookie


def is_known(user_id: UUID, cookie: str) -> bool:
    """Return whether the person has signed in with this device before."""
    statement = select(Device.user_id).where(Device.user_id == user_id, Device.digest == digest_of(cookie))
    return current.session.scalars(statement).first() is not None


def forget(user_id: UUID, *, keep: str = "") -> None:
    """Know a person's devices no longer, but for the one with the cookie `keep`."""
    current.session.execute(delete(Device).where(Device.user_id == user_id, Device.digest != digest_of(keep)))


def _tell(user: User, place: Place) -> None:
    language = i18n.set_language(user.language)
    try:
        values = {
            "device": agents.device_name(place.user_agent, raw=False),
            "place": place.text(),
            "moment": f"{formats.moment(now())} UTC",
        }
    finally:
        i18n.reset_language(language)
    mail.send(user.email, "new_device", user.language, name=user.name, link="/account/sessions", **values)
