"""What is sealed: nobody reads it without the key, nobody moves it elsewhere, and keys can be changed."""

import base64
import os
from collections.abc import Iterator

import pytest

from diwan.config import Config, ConfigError
from diwan.kit import sealing
from diwan.kit.sealing import SealError, key_of, newest_key, place, provide_keys, seal, unseal

HERE = place("crm.lead.api_key", 7)


def key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


@pytest.fixture(autouse=True)
def keys_as_before() -> Iterator[None]:
    kept = dict(sealing._ring)
    provide_keys("", "a secret of the installation")
    yield
    sealing._ring.clear()
    sealing._ring.update(kept)


def test_what_is_sealed_comes_back_and_is_never_twice_the_same() -> None:
    for plain in (b"", b"sk_live_123", os.urandom(5000)):
        once, twice = seal(plain, HERE), seal(plain, HERE)
        assert unseal(once, HERE) == unseal(twice, HERE) == plain
        assert once != twice
        assert not plain or plain not in once


@pytest.mark.parametrize("elsewhere", [place("crm.lead.api_key", 8), place("crm.deal.api_key", 7), b""])
def test_a_value_cannot_be_moved(elsewhere: bytes) -> None:
    with pytest.raises(SealError, match="another place"):
        unseal(seal(b"secret", HERE), elsewhere)


def test_places_do_not_run_together() -> None:
    assert place("a", "bc") != place("a", "b", "c") != place("ab", "c")


def test_every_altered_byte_is_noticed() -> None:
    sealed = seal(b"secret", HERE)
    for at in range(len(sealed)):
        with pytest.raises(SealError):
            unseal(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], HERE)
    for length in range(len(sealed)):
        with pytest.raises(SealError):
            unseal(sealed[:length], HERE)


def test_the_first_key_seals_and_all_unseal() -> None:
    by_secret_key = seal(b"one", HERE)
    provide_keys(f"old:{key('o')}", "a secret of the installation")
    by_old = seal(b"two", HERE)
    provide_keys(f"new:{key('n')}, old:{key('o')}", "a secret of the installation")
    assert [key_of(by_old), newest_key(), key_of(seal(b"", HERE))] == ["old", "new", "new"]
    assert unseal(by_secret_key, HERE) == b"one"
    assert unseal(by_old, HERE) == b"two"


def test_a_key_that_is_gone_is_named() -> None:
    provide_keys(f"old:{key('o')}", "")
    by_old = seal(b"two", HERE)
    provide_keys(f"new:{key('n')}", "another secret")
    with pytest.raises(SealError, match=r"'old'.*new, derived-"):
        unseal(by_old, HERE)


def test_another_secret_key_is_another_key() -> None:
    sealed = seal(b"one", HERE)
    provide_keys("", "another secret")
    with pytest.raises(SealError, match="DIWAN_SECRET_KEY"):
        unseal(sealed, HERE)


def test_a_key_of_the_same_name_with_other_bytes_opens_nothing() -> None:
    provide_keys(f"k:{key('o')}", "")
    sealed = seal(b"x", HERE)
    provide_keys(f"k:{key('n')}", "")
    with pytest.raises(SealError):
        unseal(sealed, HERE)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("justakey", "id:base64"),
        ("a b:" + key("x"), "id:base64"),
        ("a:!!!!", "not base64"),
        ("a:" + base64.b64encode(b"short").decode(), "32 random bytes"),
        (f"a:{key('x')},a:{key('y')}", "twice"),
    ],
)
def test_keys_that_cannot_be_used_stop_the_start_and_are_not_shown(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as told:
        Config.from_env({"DIWAN_HOME": "/tmp/x", "DIWAN_SECRETS_KEYS": text})
    assert key("x") not in str(told.value)
    with pytest.raises(SealError, match=why):
        provide_keys(text, "")


def test_both_alphabets_of_base64_are_read() -> None:
    raw = b"\xfb\xff" * 16
    assert sealing.parse_keys(f"a:{base64.urlsafe_b64encode(raw).decode()}") == {"a": raw}
    assert sealing.parse_keys(f"a:{base64.b64encode(raw).decode()}") == {"a": raw}


def test_without_keys_nothing_is_sealed() -> None:
    sealing._ring.clear()
    with pytest.raises(SealError, match="No key"):
        seal(b"x", HERE)
