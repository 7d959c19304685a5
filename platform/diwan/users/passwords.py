"""Passwords: argon2id digests, and the rule that keeps the first guesses of every attacker out.

It must not log or return what was typed, and needs no network: no list of leaked passwords is asked.
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

SHORTEST, LONGEST = 10, 256

# 50 to 100 ms of one core; the memory is what makes guessing on graphics cards dear. A change here rehashes each
# password at its next login.
HASHER = PasswordHasher(time_cost=2, memory_cost=24 * 1024, parallelism=1, type=Type.ID)

# What the known lists of leaked passwords are made of, once digits, years and signs round it are taken off.
_COMMON = """password passwort motdepasse contrasena passw pass secret letmein welcome login admin administrator
root master user test guest demo default changeme change iloveyou love monkey dragon football baseball
sunshine princess shadow superman batman starwars trustno whatever freedom michael charlie jordan hello company
business office diwan qwerty qwertz azerty asdf asdfgh zxcvbn zxcvbnm qazwsx qwertyuiop asdfghjkl abc
abcd abcdef summer winter spring autumn google facebook computer internet samsung liverpool arsenal chelsea barcelona
مرحبا كلمهالسر كلمهالمرور سري الله محمد احمد حبيبي بسمالله"""
COMMON = frozenset(_COMMON.split())
ROWS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qazwsxedcrfvtgbyhnujm",
)
SWAPPED = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})


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
    if len(set(plain)) < 5 or _is_row(plain):
        return _("This password repeats itself or follows the keyboard. Choose one that is harder to guess.")
    cores = {_core(plain), _core(plain).translate(SWAPPED), _core(plain.translate(SWAPPED))}
    if "" in cores or any(_made_of_common(core) for core in cores):
        return _("This password is among the first that an attacker tries. Three or four words of your own are better.")
    rest = plain
    for name in known:
        for part in re.split(r"[\W_]+", fold(name.partition("@")[0])):
            rest = rest.replace(part, "") if len(part) >= 4 else rest
    if len(rest) < 6 and rest != plain:
        return _("This password is too close to your e-mail, your name or your business.")
    return None


def _core(plain: str) -> str:
    """Take off the digits and signs that people put round a word."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)


def _made_of_common(core: str) -> bool:
    return core in COMMON or any(core == word * (len(core) // len(word)) for word in COMMON)


def _is_row(plain: str) -> bool:
    """Whether it is made of runs along the alphabet, the digits or the keyboard only."""
    rest = plain
    while rest:
        run = next((n for n in range(len(rest), 3, -1) if any(rest[:n] in r or rest[:n] in r[::-1] for r in ROWS)), 0)
        if not run:
            return len(rest) < 3 and len(rest) < len(plain)
        rest = rest[run:]
    return True


@lru_cache(maxsize=1)
def _dummy() -> str:
    return HASHER.hash(token())
