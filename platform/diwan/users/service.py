"""What happens to an account: found, signed up, authenticated, given a new password.

It must never tell a stranger whether an address has an account, neither by answers nor by the time they take.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import delete, exists, select

from diwan import mail
from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import Invalid, Refuse, TooMany
from diwan.kit.dates import CALENDARS, DIGITS
from diwan.kit.i18n import LANGUAGES, _, language
from diwan.kit.text import clean
from diwan.users import codes, devices, sessions
from diwan.users.models import Challenge, Device, Session, Throttle, User
from diwan.users.passwords import check_strength, hash_password, needs_rehash, verify_password
from diwan.users.throttle import Limit, network

HOUR = 3600
# Guessing one account from one place; from anywhere (known devices are spared); many accounts from one place.
LOGIN = Limit("login", free=5, wait=2, longest=900, window=HOUR)
LOGIN_ACCOUNT = Limit("login account", free=50, wait=5, longest=60, window=HOUR)
LOGIN_PLACE = Limit("login place", free=100, wait=2, longest=900, window=HOUR)
# Mails that a stranger can make us send to one address, and from one place.
MAIL_ADDRESS = Limit("mail address", free=4, wait=60, longest=HOUR, window=6 * HOUR)
MAIL_PLACE = Limit("mail place", free=30, wait=30, longest=HOUR, window=HOUR)
CODE_PLACE = Limit("code place", free=30, wait=5, longest=900, window=HOUR)
# Guessing the password of somebody who is signed in already (a browser that was left open).
CONFIRM = Limit("confirm", free=5, wait=2, longest=900, window=HOUR)

LONGEST_NAME: Final = 120

THEMES: Final = ("auto", "light", "dark")
PREFERENCES: Final[Mapping[str, tuple[object, ...]]] = {
    "calendar": CALENDARS,
    "digits": DIGITS,
    "density": ("comfortable", "compact"),
    "shortcuts": (True, False),
    "week_start": ("", "0", "1", "6"),
}
"""What a person may choose for their account, with the values of each; the first is the default."""


def normal_email(text: str) -> str:
    """Return the address as it is stored: checked, lower case. Raises Invalid."""
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise Invalid({"email": _("Enter a complete e-mail address, such as name@example.com.")}) from None


def clean_name(text: str, field: str = "name") -> str:
    """Return a person's or a business's name on one line. Raises Invalid when it is empty or far too long."""
    name = " ".join(clean(text).split())
    if not name:
        raise Invalid({field: _("Enter a name.")})
    if len(name) > LONGEST_NAME:
        raise Invalid({field: _("Use at most %(n)s characters.", n=LONGEST_NAME)})
    return name


def find_user(email: str) -> User | None:
    """Return the account of a normal address."""
    return current.session.scalars(select(User).where(User.email == email)).one_or_none()


def create_user(email: str, name: str, password: str, language: str, *known: str) -> User:
    """Make an account whose address is proven. Raises Invalid for a weak password (`known`: words it must not be)."""
    check_strength(password, email, name, *known)
    user = User(
        email=email,
        name=name,
        password_hash=hash_password(password),
        language=language if language in LANGUAGES else "en",
        email_verified_at=now(),
    )
    current.session.add(user)
    current.session.flush()
    return user


def start_sign_up(email: str, business: str, country: str, language: str, *, ip: str) -> UUID:
    """Send a code to the address and return the challenge's id, the same for known and unknown addresses."""
    email = normal_email(email)
    MAIL_PLACE.take(network(ip))
    MAIL_ADDRESS.take(email)
    known = find_user(email) is not None
    data = {"business": business, "country": country, "language": language}
    # The mail does not repeat what was typed: a stranger must not write to others through us.
    challenge_id, code = codes.make_code(email, data, works=not known)
    if known:
        mail.send(email, "already", language)
    else:
        mail.send(email, "code", language, code=code)
    return challenge_id


def check_sign_up(challenge_id: UUID, code: str, *, ip: str) -> Challenge:
    """Return the sign-up with its address proven. Raises Refuse or NotFound."""
    CODE_PLACE.take(network(ip))
    return codes.check_code(challenge_id, code)


def authenticate(email: str, password: str, *, ip: str, device: str = "") -> User:
    """Return the account. `device`: the cookie of this browser; where it has signed in to the account before, it is
    spared the limits that strangers can use up.

    Raises Refuse with one and the same text whatever was wrong, TooMany after many tries.
    """
    wrong = Refuse(_("E-mail or password is wrong. Check both, or reset your password."))
    try:
        email = normal_email(email)
    except Invalid:
        email = clean(email).lower()[:254]
    user, is_known = _find_with_device(email, device)
    source = devices.digest_of(device).hex() if is_known else network(ip)
    if not is_known:
        LOGIN_PLACE.take(source)
    LOGIN.take(email, source)
    if not is_known:
        _take_account(email)
    fits = verify_password(user.password_hash if user else "", password)
    if not fits or user is None or user.disabled_at is not None:
        raise wrong
    LOGIN.forget(email, source)
    if not is_known:
        LOGIN_ACCOUNT.give_back(email)
    if needs_rehash(user.password_hash):
        user.password_hash = hash_password(password)
    user.seen_at = now()
    return user


