"""Passwords: argon2id digests, and the rule that keeps the first guesses of every attacker out.

It must not log or return what was typed, and needs no network.
"""

from __future__ import annotations

import re
from functools import lru_cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from diwan.errors import Invalid
from diwan.kit.i18n import LazyText, _
from diwan.kit.ids import token
from diwan.kit.text import fold
from diwan.users.breached import is_breached

SHORTEST, LONGEST = 10, 256

# 50 to 100 ms of one core; the memory is what makes guessing on graphics cards dear. A change here rehashes each
# password at its next login.
HASHER = PasswordHasher(time_cost=2, memory_cost=24 * 1024, parallelism=1, type=Type.ID)

# zxcvbn knows English, names, keyboards and the leaked passwords of the West; these are their like in Arabic, folded.
_ARABIC = """مرحبا كلمهالسر كلمهالمرور كلمهسر سري الرقمالسري سلام السلامعليكم اهلا حبيبي حبيبتي حياتي الله بسمالله
الحمدلله سبحانالله ماشاءالله اللهاكبر لاالهالاالله محمد احمد علي فاطمه عبدالله"""
ARABIC = frozenset(_ARABIC.split())
ARABIC_ROWS = ("ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "ضصثقفغعهخحجد", "شسيبلاتنمكط")
# zxcvbn's own scale is 0 to 4; 3 holds some hours against a stolen digest of a fast kind, and for ages against ours.
STRONG_ENOUGH = 3
# Its work grows with the square of the length: what comes later in a long password only adds.
LOOKED_AT = 64


def hash_password(password: str) -> str:
    """Return the digest to store."""
    return HASHER.hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Return whether `password` fits. An empty `stored` (nobody has this address) takes as long and never fits."""
    if len(password) > LONGEST:
        password = ""  # one that long was never accepted; hashing megabytes would be a gift to attackers
    try:
        HASHER.verify(stored or _dummy(), password)
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


def needs_rehash(stored: str) -> bool:
    """Return whether the digest was made with other parameters than today's."""
    return HASHER.check_needs_rehash(stored)


def check_strength(password: str, *known: str) -> None:
    """Raise Invalid for a password that is short or easily guessed. `known`: the e-mail, the business ..."""
    problem = _problem(password, known)
    if problem is not None:
        raise Invalid({"password": problem})


def _problem(password: str, known: tuple[str, ...]) -> LazyText | None:
    if len(password) < SHORTEST:
        return _("Use at least %(n)s characters.", n=SHORTEST)
    if len(password) > LONGEST:
        return _("Use at most %(n)s characters.", n=LONGEST)
    plain = fold(password).replace(" ", "")
    if len(set(plain)) < 5:
        return _repeats()
    names = _parts(known)
    rest = plain
    for name in names:
        rest = rest.replace(name, "")
    if len(rest) < 6 and rest != plain:
        return _("This password is too close to your e-mail, your name or your business.")
    if _arabic(_core(plain)):
        return _among_the_first()
    if is_breached(password):
        return _("This password is known from a leak. Choose another one, and change it wherever else you use it.")
    return _guessed(password, names)


def _guessed(password: str, names: list[str]) -> LazyText | None:
    """What zxcvbn says of it, in our words."""
    from zxcvbn import zxcvbn  # 30 ms and some megabytes that only few requests need

    looked_at = password[:LOOKED_AT]
    found = zxcvbn(looked_at, user_inputs=names)
    core = zxcvbn(_core(looked_at), user_inputs=names)["sequence"] if _core(looked_at) else []
    # A word with the year round it passes as four parts; it is still the first that is tried.
    is_one_word = len(core) == 1 and core[0]["pattern"] == "dictionary"
    if found["score"] >= STRONG_ENOUGH and not is_one_word:
        return None
    patterns = {match["pattern"] for match in found["sequence"]}
    if not is_one_word and patterns & {"repeat", "sequence", "spatial"} and "dictionary" not in patterns:
        return _repeats()
    if is_one_word or "dictionary" in patterns:
        return _among_the_first()
    return _("This password is easily guessed. Make it longer: three or four words of your own are better.")


def _repeats() -> LazyText:
    return _("This password repeats itself or follows the keyboard. Choose one that is harder to guess.")


def _among_the_first() -> LazyText:
    return _("This password is among the first that an attacker tries. Three or four words of your own are better.")


def _parts(known: tuple[str, ...]) -> list[str]:
    """The words in what is known of a person, long enough to matter, the longest first."""
    words = {part for name in known for part in re.split(r"[\W_]+", fold(name.partition("@")[0])) if len(part) >= 4}
    return sorted(words, key=len, reverse=True)


def _core(plain: str) -> str:
    """Take off the digits and signs that people put round a word."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)


def _arabic(core: str) -> bool:
    is_row = any(core in row or core in row[::-1] for row in ARABIC_ROWS)
    return is_row or any(core == word * (len(core) // len(word)) for word in ARABIC)


@lru_cache(maxsize=1)
def _dummy() -> str:
    return HASHER.hash(token())
