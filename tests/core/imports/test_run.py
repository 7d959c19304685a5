"""Imports against the database: check, run, match; what goes wrong fails alone and nothing is done twice.

It must use the jobs as workers do, and real files.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import Workbook

from diwan.db import current, unit_of_work
from diwan.errors import Denied, Invalid, NotFound, Refuse
from diwan.imports import planning, service
from diwan.imports import run as running
from diwan.imports.models import ImportRun
from diwan.jobs import cancel
from diwan.resources import list_page, store
from diwan.testing.world import Business

NORTHWIND = Path(__file__).parents[2] / "data" / "northwind"


def counts(run: ImportRun) -> tuple[int, int, int, int]:
    return run.created, run.updated, run.skipped, run.failed


def test_northwind_customers_suppliers_and_shippers(importer: Any) -> None:
    customers = importer.upload(NORTHWIND / "customers.csv", "customers.csv")
    checked = importer.check(customers, defaults={"roles": ["customer"]})
    assert (checked.state, checked.total, counts(checked)) == ("checked", 91, (91, 0, 0, 0))
    assert importer.contacts() == []
    done = importer.run(customers)
    assert (done.state, done.done, counts(done)) == ("done", 91, (91, 0, 0, 0))
    suppliers = importer.all(NORTHWIND / "suppliers.csv", "suppliers.csv", defaults={"roles": ["supplier"]})
    assert counts(suppliers) == (29, 0, 0, 0)
    # Both files count from 1: the check says that suppliers would be renamed, and another way to match is chosen.
    shippers = importer.upload(NORTHWIND / "shippers.csv", "shippers.csv")
    warned = importer.check(shippers)
    assert counts(warned) == (0, 6, 0, 0)
    assert (2, "updated", "“Exotic Liquids” becomes “Speedy Express”.") in importer.rows(shippers)
    columns = {"company_name": "name", "phone": "phone"}
    importer.check(shippers, columns=columns, match_field="name", defaults={"roles": ["carrier"]})
    assert counts(importer.run(shippers)) == (6, 0, 0, 0)
    assert len(importer.contacts()) == 91 + 29 + 6


def test_northwind_values_arrive_as_they_were(importer: Any) -> None:
    importer.all(NORTHWIND / "customers.csv", defaults={"roles": "customer"})
    columns = "code, name, contact_person, job_title, street, city, region, postal_code, country, phone, fax, roles"
    row = importer.contacts(columns)[1]
    assert row == (
        "ANATR", "Ana Trujillo Emparedados y helados", "Ana Trujillo", "Owner", "Avda. de la Constitución 2222",
        "México D.F.", None, "05021", "MX", "(5) 555-4729", "(5) 555-3745", ["customer"],
    )  # fmt: skip
    with importer.business.acting(), unit_of_work():
        resource = current.lineup.resources["contacts.contact"]
        assert [r[1] for r in list_page(resource, ["name"], search="trujillo").rows] == [row[1]]
    audit = importer.query("SELECT action, count(*) FROM core.audit_entry WHERE tenant_id = :t GROUP BY 1 ORDER BY 1")
    assert [tuple(a) for a in audit if a[0] in ("create", "import")] == [("create", 91), ("import", 1)]


def test_a_link_of_microsoft_access_that_leads_nowhere_is_remarked_not_fatal(importer: Any) -> None:
    run = importer.all(NORTHWIND / "suppliers.csv")
    sites = dict(importer.contacts("name, website"))
    assert sites["New Orleans Cajun Delights"] is None
    assert sites["Mayumi's"] == "http://www.microsoft.com/accessdev/sampleapps/mayumi.htm"
    assert [n for n, _outcome, problem in importer.rows(run) if "#CAJUN.HTM#" in problem] == [3]


def test_again_changes_nothing(importer: Any) -> None:
    importer.all(NORTHWIND / "customers.csv")
    again = importer.all(NORTHWIND / "customers.csv")
    assert counts(again) == (0, 0, 91, 0)
    versions = importer.query("SELECT DISTINCT version FROM contacts.contact WHERE tenant_id = :t")
    assert [tuple(row) for row in versions] == [(1,)]


def test_matching_by_email_updates_only_what_the_file_says(importer: Any) -> None:
    importer.all("name,email,phone,roles\nAda,ada@x.org,22223333,Customer\nBo,bo@x.org,1234567,\n", match_field="email")
    run = importer.all(
        "name,email,phone,roles\nAda Lovelace,ADA@X.ORG,,Supplier\nNew,new@x.org,,\n", match_field="email"
    )
    assert counts(run) == (1, 1, 0, 0)
    assert importer.contacts("name, email, phone, roles")[0] == (
        "Ada Lovelace", "ADA@x.org", "22223333", ["customer", "supplier"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "expected"), [("skip", (1, 0, 2, 0)), ("create", (3, 0, 0, 0)), ("update", (1, 2, 0, 0))]
)
def test_duplicates_within_a_file_follow_the_mode(importer: Any, mode: str, expected: tuple[int, ...]) -> None:
    text = "name,email,city\nOne,a@b.co,X\nTwo,a@b.co,Y\nThree,A@B.CO,\n"
    run = importer.upload(text)
    checked = importer.check(run, match_field="email", mode=mode)
    assert counts(checked) == expected
    assert counts(importer.run(run)) == expected
    if mode == "update":
        assert importer.contacts("name, city") == [("Three", "Y")]


def test_duplicates_across_batches_follow_the_mode(importer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    text = "name,code\n" + "".join(f"N{i},{i % 3}\n" for i in range(9))
    run = importer.upload(text)
    assert counts(importer.check(run, match_field="code")) == (3, 6, 0, 0)
    assert counts(importer.run(run)) == (3, 6, 0, 0)
    assert importer.contacts("name, version") == [("N6", 3), ("N7", 3), ("N8", 3)]


def test_bad_rows_fail_alone_and_say_why(importer: Any) -> None:
    text = "\n".join(
        [
            "name,email,phone,country,code,kind",
            "Good,good@x.org,22223333,Kuwait,1,Person",
            f"{'x' * 10_000},,,,2,",
            "Bad mail,not-an-address,,,3,",
            ",,22223333,,4,",
            "Nowhere,,,Atlantis,5,",
            "Ragged,row",
            "Same code,,,,1,",
            "Bad phone,,ask Maria,,6,robot",
            "\u200fشركة 🚀 الأمل\u200f,\u200eمرحبا@x.org\u200e,\u202a+965 2222 3333\u202c,الكويت,7,منظمة",
            "Null\x00,,,,8,",
            "Also good,ok@x.org,,UK,9,organisation",
        ]
    )
    run = importer.upload(text)
    checked = importer.check(run, match_field="", mode="create")
    problems = {number: problem for number, outcome, problem in importer.rows(run) if outcome == "failed"}
    assert (checked.created, checked.failed) == (2, 9)
    done = importer.run(run)
    assert counts(done) == (2, 0, 0, 9)
    assert {n: p for n, outcome, p in importer.rows(run) if outcome == "failed"} == problems
    assert "10,000" in problems[3]
    assert problems[4].startswith("E-mail: ")
    assert problems[5] == "Name: A value is required."
    assert "Atlantis" in problems[6]
    assert "cells (2)" in problems[7]
    assert problems[8] == "Code: Row 2 of this file has this value too."
    assert problems[9].count("\n") == 1
    assert "null" in problems[11]
    assert [c[0] for c in importer.contacts("name, kind")] == ["Also good", "Good"]


def test_emoji_marks_and_arabic_values(importer: Any) -> None:
    text = (
        "الاسم,البريد الإلكتروني,الهاتف,الدولة,الدور\n"
        "\u200fشركة 🚀 الأمل\u200f,\u200einfo@x.org\u200e,\u202a+965 ٢٢٢٢ 3333\u202c,الكويت,عميل؛ مورد\n"
    )
    run = importer.upload(text.replace("؛", "،").encode())
    importer.check(run)
    assert counts(importer.run(run)) == (1, 0, 0, 0)
    assert importer.contacts("name, email, phone, country, roles") == [
        ("\u200fشركة 🚀 الأمل\u200f", "info@x.org", "+96522223333", "KW", ["customer", "supplier"])
    ]


def test_windows_1256_from_upload_to_record(importer: Any) -> None:
    importer.all("الاسم,المدينة\r\nمؤسسة النور,حولي\r\n".encode("cp1256"))
    assert importer.contacts("name, city") == [("مؤسسة النور", "حولي")]


def test_a_workbook_with_formulas(importer: Any) -> None:
    book = Workbook()
    for row in (["name", "city"], ["A", "X"], ["B", "=1+1"], ["C", "Z"]):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    run = importer.all(stream.getvalue(), "book.xlsx")
    assert counts(run) == (2, 0, 0, 1)
    assert "formula" in importer.rows(run)[1][2]


def test_what_the_database_refuses_fails_alone(importer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else takes codes between the plan and the write: only the rows that clash fail."""
    importer.all("name,code\nOld,17\nOther,777\n", match_field="", mode="create")
    run = importer.upload("name,code\n" + "".join(f"N{i},{i}\n" for i in range(1000)))
    importer.check(run, match_field="", mode="create")
    monkeypatch.setattr(planning, "find_taken", lambda *_: {})
    done = importer.run(run)
    assert counts(done) == (998, 0, 0, 2)
    failed = [(number, problem) for number, outcome, problem in importer.rows(run) if outcome == "failed"]
    assert failed == [(n, "Code: Another record has this value already.") for n in (19, 779)]
    assert len(importer.contacts()) == 1000


