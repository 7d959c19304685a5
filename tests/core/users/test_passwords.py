"""Passwords: digests, the rule against easy ones, the same work for unknown addresses."""

import pytest

from diwan.errors import Invalid
from diwan.users import passwords

GOOD = ["seven quiet otters", "Wäre7Birnen!xy", "قطة تحت المطر الليلة", "x9#Lq0vTzz", "correct-horse-battery"]
BAD = [
    "short 1",
    "password123!",
    "P@ssw0rd2026",
    "Qwertyuiop",
    "1234567890",
    "0987654321",
    "aaaaaaaaaaaa",
    "abababababab",
    "abcdefghijkl",
    "passwordpassword",
    "welcome2026!!",
    "كلمة السر 123",
    "x" * 300,
]


@pytest.mark.parametrize("password", GOOD)
def test_good_passwords_pass(password: str) -> None:
    passwords.check_strength(password, "mariam@example.com", "Blue Horizon")


@pytest.mark.parametrize("password", BAD)
def test_bad_passwords_are_refused_with_a_reason(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.check_strength(password, "mariam@example.com")
    assert str(refused.value.errors["password"])


@pytest.mark.parametrize("password", ["mariam2026", "BlueHorizon1", "1mariam.haddad!"])
def test_ones_own_names_are_refused(password: str) -> None:
    with pytest.raises(Invalid, match="too close"):
        passwords.check_strength(password, "mariam.haddad@example.com", "BlueHorizon")


def test_digest_fits_only_its_password() -> None:
    stored = passwords.hash_password("seven quiet otters")
    assert stored.startswith("$argon2id$")
    assert passwords.verify_password(stored, "seven quiet otters")
    assert not passwords.verify_password(stored, "seven quiet otter")
    assert not passwords.needs_rehash(stored)


def test_nobody_has_no_password_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    known = passwords.hash_password("seven quiet otters")
    monkeypatch.setattr(passwords, "_dummy", lambda: known)
    assert not passwords.verify_password("", "seven quiet otters")


def test_damaged_digest_does_not_fit() -> None:
    assert not passwords.verify_password("no digest", "seven quiet otters")


def test_old_parameters_need_a_new_digest() -> None:
    from argon2 import PasswordHasher

    assert passwords.needs_rehash(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))
