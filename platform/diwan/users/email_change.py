"""Another e-mail address for an account: proven by a link to the new one, undone by a link to the old one.

It must not tell whether an address has an account; only a mail to that address says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from diwan import mail
from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import Invalid, NotFound, Refuse
from diwan.kit.i18n import _
from diwan.users import codes
from diwan.users import service as users
from diwan.users.factors.models import Passkey, RecoveryCode, Totp
from diwan.users.models import Challenge, User
from diwan.users.sessions import end_sessions
from diwan.users.throttle import Limit, network

EMAIL: Final = "email"
UNDO: Final = "email_undo"
EMAIL_LIFE = timedelta(hours=1)
UNDO_LIFE = timedelta(hours=72)
# Each one sends a mail to the old address, too.
CHANGES = Limit("email changes", free=4, wait=60, longest=3600, window=6 * 3600)


def request_change(user_id: UUID, email: str, password: str, *, ip: str) -> None:
    """Send a link to the new address and a way back to the old one. Raises Invalid, Refuse (the password), TooMany.

    A taken address gets the same answer; its owner reads what happened.
    """
    user = users.confirm_password(user_id, password)
    email = users.normal_email(email)
    if email == user.email:
        raise Invalid({"email": _("This is your address already.")})
    CHANGES.take(str(user.id))
    users.MAIL_PLACE.take(network(ip))
    users.MAIL_ADDRESS.take(email)
    taken = users.find_user(email)
    _void(user.id, (EMAIL,))
    values = {"user_id": str(user.id)}
    # The way back is made first: it ends what came after it (`_void`).
    undo = codes.make_link(user.email, values, purpose=UNDO, life=UNDO_LIFE)
    secret = codes.make_link(email, {**values, "old": user.email}, purpose=EMAIL, life=EMAIL_LIFE)
    if taken is None:
        link = f"/account/email/confirm/{secret}"
        mail.send(email, "email_change", user.language, name=user.name, link=link, old=user.email)
    else:
        mail.send(email, "email_taken", taken.language, name=taken.name, old=user.email)
    link = f"/account/email/undo/{undo}"
    mail.send(user.email, "email_changing", user.language, name=user.name, link=link, new=email)


def confirm_change(secret: str) -> tuple[User, str]:
    """Give the account the address that the link proves; return it with the address it had. Raises NotFound, Refuse."""
    challenge = codes.find_link(secret, EMAIL)
    user, old = _user_of(challenge), challenge.data["old"]
    if user.email != old:
        raise NotFound(_("This link has expired or was used already. Ask for a new one."))
    codes.use(challenge)
    _give(user, challenge.email)
    return user, old


@dataclass(frozen=True, slots=True)
class Undone:
    """An account that its owner has back. `taken`: the address that it lost, "" when it had not changed yet; `reset`:
    the secret of a reset link; `since`: when the stranger began."""

    user: User
    taken: str
    reset: str
    since: datetime


def undo_change(secret: str) -> Undone:
    """Bring the old address back, log everybody out, void the password and the second factors that were added since.

    Raises NotFound, Refuse.
    """
    challenge = codes.find_link(secret, UNDO)
    user = _user_of(challenge)
    codes.use(challenge)
    # Whoever changed the address may have changed it again: their own ways back and forth end with this one.
    _void(user.id, (EMAIL, UNDO), since=challenge)
    before = user.email
    if before != challenge.email:
        _give(user, challenge.email)
    # They knew the password, too.
    user.password_hash = ""
    end_sessions(user.id)
    for factor in (Totp, Passkey, RecoveryCode):
        current.session.execute(
            delete(factor).where(factor.user_id == user.id, factor.created_at >= challenge.created_at)
        )
    taken = before if before != user.email else ""
    return Undone(user, taken, codes.make_link(user.email, {}), challenge.created_at)


def _give(user: User, email: str) -> None:
    taken = users.find_user(email)
    if taken is not None and taken.id != user.id:
        raise Refuse(_("This address belongs to another account by now."))
    user.email, user.email_verified_at = email, now()
    try:
        current.session.flush()
    except IntegrityError:
        raise Refuse(_("This address belongs to another account by now.")) from None


def _user_of(challenge: Challenge) -> User:
    user = current.session.get(User, UUID(challenge.data["user_id"]))
    if user is None or user.disabled_at is not None:
        raise Refuse(_("This account is closed."))
    return user


def _void(user_id: UUID, purposes: tuple[str, ...], since: Challenge | None = None) -> None:
    statement = update(Challenge).where(
        Challenge.purpose.in_(purposes),
        Challenge.data["user_id"].astext == str(user_id),
        Challenge.used_at.is_(None),
    )
    if since is not None:
        statement = statement.where(Challenge.id > since.id)
    current.session.execute(statement.values(used_at=now()))
