"""Stored files: a row and its bytes, of one tenant, under a name that nobody chose; in a folder and in a bucket.

It must look at the disk or the bucket, not only at what the service says.
"""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from minio import Minio
from moto.server import ThreadedMotoServer

from diwan import files
from diwan.config import Config, ConfigError
from diwan.db import unit_of_work
from diwan.errors import NotFound, Refuse, TooLarge, Unavailable
from diwan.files.bucket import Bucket
from diwan.testing.world import Business

BUCKET = "diwan-files"


@pytest.fixture(scope="module")
def store() -> Iterator[Minio]:
    """A server that speaks S3, with an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = Minio(f"{host}:{port}", access_key="key", secret_key="secret", secure=False, region="us-east-1")
    client.make_bucket(BUCKET)
    yield client
    server.stop()


def address(store: Minio) -> str:
    return f"s3://key:secret@{store._base_url.host}/{BUCKET}?tls=0"


@pytest.fixture(autouse=True, params=["folder", "bucket"])
def kept(request: pytest.FixtureRequest, config: Config) -> Iterator[Config]:
    """The settings of the test: files in a folder, then files in a bucket."""
    used = config
    if request.param == "bucket":
        used = replace(config, files_url=address(request.getfixturevalue("store")))
    files.configure(used)
    yield used
    files.configure(config)


def on_disk(config: Config, business: Business) -> list[str]:
    if config.files_url:
        found = Bucket(config.files_url, "", config.home / "cache").client.list_objects(
            BUCKET, prefix=f"{business.tenant.id}/"
        )
        return sorted(str(each.object_name).partition("/")[2] for each in found)
    folder = config.home / "files" / str(business.tenant.id)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def put(content: bytes, name: str = "a.csv", limit: int = 1000) -> files.StoredFile:
    return files.store(io.BytesIO(content), name, purpose="test", mime="text/csv", limit=limit)


def test_bytes_and_row_agree(business: Business, kept: Config) -> None:
    with business.acting(), unit_of_work():
        row = put(b"a,b\n1,2\n")
        assert files.path_of(row.id).read_bytes() == b"a,b\n1,2\n"
        assert (row.size, row.sha256) == (8, hashlib.sha256(b"a,b\n1,2\n").digest())
        assert (row.name, row.created_by) == ("a.csv", business.owner.id)
    assert on_disk(kept, business) == [str(row.id)]


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
def test_a_name_is_only_shown(business: Business, given: str, shown: str) -> None:
    with business.acting(), unit_of_work():
        row = put(b"x", given)
        assert row.name == shown
        assert files.path_of(row.id).parent.name == str(business.tenant.id)


def test_too_large_leaves_nothing(business: Business, kept: Config) -> None:
    with business.acting(), pytest.raises(TooLarge), unit_of_work():
        put(b"x" * 1001)
    assert on_disk(kept, business) == []


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


def test_bytes_go_with_the_commit_and_not_before(business: Business, kept: Config) -> None:
    with business.acting(), unit_of_work():
        row = put(b"x")
    with business.acting(), pytest.raises(RuntimeError), unit_of_work():
        files.remove(row.id)
        raise RuntimeError
    assert len(on_disk(kept, business)) == 1
    with business.acting(), unit_of_work():
        files.remove(row.id)
        files.remove(row.id)
    assert on_disk(kept, business) == []


def test_discarded_bytes_go_at_once(business: Business, kept: Config) -> None:
    with business.acting(), pytest.raises(RuntimeError), unit_of_work():
        files.discard(put(b"x").id)
        raise RuntimeError
    assert on_disk(kept, business) == []


def test_a_business_has_no_more_room_than_it_is_given(business: Business, kept: Config) -> None:
    files.configure(replace(kept, files_quota=1))
    with business.acting(), unit_of_work():
        first = put(b"x" * 1_000_000, limit=2**20)
    with business.acting(), pytest.raises(Refuse, match="1 MB"), unit_of_work():
        put(b"x" * 100_000, limit=2**20)
    assert on_disk(kept, business) == [str(first.id)]
    with business.acting(), unit_of_work():
        put(b"x" * (2**20 - 1_000_000), limit=2**20)
    with business.acting(), pytest.raises(Refuse), unit_of_work():
        put(b"", limit=2**20)
    with business.acting(), unit_of_work():
        files.remove(first.id)
    with business.acting(), unit_of_work():
        put(b"x" * 100_000, limit=2**20)


def forget_at_hand(config: Config) -> None:
    shutil.rmtree(config.home / "cache" / "files", ignore_errors=True)


@pytest.mark.parametrize("kept", ["bucket"], indirect=True)
def test_another_machine_reads_it_and_believes_no_other_bytes(business: Business, kept: Config, store: Minio) -> None:
    with business.acting(), unit_of_work():
        row = put(b"the truth")
        key = f"{business.tenant.id}/{row.id}"
        forget_at_hand(kept)
        assert files.path_of(row.id).read_bytes() == b"the truth"
        store.put_object(BUCKET, key, io.BytesIO(b"<html>"), 6, content_type="text/html")
        forget_at_hand(kept)
        with pytest.raises(NotFound):
            files.path_of(row.id)
        store.remove_object(BUCKET, key)
        with pytest.raises(NotFound):
            files.path_of(row.id)


@pytest.mark.parametrize("kept", ["bucket"], indirect=True)
def test_a_store_that_is_down_is_said_and_leaves_nothing(business: Business, kept: Config) -> None:
    with business.acting(), unit_of_work():
        row = put(b"x")
    forget_at_hand(kept)
    files.configure(replace(kept, files_url=f"s3://key:secret@127.0.0.1:9/{BUCKET}?tls=0"))
    with business.acting(), unit_of_work():
        with pytest.raises(Unavailable):
            files.path_of(row.id)
        with pytest.raises(Unavailable):
            put(b"y")
    assert not list((kept.home / "cache" / "files").glob("*/*"))
    assert on_disk(kept, business) == [str(row.id)]


@pytest.mark.parametrize(
    "wrong",
    [
        "http://key:secret@host/bucket",
        "s3://host/bucket",
        "s3://key@host/bucket",
        "s3://key:secret@host",
        "s3://key:secret@host/bucket/folder",
        "s3://key:secret@host/bucket?tls=maybe",
        "s3://key:secret@host/bucket?acl=public",
    ],
)
@pytest.mark.parametrize("kept", ["folder"], indirect=True)
def test_an_address_that_makes_no_sense_stops_the_start(config: Config, wrong: str) -> None:
    with pytest.raises(ConfigError, match="DIWAN_FILES_URL") as error:
        files.configure(replace(config, files_url=wrong))
    assert "key:secret@host/" not in str(error.value)


@pytest.mark.parametrize("kept", ["folder"], indirect=True)
def test_without_the_client_it_says_what_to_install(config: Config, monkeypatch: Any) -> None:
    monkeypatch.setitem(__import__("sys").modules, "diwan.files.bucket", None)
    with pytest.raises(ConfigError, match=r"diwan\[s3\]"):
        files.configure(replace(config, files_url="s3://key:secret@host/bucket"))
    files.configure(replace(config, files_url=""))


def test_all_that_lies_under_a_business_is_found_and_dropped(
    kept: Config, other_business: Business, world: Any
) -> None:
    """Also what no row knows; and nothing of a business whose number begins alike."""
    business = world.business("contacts")
    for each in (business, other_business):
        with each.acting(), unit_of_work():
            for number in range(5):
                files.store(io.BytesIO(b"12345"), f"{number}.txt", purpose="test", limit=10)
    with business.acting(), pytest.raises(ZeroDivisionError), unit_of_work():
        files.store(io.BytesIO(b"lost"), "lost.txt", purpose="test", limit=10)
        raise ZeroDivisionError  # the row goes, the bytes stay
    with business.acting(), unit_of_work():
        assert files.left() == (6, 29)
        assert files.drop_all(4)[0] == 4
        assert files.drop_all(4)[0] == 2
        assert (files.drop_all(4), files.left()) == ((0, 0), (0, 0))
    assert on_disk(kept, business) == []
    with other_business.acting(), unit_of_work():
        assert files.left() == (5, 25)


def test_an_export_of_everything_takes_no_room(kept: Config, business: Business) -> None:
    files.configure(replace(kept, files_quota=1))
    with business.acting(), unit_of_work():
        whole = io.BytesIO(bytes(2**20))
        files.store(whole, "all.zip", purpose=files.UNCOUNTED, limit=2**21, counts=False)
        files.store(io.BytesIO(b"room"), "a.txt", purpose="test", limit=10)