def test_references_are_found_by_name_and_by_code(importer: Any) -> None:
    importer.all("name,code\nAcme,A1\nTwin,T1\nTwin,T2\n", match_field="", mode="create")
    run = importer.all(
        "name,organisation\nAda,ACME\nBo,A1\nCy,Nobody\nDi,Twin\nEd,\n", match_field="", mode="create",
        columns={"name": "name", "organisation": "organisation"},
    )  # fmt: skip
    assert counts(run) == (3, 0, 0, 2)
    problems = [problem for _n, outcome, problem in importer.rows(run) if outcome == "failed"]
    assert "There is no “Nobody”" in problems[0]
    assert "More than one" in problems[1]
    linked = importer.query(
        "SELECT c.name, o.name FROM contacts.contact c JOIN contacts.contact o ON o.id = c.organisation"
        " WHERE c.tenant_id = :t AND o.tenant_id = :t ORDER BY 1"
    )
    assert [tuple(row) for row in linked] == [("Ada", "Acme"), ("Bo", "Acme")]


def test_several_records_with_one_name_are_not_guessed(importer: Any) -> None:
    importer.all("name\nTwin\nTwin\n", match_field="", mode="create")
    run = importer.all("name,city\ntwin,X\n", match_field="name")
    assert counts(run) == (0, 0, 0, 1)
    assert importer.rows(run)[0][2] == "Name: 2 records have this value; which one is meant?"


