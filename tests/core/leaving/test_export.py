"""The export of everything: every table of the catalogue, exact values, files, and nothing that lets somebody in.

It must read the ZIP as somebody would who has never seen Diwan.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from diwan import files, jobs
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.errors import Denied, NotFound, Refuse
from diwan.kernel import catalogue as plugins
from diwan.kernel import loader
from diwan.leaving import catalogue, export, takeouts, verify
from diwan.leaving.models import Takeout
from diwan.resources import store
from diwan.testing.world import Business, World

from .conftest import fill


def written(business: Business, path: Path) -> zipfile.ZipFile:
    with business.acting():
        export.write(path, "Test")
    return zipfile.ZipFile(path)


def rows(opened: zipfile.ZipFile, table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in opened.read(f"tables/{table}.jsonl").splitlines()]


def test_every_table_with_a_tenant_is_in_it_with_all_its_rows(business: Business, gone: str, tmp_path: Path) -> None:
    fill(business, gone)
    path = tmp_path / "all.zip"
    with written(business, path) as opened:
        names = set(opened.namelist())
        manifest = json.loads(opened.read("manifest.json"))
    with business.acting(), unit_of_work():
        tables = {table.key for table in catalogue.tables(current.session.connection())}
    assert manifest["tables"].keys() == tables
    assert {f"tables/{t.replace('.', '/')}.{end}" for t in tables for end in ("jsonl", "schema.json")} <= names
    assert manifest["tables"]["contacts.contact"] == 3
    assert manifest["tables"][f"{gone}.box"] == 2
    found = verify.verify(path)
    assert found.problems == []
    assert found.rows == manifest["rows"] > 10
    with business.acting(), unit_of_work():
        assert verify.compare(found) == []


def test_values_are_exact_also_of_a_module_without_code(business: Business, gone: str, tmp_path: Path) -> None:
    fill(business, gone)
    with written(business, tmp_path / "all.zip") as opened:
        [box, _other] = sorted(rows(opened, f"{gone}/box"), key=lambda row: row["parent_id"] or "")
        described = json.loads(opened.read(f"tables/{gone}/box.schema.json"))
    assert (box["weight"], box["n"], box["contents"]) == ("1.10", "9007199254740993", "AP8=")
    assert box["at"] == "2026-01-02T00:04:05.000006+00:00"
    assert box["code"] is None
    assert described["comment"] == "What lies in the store"
    assert described["primary_key"] == ["tenant_id", "id"]
    assert {"columns": ["tenant_id", "lid_id"], "table": f"{gone}.lid", "references": ["tenant_id", "id"]} in described[
        "foreign_keys"
    ]
    assert {c["name"]: c["written_as"] for c in described["columns"]} == {
        "tenant_id": "text", "id": "json", "parent_id": "json", "lid_id": "json", "weight": "text",
        "contents": "base64", "code": "left out", "at": "json", "n": "text",
    }  # fmt: skip


def test_what_lets_somebody_in_is_left_out_and_said(business: Business, gone: str, tmp_path: Path) -> None:
    fill(business, gone)
    secret = business.token()
    with written(business, tmp_path / "all.zip") as opened:
        [token] = rows(opened, "core/api_token")
        people = rows(opened, "core/user")
        manifest = json.loads(opened.read("manifest.json"))
        everything = b"".join(opened.read(name) for name in opened.namelist())
    assert token["secret_hash"] is None
    assert token["name"] == "test"
    assert {"core.api_token.secret_hash", "core.invitation.secret_hash", f"{gone}.box.code"} <= set(
        manifest["left_out"]
    )
    assert [person["email"] for person in people] == [business.owner.email]
    assert people[0].keys() == {"id", "email", "name", "language"}
    assert secret.encode() not in everything
    assert b"argon2" not in everything


def test_a_secret_of_a_record_is_left_out(world: World, tmp_path: Path) -> None:
    business = world.business("kitchen", "contacts")
    with business.acting(), unit_of_work():
        store.create(current.lineup.resources["kitchen.client"], {"name": "Rima", "shop_key": "4711-opens-it"})
    with written(business, tmp_path / "all.zip") as opened:
        [client] = rows(opened, "kitchen/client")
        assert client["shop_key"] is None
        assert "kitchen.client.shop_key" in json.loads(opened.read("manifest.json"))["left_out"]
        assert "Key of the shop" not in opened.read("lists/kitchen.client.csv").decode()


def test_lists_have_labels_and_files_their_bytes(business: Business, tmp_path: Path) -> None:
    fill(business)
    with written(business, tmp_path / "all.zip") as opened:
        table = list(csv.reader(io.StringIO(opened.read("lists/contacts.contact.csv").decode("utf-8-sig"))))
        [listed] = csv.DictReader(io.StringIO(opened.read("files/files.csv").decode("utf-8-sig")))
        content = opened.read(listed["path"])
        readme = opened.read("README.txt").decode()
    assert "Name" in table[0]
    assert sorted(row[table[0].index("Name")] for row in table[1:]) == [f"Company {n}, “Ltd”" for n in range(3)]
    assert content == b"the bytes of a file"
    assert listed["name"] == "plan =1.txt"
    assert "manifest.json" in readme


def test_nothing_of_another_business_is_in_it(world: World, business: Business, gone: str, tmp_path: Path) -> None:
    other = world.business("contacts")
    fill(other, gone)
    with written(business, tmp_path / "all.zip") as opened:
        everything = b"".join(opened.read(name) for name in opened.namelist())
    for mark in (other.tenant.slug, other.owner.email, str(other.owner.id)):
        assert mark.encode() not in everything


def test_an_export_without_the_code_of_any_module(business: Business, tmp_path: Path) -> None:
    fill(business)
    before = plugins.installed()
    plugins.activate(loader.load(entry_points=[]))
    try:
        with written(business, tmp_path / "all.zip") as opened:
            manifest = json.loads(opened.read("manifest.json"))
    finally:
        plugins.activate(before)
    assert manifest["tables"]["contacts.contact"] == 3
    assert "lists/contacts.contact.csv" not in manifest["lists"]
    assert {"name": "contacts", "state": "on", "version": "", "code": False} in manifest["modules"]


def test_a_changed_archive_is_found_out(business: Business, tmp_path: Path) -> None:
    fill(business)
    path, forged = tmp_path / "all.zip", tmp_path / "forged.zip"
    with written(business, path) as opened, zipfile.ZipFile(forged, "w") as out:
        for name in opened.namelist():
            data = opened.read(name)
            if name == "tables/contacts/contact.jsonl":
                data = b"".join(data.splitlines(keepends=True)[1:])
            if name != "files/files.csv":
                out.writestr(name, data)
    problems = verify.verify(forged).problems
    assert "files/files.csv: missing" in problems
    assert "tables/contacts/contact.jsonl: other bytes than the manifest says" in problems
    assert "contacts.contact: 2 rows, the manifest says 3" in problems
    assert "cannot be read" in verify.verify(tmp_path / "conftest.py").problems[0]


def test_what_is_written_meanwhile_is_not_in_it(
    business: Business, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Any
) -> None:
    """All tables and lists are of one moment, also those that are read last."""
    fill(business)
    real = export._Writing._business

    def busy(self: Any) -> None:
        with psycopg.connect(config.database_url, autocommit=True) as other:
            other.execute(f"SET app.tenant_id = '{business.tenant.id}'")
            other.execute("UPDATE contacts.contact SET name = 'Meanwhile'")
            other.execute("DELETE FROM core.search_entry")
        real(self)

    monkeypatch.setattr(export._Writing, "_business", busy)
    with written(business, tmp_path / "all.zip") as opened:
        assert b"Meanwhile" not in opened.read("tables/contacts/contact.jsonl")
        assert b"Meanwhile" not in opened.read("lists/contacts.contact.csv")
        assert len(rows(opened, "core/search_entry")) == 3


def test_one_that_is_cancelled_in_the_middle_leaves_a_sound_connection(
    business: Business, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(business, records=30)
    monkeypatch.setattr(export, "STEP", 5)

    def cancel(done: int, total: int, what: object) -> None:
        if what == "contacts.contact":
            raise jobs.Cancelled

    with business.acting(), pytest.raises(jobs.Cancelled):
        export.write(tmp_path / "half.zip", "Test", cancel)
    with written(business, tmp_path / "all.zip") as opened:
        assert len(rows(opened, "contacts/contact")) == 30


def test_the_job_keeps_a_zip_for_seven_days(business: Business) -> None:
    fill(business)
    with business.acting():
        with unit_of_work():
            made = takeouts.start()
            id = made.id
            with pytest.raises(Refuse, match="already"):
                takeouts.start()
        jobs.run_pending()
        with unit_of_work() as session:
            takeout = takeouts.find(id)
            assert (takeout.state, takeout.error) == ("done", "")
            path, name = takeouts.take(id)
            assert name == f"{business.tenant.slug}-{takeout.created_at:%Y-%m-%d}.zip"
            assert takeouts.sha256_of(path) == takeout.sha256
            direct = f"{business.url}/files/{takeout.file_id}"
            assert business.client().get(direct).status_code == 404  # there is no way round the question who one is
            found = verify.verify(path)
            assert found.problems == []
            assert takeout.rows == found.rows
            takeout.expires_at = now()
            session.flush()
        assert takeouts.clean() == 1
        assert not path.exists()
        with unit_of_work():
            assert takeouts.find(id).state == "expired"
            with pytest.raises(Refuse, match="no longer"):
                takeouts.take(id)


def test_an_export_is_no_part_of_the_next_one_and_takes_no_room(business: Business, tmp_path: Path) -> None:
    fill(business)
    left = takeouts._folder[0] / f"making-{business.tenant.id}-left"
    left.mkdir(parents=True)  # by a worker that was killed
    with business.acting():
        with unit_of_work():
            takeouts.start()
        jobs.run_pending()
    assert not left.exists()
    with written(business, tmp_path / "all.zip") as opened:
        listed = list(csv.DictReader(io.StringIO(opened.read("files/files.csv").decode("utf-8-sig"))))
    assert sorted(bool(row["path"]) for row in listed if row["purpose"] == files.UNCOUNTED) == [False]
    assert [row["purpose"] for row in listed if row["path"]] == ["attachment"]


def test_who_may_not_gets_nothing_and_a_stopped_one_leaves_nothing(business: Business, world: World) -> None:
    member = business.member("contacts.*")
    with business.acting(member), unit_of_work(), pytest.raises(Denied):
        takeouts.start()
    with business.acting():
        with unit_of_work():
            id = takeouts.start().id
        with unit_of_work():
            takeouts.stop(id)
        jobs.run_pending()
        with unit_of_work() as session:
            assert session.get_one(Takeout, (business.tenant.id, id)).state == "stopped"
            assert takeouts.find(id).file_id is None
    with business.acting(member), unit_of_work(), pytest.raises(Denied):
        takeouts.take(id)
    with world.business("contacts").acting(), unit_of_work(), pytest.raises(NotFound):
        takeouts.take(id)
