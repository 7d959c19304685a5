"""Codes of an authenticator app (RFC 6238): enrolled with a first code, each taken once.

It must never show a secret again once it is enrolled, nor take the same code twice.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

import pyotp
import segno
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from diwan.db.base import now
from diwan.db.context import current
from diwan.db.direct import fetch_row
from diwan.errors import Invalid, Refuse
from diwan.kit import sealing
from diwan.kit.i18n import _
from diwan.kit.text import fold
from diwan.users.factors.models import Totp

SECONDS: Final = 30
WINDOW: Final = 1
"""A clock that is this many steps early or late still fits."""
ISSUER: Final = "Diwan"
# Outside the unit of work: whatever happens afterwards, and however many come at once, the code is spent.
TAKE: Final = """UPDATE core.totp SET last_step = %(step)s, used_at = %(now)s
    WHERE user_id = %(user)s AND last_step < %(step)s RETURNING user_id"""


def new_secret() -> str:
    """Return 160 random bits in base32, as apps take them."""
    return pyotp.random_base32()


def in_groups(secret: str) -> str:
    """Return a secret for typing: groups of four letters."""
    return " ".join(re.findall(".{1,4}", secret))


def address(secret: str, email: str) -> str:
    """Return the otpauth:// address of which an app makes an entry."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def picture(secret: str, email: str) -> str:
    """Return the address as a QR code, an SVG in a data: URI."""
    # Dark on white in every theme, with its margin: cameras need both.
    code = segno.make(address(secret, email), error="m", micro=False)
    return code.svg_data_uri(border=4, dark="#000", light="#fff", omitsize=True, xmldecl=False, nl=False)


def enrol(user_id: UUID, secret: str, code: str) -> None:
    """Make the app the person's second factor, if the code is of this secret. Raises Invalid, Refuse."""
    step = _step(secret, code)
    if step is None:
        raise Invalid({"code": _("This code does not fit. Wait for the next one, and check the clock of your phone.")})
    made = current.session.execute(
        insert(Totp)
        .values(user_id=user_id, secret=_seal(user_id, secret), last_step=step, created_at=now())
        .on_conflict_do_nothing()
        .returning(Totp.user_id)
    ).first()
    if made is None:
        raise Refuse(_("An authenticator app is set up already. Turn it off first."))


def take(user_id: UUID, code: str) -> bool:
    """Return whether the code is one of the person's, and spend it."""
    sealed = current.session.scalars(select(Totp.secret).where(Totp.user_id == user_id)).one_or_none()
    if sealed is None:
        return False
    step = _step(_unseal(user_id, sealed), code)
    values = {"user": user_id, "step": step, "now": now()}
    return step is not None and fetch_row(TAKE, values) is not None


def remove(user_id: UUID) -> bool:
    """Forget the app; return whether there was one."""
    return (
        current.session.execute(delete(Totp).where(Totp.user_id == user_id).returning(Totp.user_id)).first() is not None
    )


def typed(code: str) -> str:
    """Return a code as people type it: any digits, with spaces or dashes between them."""
    return re.sub(r"[\s-]", "", fold(code))


def _step(secret: str, code: str) -> int | None:
    """Return the time step, near this moment, that the code belongs to."""
    code, app = typed(code), pyotp.TOTP(secret, interval=SECONDS)
    step = int(now().timestamp()) // SECONDS
    # All are compared, so that the time it takes does not tell which one fits.
    fits = [
        at for at in range(step - WINDOW, step + WINDOW + 1) if pyotp.utils.strings_equal(app.at(at * SECONDS), code)
    ]
    return fits[-1] if fits else None


def _seal(user_id: UUID, secret: str) -> bytes:
    return sealing.seal(secret.encode(), sealing.place("core.totp.secret", user_id))


def _unseal(user_id: UUID, sealed: bytes) -> str:
    return sealing.unseal(sealed, sealing.place("core.totp.secret", user_id)).decode()