def test_an_archived_record_comes_back_instead_of_a_duplicate(importer: Any) -> None:
    importer.all("name,code\nAcme,A1\n", match_field="code")
    with importer.business.acting(), unit_of_work():
        resource = current.lineup.resources["contacts.contact"]
        (row,) = list_page(resource, ["name"]).rows
        store.archive(resource, row[0])
    assert importer.contacts() == []
    run = importer.all("name,code\nAcme,A1\n", match_field="code")
    assert counts(run) == (0, 1, 0, 0)
    assert importer.contacts() == ["Acme"]


def test_the_job_may_come_twice(importer: Any) -> None:
    run = importer.all(NORTHWIND / "customers.csv")
    with importer.business.acting():
        running.run_import(run.id)
        running.check_import(run.id)
    assert counts(importer.state(run.id)) == (91, 0, 0, 0)
    assert len(importer.contacts()) == 91


def test_stop_and_go_on(importer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 10)
    run = importer.upload(NORTHWIND / "customers.csv")
    importer.check(run)
    importer.do(run, service.begin)
    planned = planning.Planner.plan
    seen: list[int] = []

    def plan(self: Any, rows: Any) -> Any:
        seen.append(len(rows))
        if len(seen) == 4:
            cancel(self_run.job_id)
        return planned(self, rows)

    self_run = importer.state(run)
    monkeypatch.setattr(planning.Planner, "plan", plan)
    importer.work()
    assert importer.state(run).done == 30  # the fourth batch was undone with its transaction
    importer.do(run, service.stop)
    assert importer.state(run).state == "stopped"
    importer.do(run, service.resume)
    importer.work()
    done = importer.state(run)
    assert (done.state, done.done, len(importer.contacts())) == ("done", 91, 91)


