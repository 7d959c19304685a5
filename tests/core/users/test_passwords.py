"""Passwords: digests, the rule against easy ones, the same work for unknown addresses."""

import time
from contextlib import suppress

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
    "محمد محمد 2026",
    "ضصثقفغعهخح",
    "Elephant2026!",
    "1qaz2wsx3edc",
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


def test_generated_passwords_with_digits_and_signs_at_the_ends_pass() -> None:
    for password in ("8x#Kq2!!49", "42-tzKp-vGh2-19", "a1b2c3d4e5f6g7h8"):
        passwords.check_strength(password)


def test_a_long_password_is_judged_quickly() -> None:
    started = time.process_time()
    for password in ("4@8({[</369|!1|70$5+%2" * 11, "ab1!" * 64, "qwerty1@" * 32, "seven quiet otters " * 13):
        with suppress(Invalid):
            passwords.check_strength(password)
    assert time.process_time() - started < 2


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
