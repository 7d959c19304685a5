"""The file of breached passwords: what it has is refused, with few reads and without the network."""

import os
from collections.abc import Callable, Iterator
from hashlib import sha1
from pathlib import Path
from random import Random

import pytest

from diwan.config import Config, ConfigError
from diwan.errors import Invalid
from diwan.users import breached, passwords

KNOWN = "seven quiet otters"
Lists = Callable[..., Path]


def digest(password: str) -> str:
    return sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Lists]:
    """Write a sorted list with these passwords and many others, and use it."""
    before = list(breached._file)

    def make(*words: str, count: int = 5000, end: str = "\r\n", counted: bool = True) -> Path:
        random = Random(7)
        digests = sorted({digest(word) for word in words} | {f"{random.getrandbits(160):040X}" for _ in range(count)})
        path = tmp_path / "breached.txt"
        lines = (f"{d}:{random.randrange(1, 10**6)}" if counted else d for d in digests)
        path.write_bytes((end.join(lines) + end).encode())
        breached.configure(Config(home=tmp_path, breached_passwords=path))
        return path

    yield make
    breached._file[:] = before


def test_what_the_list_has_is_refused(made: Lists) -> None:
    passwords.check_strength(KNOWN)
    made(KNOWN)
    with pytest.raises(Invalid, match="leak"):
        passwords.check_strength(KNOWN)
    passwords.check_strength("seven quiet badgers")


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_line_is_found_and_nothing_else(made: Lists, end: str, counted: bool) -> None:
    words = [f"word {n}" for n in range(300)]
    path = made(*words, count=700, end=end, counted=counted)
    assert all(breached.is_breached(word) for word in words)
    assert not any(breached.is_breached(f"other {n}") for n in range(300))
    lines = path.read_bytes().splitlines()
    assert len(lines) == 1000
    descriptor = os.open(path, os.O_RDONLY)
    assert all(breached._search(descriptor, line[:40]) for line in (lines[0], lines[1], lines[-2], lines[-1]))
    assert not breached._search(descriptor, b"0" * 40)
    assert not breached._search(descriptor, b"F" * 40)
    os.close(descriptor)


def test_a_search_reads_little(made: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(KNOWN, count=60_000)
    read: list[int] = []
    pread = os.pread

    def count(descriptor: int, size: int, at: int) -> bytes:
        read.append(size)
        return pread(descriptor, size, at)

    monkeypatch.setattr(os, "pread", count)
    assert breached.is_breached(KNOWN)
    assert not breached.is_breached("something else")
    assert len(read) < 60
    assert sum(read) < path.stat().st_size / 100


def test_a_list_that_went_away_lets_people_choose_passwords(made: Lists, caplog: pytest.LogCaptureFixture) -> None:
    made(KNOWN).unlink()
    assert not breached.is_breached(KNOWN)
    assert "cannot be read" in caplog.text
    assert KNOWN not in caplog.text


def test_what_is_no_such_list_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        breached.configure(Config(home=tmp_path, breached_passwords=tmp_path / "missing.txt"))
    (tmp_path / "words.txt").write_text("password\n123456\n")
    with pytest.raises(ConfigError, match="no list"):
        breached.configure(Config(home=tmp_path, breached_passwords=tmp_path / "words.txt"))
    breached.configure(Config(home=tmp_path))
    assert not breached.is_breached("password")
