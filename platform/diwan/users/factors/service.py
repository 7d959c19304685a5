"""What happens to the second factors of an account: added, used, removed; each change is told by mail.

It must count every try before it compares, and give recovery codes with the first factor, never without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select, text, union, update

from diwan import mail
from diwan.db.context import current
from diwan.errors import Refuse
from diwan.kit.i18n import _
from diwan.users import devices, sessions
from diwan.users.factors import passkeys, recovery, totp
from diwan.users.factors.models import Passkey, Totp
from diwan.users.models import Session, User
from diwan.users.throttle import Limit, network

HOUR: Final = 3600
# Guesses from one place; from anywhere (known devices are spared, as at the password). A code has a million values, and
# three of them fit at a time: what is left for a guesser who knows the password is one in a thousand in a day.
SECOND = Limit("second step", free=5, wait=5, longest=900, window=HOUR)
SECOND_ACCOUNT = Limit("second step account", free=30, wait=30, longest=300, window=24 * HOUR)
# Passkeys cannot be guessed; an office behind one address may use them all at nine o'clock.
PASSKEY_PLACE = Limit("passkey place", free=300, wait=1, longest=30, window=HOUR)

PROVEN: Final = "second"
"""The key in a session's data that says: this person proved a second factor in it."""

APP, RECOVERY = "app", "recovery"
TAKERS: Final[Mapping[str, Callable[[UUID, str], bool]]] = {APP: totp.take, RECOVERY: recovery.take}

STATE: Final = text(
    """SELECT EXISTS (SELECT FROM core.totp WHERE user_id = :user) AS app,
    (SELECT count(*) FROM core.passkey WHERE user_id = :user) AS passkeys,
    (SELECT count(*) FROM core.recovery_code WHERE user_id = :user AND used_at IS NULL) AS codes"""
)


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person can prove themselves with, besides the password."""

    app: bool
    passkeys: int
    codes: int

    def __bool__(self) -> bool:
        return self.app or self.passkeys > 0

    @property
    def few_codes(self) -> bool:
        return bool(self) and self.codes <= recovery.FEW


def factors_of(user_id: UUID) -> Factors:
    """Return what a person has; false when there is no second factor. One statement."""
    row = current.session.execute(STATE, {"user": user_id}).one()
    return Factors(row.app, row.passkeys, row.codes)


def people_with_factors(user_ids: Iterable[UUID]) -> set[UUID]:
    """Return who of these people has a second factor. One statement."""
    wanted = list(user_ids)
    found = union(
        select(Totp.user_id).where(Totp.user_id.in_(wanted)), select(Passkey.user_id).where(Passkey.user_id.in_(wanted))
    )
    return set(current.session.execute(found).scalars())


def prove(user: User, way: str, code: str, *, ip: str, device: str = "") -> None:
    """Take a code of the app or a recovery code of the person. `device`: the cookie of this browser; where it has
    signed in before, it is spared the limit that strangers can use up. Raises Refuse, TooMany."""
    is_known = devices.is_known(user.id, device)
    place = devices.digest_of(device).hex() if is_known else network(ip)
    SECOND.take(str(user.id), place)
    if not is_known:
        SECOND_ACCOUNT.take(str(user.id))
    if not TAKERS[way](user.id, code):
        if way == RECOVERY:
            raise Refuse(_("This recovery code does not fit, or it was used before."), "code")
        raise Refuse(_("This code does not fit, or it was used before. Wait for the next one."), "code")
    SECOND.forget(str(user.id), place)
    if way == RECOVERY:
        _tell(user, "code_used", left=factors_of(user.id).codes)


def add_app(user: User, secret: str, code: str, *, ip: str) -> list[str]:
    """Enrol an authenticator app; return recovery codes, if it is the first factor. Raises Invalid, Refuse, TooMany."""
    SECOND.take(str(user.id), network(ip))
    first = not factors_of(user.id)
    totp.enrol(user.id, secret, code)
    SECOND.forget(str(user.id), network(ip))
    _tell(user, "app_on")
    return recovery.make(user.id) if first else []


def remove_app(user: User) -> bool:
    """Turn the authenticator app off; return whether it was on."""
    if not totp.remove(user.id):
        return False
    _tell(user, "app_off")
    _after_removal(user.id)
    return True


def add_passkey(site: passkeys.Site, user: User, answer: str, challenge: bytes, name: str) -> tuple[Passkey, list[str]]:
    """Register a passkey; return it, and recovery codes if it is the first factor. Raises Invalid, Refuse."""
    first = not factors_of(user.id)
    passkey = passkeys.register(site, user, answer, challenge, name)
    _tell(user, "passkey_on", passkey=passkey.name)
    return passkey, recovery.make(user.id) if first else []


def remove_passkey(user: User, passkey_id: UUID) -> str:
    """Remove a passkey of the person; return its name. Raises NotFound."""
    name = passkeys.remove(user.id, passkey_id)
    _tell(user, "passkey_off", passkey=name)
    _after_removal(user.id)
    return name


def renew_codes(user: User) -> list[str]:
    """Return ten new recovery codes; the old ones no longer work. Raises Refuse without a second factor."""
    if not factors_of(user.id):
        raise Refuse(_("Set up an authenticator app or a passkey first."))
    _tell(user, "codes_new")
    return recovery.make(user.id)


def reset(user: User, business: str = "") -> None:
    """Take all second factors from a person and end their sessions. An administrator of `business` does it, or whoever
    runs this Diwan."""
    totp.remove(user.id)
    passkeys.remove_all(user.id)
    recovery.remove(user.id)
    sessions.end_sessions(user.id)
    _tell(user, "reset", business=business, by=current.user.name)


def _after_removal(user_id: UUID) -> None:
    """Without a factor there are no recovery codes, and no session counts as proven with two."""
    if factors_of(user_id):
        return
    recovery.remove(user_id)
    current.session.execute(update(Session).where(Session.user_id == user_id).values(data=Session.data.op("-")(PROVEN)))


def _tell(user: User, what: str, **values: object) -> None:
    shown = {"passkey": "", "left": 0, "business": "", "by": "", **values}
    mail.send(user.email, "factors", user.language, what=what, name=user.name, link="/account/security", **shown)