def test_a_file_without_rows_and_steps_out_of_turn(importer: Any) -> None:
    run = importer.upload("name,city\n")
    checked = importer.check(run, match_field="", mode="create")
    assert (checked.state, "no rows" in checked.error) == ("mapped", True)
    for step in (service.begin, service.stop, service.resume, service.begin_undo):
        with pytest.raises(Refuse, match="moved on"):
            importer.do(run, step)


def test_a_mapping_that_makes_no_sense_is_refused(importer: Any) -> None:
    run = importer.upload("a,b,c\n1,2,3\n")

    def errors(columns: dict[str, str], **options: Any) -> set[str]:
        with pytest.raises(Invalid) as caught:
            importer.do(run, service.set_mapping, columns, **options)
        return set(caught.value.errors)

    assert errors({"a": "name", "b": "name"}, mode="create") == {"b"}
    assert errors({"a": "nonsense", "z": "name"}, mode="create") == {"a", "z"}
    assert errors({"a": "created_at"}, mode="create") == {"a"}
    assert errors({}, mode="create") == {"columns"}
    assert errors({"a": "name"}, mode="update", match_field="email") == {"match_field"}
    assert errors({"a": "name"}, mode="replace", match_field="name") == {"mode"}
    forged = {"kind": "robot", "tenant_id": 1}
    assert errors({"a": "name"}, mode="create", defaults=forged) == {"all-kind", "all-tenant_id"}


def test_a_chosen_encoding_is_kept(importer: Any) -> None:
    run = importer.upload("nom;ville\nÉmile;Liège\n".encode("cp1252"))
    importer.do(run, service.set_format, encoding="cp1256", delimiter=";")
    with importer.business.acting(), unit_of_work():
        opened = service.read(service.get_run(run))
        assert (opened.encoding, opened.delimiter) == ("cp1256", ";")
    importer.do(run, service.set_format)
    importer.check(run, columns={"nom": "name", "ville": "city"}, match_field="", mode="create")
    importer.run(run)
    assert importer.contacts("name, city") == [("Émile", "Liège")]


def test_strangers_and_members_without_the_right(importer: Any, other_business: Business) -> None:
    run = importer.upload("name\nA\n")
    with other_business.acting(), unit_of_work(), pytest.raises(NotFound):
        service.get_run(run)
    reader = importer.business.member("contacts.contact.read")
    with importer.business.acting(reader), unit_of_work():
        with pytest.raises(Denied):
            service.get_run(run)
        with pytest.raises(Denied):
            service.start(current.lineup.resources["contacts.contact"], io.BytesIO(b"name\nA\n"), "a.csv")
    with importer.business.acting(), unit_of_work(), pytest.raises(NotFound):
        service.get_run(uuid4())


def test_a_refused_upload_leaves_nothing(importer: Any, config: Any) -> None:
    folder = config.home / "files" / str(importer.business.tenant.id)
    with pytest.raises(Refuse):
        importer.upload(b"%PDF-1.7 not a table")
    assert not folder.exists() or not list(folder.iterdir())
    assert importer.query("SELECT 1 FROM core.file WHERE tenant_id = :t") == []


def test_whoever_lost_the_right_stops_the_job(importer: Any) -> None:
    importer_only = importer.business.member("contacts.contact.import", "contacts.contact.read")
    with importer.business.acting(importer_only), unit_of_work():
        resource = current.lineup.resources["contacts.contact"]
        run = service.start(resource, io.BytesIO(b"name\nA\n"), "a.csv")
        service.set_mapping(run, {"name": "name"}, mode="create")
        service.begin_check(run)
        key = run.id
    importer.work()
    with importer.business.acting(importer_only), unit_of_work(), pytest.raises(Denied):
        service.begin(service.get_run(key, lock=True))
