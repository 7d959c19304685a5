"""Undoing an import: everything goes back, except what somebody touched since.

It must compare whole records, not only counts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from diwan.db import current, unit_of_work
from diwan.errors import Denied
from diwan.imports import run as running
from diwan.imports import service, undo
from diwan.resources import list_page, store

NORTHWIND = Path(__file__).parents[2] / "data" / "northwind"
ALL = "name, email, phone, city, roles, code, kind"


def change(importer: Any, name: str, **values: Any) -> None:
    with importer.business.acting(), unit_of_work():
        resource = current.lineup.resources["contacts.contact"]
        (found,) = [row for row in list_page(resource, ["name"]).rows if row[1] == name]
        store.update(resource, found[0], values)


def test_new_records_go_with_all_that_belongs_to_them(importer: Any) -> None:
    run = importer.all(NORTHWIND / "customers.csv")
    undone = importer.undo(run.id)
    assert (undone.state, undone.done, importer.contacts()) == ("undone", 91, [])
    assert importer.query("SELECT 1 FROM core.search_entry WHERE tenant_id = :t") == []
    assert {outcome for _n, outcome, _p in importer.rows(run)} == {"undone"}
    audit = importer.query("SELECT action, count(*) FROM core.audit_entry WHERE tenant_id = :t GROUP BY 1")
    assert {tuple(row) for row in audit} >= {("create", 91), ("delete", 91), ("import", 1), ("import_undo", 1)}


def test_changed_records_get_their_former_values(importer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    monkeypatch.setattr(undo, "BATCH", 2)
    importer.all("name,email,phone,city,roles,code\nAda,a@x.org,22223333,X,customer,1\nBo,,,,,2\nCy,,,,,3\n")
    before = importer.contacts(ALL)
    run = importer.all(
        "name,email,phone,city,roles,code\n"
        "Ada L,ada@x.org,1234567,Y,supplier,1\nBo,bo@x.org,,,,2\nNew,,,,,4\nAda Lovelace,,,Z,carrier,1\nCy,,,,,3\n"
    )
    assert (run.created, run.updated, run.skipped) == (1, 3, 1)
    assert importer.contacts(ALL) != before
    undone = importer.undo(run.id)
    assert (undone.state, undone.done) == ("undone", 4)
    assert importer.contacts(ALL) == before


def test_what_somebody_changed_since_stays(importer: Any) -> None:
    importer.all("name,city,code\nOld,X,1\n")
    run = importer.all("name,city,code\nOld,Y,1\nNew,Z,2\nOther,Z,3\n")
    change(importer, "Old", phone="22223333")
    change(importer, "Other", email="o@x.org")
    undone = importer.undo(run.id)
    assert undone.state == "undone"
    assert importer.contacts("name, city, phone, email") == [
        ("Old", "Y", "22223333", None), ("Other", "Z", None, "o@x.org"),
    ]  # fmt: skip
    kept = [(n, problem) for n, outcome, problem in importer.rows(run) if outcome == "kept"]
    assert [n for n, _problem in kept] == [2, 4]
    assert all("changed this record since" in problem for _n, problem in kept)


def test_a_record_that_others_refer_to_stays(importer: Any) -> None:
    run = importer.all("name,code\nAcme,1\nFree,2\n")
    later = "name,organisation\nAda,Acme\n"
    importer.all(later, match_field="", mode="create", columns={"name": "name", "organisation": "organisation"})
    importer.undo(run.id)
    assert importer.contacts() == ["Acme", "Ada"]
    assert [(n, o) for n, o, _p in importer.rows(run)] == [(2, "kept"), (3, "undone")]


def test_a_record_that_somebody_deleted_is_no_conflict(importer: Any) -> None:
    run = importer.all("name,code\nAcme,1\nFree,2\n")
    with importer.business.acting(), unit_of_work():
        resource = current.lineup.resources["contacts.contact"]
        store.delete(resource, list_page(resource, ["name"]).rows[0][0])
    assert importer.undo(run.id).state == "undone"
    assert importer.contacts() == []


def test_a_record_from_the_archive_goes_back_there(importer: Any) -> None:
    importer.all("name,city,code\nAcme,X,1\n")
    with importer.business.acting(), unit_of_work():
        resource = current.lineup.resources["contacts.contact"]
        store.archive(resource, list_page(resource, ["name"]).rows[0][0])
    run = importer.all("name,city,code\nAcme,Y,1\n")
    assert importer.contacts("name, city") == [("Acme", "Y")]
    importer.undo(run.id)
    assert importer.contacts() == []
    (row,) = importer.query("SELECT city, archived_at IS NOT NULL FROM contacts.contact WHERE tenant_id = :t")
    assert tuple(row) == ("X", True)


def test_undoing_goes_on_where_it_stopped(importer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo, "BATCH", 10)
    run = importer.all(NORTHWIND / "customers.csv")
    importer.do(run.id, service.begin_undo)
    real, calls = undo._note, list[int]()

    def note(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 4:
            raise RuntimeError("the machine stops")
        real(*arguments)

    monkeypatch.setattr(undo, "_note", note)
    with importer.business.acting(), pytest.raises(RuntimeError):
        undo.undo_import(run.id)
    assert (importer.state(run.id).state, importer.state(run.id).done, len(importer.contacts())) == ("undoing", 30, 61)
    importer.work()
    assert (importer.state(run.id).state, importer.state(run.id).done, importer.contacts()) == ("undone", 91, [])


def test_undoing_needs_the_right_to_delete(importer: Any) -> None:
    run = importer.all("name,code\nAcme,1\n")
    clerk = importer.business.member("contacts.contact.import", "contacts.contact.create", "contacts.contact.read")
    with importer.business.acting(clerk), unit_of_work(), pytest.raises(Denied):
        service.begin_undo(service.get_run(run.id, lock=True))
