"""Stored files: a row and its bytes, of one tenant, under a name that nobody chose.

It must look at the disk, not only at what the service says.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from uuid import uuid4

import pytest

from diwan import files
from diwan.config import Config
from diwan.db import unit_of_work
from diwan.errors import NotFound, TooLarge
from diwan.testing.world import Business


def on_disk(config: Config, business: Business) -> list[Path]:
    folder = config.home / "files" / str(business.tenant.id)
    return sorted(folder.iterdir()) if folder.exists() else []


def put(content: bytes, name: str = "a.csv", limit: int = 1000) -> files.StoredFile:
    return files.store(io.BytesIO(content), name, purpose="test", mime="text/csv", limit=limit)


def test_bytes_and_row_agree(business: Business, config: Config) -> None:
    with business.acting(), unit_of_work():
        row = put(b"a,b\n1,2\n")
        assert files.path_of(row.id).read_bytes() == b"a,b\n1,2\n"
        assert (row.size, row.sha256) == (8, hashlib.sha256(b"a,b\n1,2\n").digest())
        assert (row.name, row.created_by) == ("a.csv", business.owner.id)
    assert [path.name for path in on_disk(config, business)] == [str(row.id)]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\list.csv", "list.csv"),
        ("/", "file"),
        ("", "file"),
        ("a\x00b\n.csv", "ab .csv"),
        ("n" * 300 + ".xlsx", "n" * 195 + ".xlsx"),
        ("عملاء.csv", "عملاء.csv"),
    ],
)
def test_a_name_is_only_shown(business: Business, config: Config, given: str, shown: str) -> None:
    with business.acting(), unit_of_work():
        row = put(b"x", given)
        assert row.name == shown
        assert files.path_of(row.id).parent == config.home / "files" / str(business.tenant.id)


def test_too_large_leaves_nothing(business: Business, config: Config) -> None:
    with business.acting(), pytest.raises(TooLarge), unit_of_work():
        put(b"x" * 1001)
    assert on_disk(config, business) == []


def test_the_neighbour_sees_nothing(business: Business, other_business: Business) -> None:
    with business.acting(), unit_of_work():
        row = put(b"mine")
    with other_business.acting(), unit_of_work():
        for key in (row.id, uuid4()):
            with pytest.raises(NotFound):
                files.path_of(key)
        files.remove(row.id)
    with business.acting(), unit_of_work():
        assert files.path_of(row.id).read_bytes() == b"mine"


def test_bytes_go_with_the_commit_and_not_before(business: Business, config: Config) -> None:
    with business.acting(), unit_of_work():
        row = put(b"x")
    with business.acting(), pytest.raises(RuntimeError), unit_of_work():
        files.remove(row.id)
        raise RuntimeError
    assert len(on_disk(config, business)) == 1
    with business.acting(), unit_of_work():
        files.remove(row.id)
        files.remove(row.id)
    assert on_disk(config, business) == []
