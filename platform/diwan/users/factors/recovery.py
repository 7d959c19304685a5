"""Recovery codes, for the day the phone is gone: ten, shown once, each works once.

It must keep digests only. A code has 80 random bits, so a plain digest gives none of them away.
"""

from __future__ import annotations

import re
import secrets
from typing import Final
from uuid import UUID

from sqlalchemy import delete, insert

from diwan.db.base import now
from diwan.db.context import current
from diwan.db.direct import fetch_row
from diwan.kit.ids import sha256
from diwan.kit.text import fold
from diwan.users.factors.models import RecoveryCode

COUNT: Final = 10
FEW: Final = 3
"""With so many left, or fewer, the person is told to make new ones."""
# Without i, l, o and u: what people read as 1 and 0 is taken as such.
LETTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
ALIKE: Final = str.maketrans("ilo", "110")
LENGTH: Final = 16
# Outside the unit of work, as with the codes of an app: spent is spent.
TAKE: Final = """UPDATE core.recovery_code SET used_at = %s WHERE user_id = %s AND digest = %s AND used_at IS NULL
    RETURNING user_id"""


def make(user_id: UUID) -> list[str]:
    """Return ten new codes; the ones from before no longer work."""
    codes = ["".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(COUNT)]
    remove(user_id)
    moment = now()
    rows = [{"user_id": user_id, "digest": _digest(user_id, code), "created_at": moment} for code in codes]
    current.session.execute(insert(RecoveryCode), rows)
    return ["-".join(re.findall(".{4}", code)) for code in codes]


def take(user_id: UUID, code: str) -> bool:
    """Return whether this is an unused code of the person, and spend it."""
    code = re.sub(r"[\W_]", "", fold(code)).translate(ALIKE)
    if len(code) != LENGTH:
        return False
    return fetch_row(TAKE, (now(), user_id, _digest(user_id, code))) is not None


def remove(user_id: UUID) -> None:
    """Forget all codes of a person."""
    current.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def _digest(user_id: UUID, code: str) -> bytes:
    return sha256(f"{user_id}\n{code}")