def failed_tries(email: str) -> int:
    """Return how often strangers have typed a wrong password for an account within the last hour."""
    return LOGIN_ACCOUNT.count(email)


def confirm_password(user_id: UUID, password: str, *, field: str = "password") -> User:
    """Return the account of somebody who is signed in and typed their password again. Raises Refuse, TooMany."""
    CONFIRM.take(str(user_id))
    user = current.session.get_one(User, user_id)
    if not verify_password(user.password_hash, password):
        raise Refuse(_("This is not your password."), field=field)
    CONFIRM.forget(str(user_id))
    return user


def change_password(user_id: UUID, old: str, new: str, *known: str, session: bytes = b"", device: str = "") -> User:
    """Give a person who knows the old password a new one; all sessions but `session` end, all devices but `device` are
    forgotten. Raises Refuse, Invalid, TooMany."""
    user = confirm_password(user_id, old, field="current")
    if new == old:
        raise Invalid({"password": _("This is the password that you have.")})
    check_strength(new, user.email, user.name, *known)
    user.password_hash = hash_password(new)
    sessions.end_sessions(user.id, but=session, device=device)
    mail.send(user.email, "password_changed", user.language, name=user.name)
    return user


def request_reset(email: str, *, ip: str) -> None:
    """Send a reset link, if the address has an account; the caller cannot tell."""
    email = normal_email(email)
    MAIL_PLACE.take(network(ip))
    MAIL_ADDRESS.take(email)
    user = find_user(email)
    secret = codes.make_link(email, {})
    if user is not None and user.disabled_at is None:
        mail.send(email, "reset", user.language or language(), link=f"/reset/{secret}", name=user.name)


def reset_password(secret: str, password: str) -> User:
    """Set a new password by a reset link and end all sessions of the account. Raises NotFound, Invalid."""
    challenge = codes.find_link(secret)
    user = find_user(challenge.email)
    if user is None or user.disabled_at is not None:
        raise Refuse(_("This account is closed."))
    check_strength(password, user.email, user.name)
    codes.use(challenge)
    user.password_hash = hash_password(password)
    user.email_verified_at = user.email_verified_at or now()
    sessions.end_sessions(user.id)
    LOGIN_ACCOUNT.forget(user.email)
    mail.send(user.email, "password_changed", user.language, name=user.name)
    return user


def set_preferences(
    user_id: UUID, *, language: str | None = None, theme: str | None = None, **preferences: object
) -> None:
    """Keep what a person chose: language, theme and the keys of `PREFERENCES`; an unknown value changes nothing."""
    user = current.session.get_one(User, user_id)
    if language in LANGUAGES:
        user.language = language
    if theme in THEMES:
        user.theme = theme
    chosen = {key: value for key, value in preferences.items() if value in PREFERENCES[key]}
    if chosen:
        user.preferences = {**user.preferences, **chosen}


def rename(user_id: UUID, name: str) -> str:
    """Give a person another name; return the one they had. Raises Invalid."""
    user = current.session.get_one(User, user_id)
    before, user.name = user.name, clean_name(name)
    return before


def arrange_menu(user_id: UUID, tenant_id: int, menu: Mapping[str, list[str]]) -> None:
    """Keep how a person arranged the navigation of one business. It travels with the session: no page asks for it."""
    user = current.session.get_one(User, user_id)
    menus = {**user.preferences.get("menus", {}), str(tenant_id): {key: names[:300] for key, names in menu.items()}}
    user.preferences = {**user.preferences, "menus": menus}


def sweep() -> int:
    """Delete what has expired (sessions, challenges, devices, counters of yesterday); return how many.

    The scheduler calls it.
    """
    moment = now()
    expired = (
        delete(Session).where(Session.expires_at < moment),
        delete(Challenge).where(Challenge.expires_at < moment),
        delete(Throttle).where(Throttle.at < moment - timedelta(days=1)),
        delete(Device).where(Device.seen_at < moment - devices.LIFE),
    )
    results: list[Any] = [current.session.execute(statement) for statement in expired]
    return sum(max(result.rowcount, 0) for result in results)


def _find_with_device(email: str, device: str) -> tuple[User | None, bool]:
    """Return the account of an address, and whether it knows the device: one statement, whatever there is."""
    known = exists().where(Device.user_id == User.id, Device.digest == devices.digest_of(device))
    row = current.session.execute(select(User, known).where(User.email == email)).one_or_none()
    return (row[0], row[1]) if row else (None, False)


def _take_account(email: str) -> None:
    try:
        LOGIN_ACCOUNT.take(email)
    except TooMany as slow:
        raise TooMany(
            _("Too many tries for this account. Wait a minute, or reset your password: that lets you in at once."),
            retry_after=slow.retry_after,
        ) from None
