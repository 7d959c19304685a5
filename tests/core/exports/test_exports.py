"""Lists as files: what is seen, page by page, with no formula in it that somebody else typed."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import openpyxl
import orjson
import pytest
from sqlalchemy import text

from diwan import exports
from diwan.db import current, unit_of_work
from diwan.errors import Refuse
from diwan.exports import reading, writing
from diwan.resources import store
from diwan.testing.world import Business

ORDER = "kitchen.order"
FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx=1", "=HYPERLINK(\"http://x\",\"y\")")  # fmt: skip


@pytest.fixture
def kitchen(world: Any) -> Business:
    business: Business = world.business("kitchen")
    return business


def fill(business: Business, *records: dict[str, Any]) -> None:
    with business.acting(), unit_of_work():
        resource = current.lineup.resources[ORDER]
        for record in records:
            store.create(resource, record)


def download(business: Business, status: int = 200, **arguments: str) -> Any:
    answer = business.client().get(f"{business.url}/kitchen/order/export?{urlencode(arguments)}")
    assert answer.status_code == status, answer.text
    return answer


def test_a_csv_holds_what_is_seen(kitchen: Business) -> None:
    with kitchen.acting(), unit_of_work():
        client = str(store.create(current.lineup.resources["kitchen.client"], {"name": "دار النخيل"}).id)
    moment = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
    fill(
        kitchen,
        {"subject": "B", "guests": 1200, "state": "open", "client": client, "due_on": "2026-12-31", "urgent": True,
         "starts_at": moment},
        {"subject": 'A, "the first"', "guests": 3, "state": "open"},
        {"subject": "Hidden", "state": "done"},
    )  # fmt: skip
    columns = "subject,guests,state,client,due_on,urgent,starts_at"
    answer = download(kitchen, columns=columns, sort="-subject", **{"f.state": "open"})
    assert answer.content_type == "text/csv; charset=utf-8"
    assert ".csv" in answer.headers["Content-Disposition"]
    assert answer.text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == ["Subject", "Guests", "State", "Client", "Due on", "Urgent", "Starts"]
    assert rows[1] == ["B", "1200", "Open", "دار النخيل", "2026-12-31", "Yes", "2026-11-24 10:30"]
    assert [row[0] for row in rows[1:]] == ["B", 'A, "the first"']
    assert not download(kitchen, bom="0").text.startswith("\ufeff")


@pytest.mark.parametrize("typed", FORMULAS)
def test_no_cell_is_a_formula(kitchen: Business, typed: str) -> None:
    fill(kitchen, {"subject": f"x {typed}", "note": typed})
    with kitchen.acting():
        resource = current.lineup.resources[ORDER]
        pages = [[("id", typed, typed)]]
        [_header, line] = exports.csv_lines(resource, ["subject", "note"], pages, bom=False)
        cells = next(csv.reader(io.StringIO(line, newline="")))
        assert cells == [f"'{typed}"] * 2
        out = io.BytesIO()
        exports.xlsx_file(resource, ["subject", "note"], pages, out)
    sheet = openpyxl.load_workbook(io.BytesIO(out.getvalue())).active
    assert (sheet["A2"].value, sheet["A2"].data_type) == (typed, "s")
    assert sheet["B2"].data_type == "s"


@pytest.mark.parametrize("harmless", ["-12.5", "+965 2222 3333", "12%", "Al-Sabah", "a=b"])
def test_numbers_and_telephones_stay_as_they_are(kitchen: Business, harmless: str) -> None:
    with kitchen.acting():
        resource = current.lineup.resources[ORDER]
        [_header, line] = exports.csv_lines(resource, ["subject"], [[("id", harmless)]], bom=False)
    assert line == f"{harmless}\r\n"


def test_a_workbook_keeps_types(kitchen: Business) -> None:
    fill(kitchen, {"subject": "A\x01B", "guests": 1200, "due_on": "2026-12-31"}, {"subject": "Z"})
    answer = download(kitchen, columns="subject,guests,due_on,created_at", sort="subject", format="xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:3] == ("Subject", "Guests", "Due on")
    assert rows[1][1] == 1200
    assert rows[1][2].isoformat().startswith("2026-12-31")
    assert rows[1][3].tzinfo is None
    assert rows[2][1:3] == (None, None)


def test_formatted_text_is_exported_without_its_tags(kitchen: Business) -> None:
    fill(kitchen, {"subject": "A", "about": "<p>One <strong>&amp; two</strong></p><ul><li>Three</li></ul>"})
    [_head, row] = list(csv.reader(io.StringIO(download(kitchen, columns="about").text.lstrip("\ufeff"))))
    assert row == ["One & two\nThree"]
    sheet = openpyxl.load_workbook(io.BytesIO(download(kitchen, columns="about", format="xlsx").data)).active
    assert sheet["A2"].value == "One & two\nThree"


def test_a_workbook_has_an_end(kitchen: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_XLSX_ROWS", 1)
    fill(kitchen, {"subject": "A"}, {"subject": "B"})
    with kitchen.acting(), pytest.raises(Refuse):
        resource = current.lineup.resources[ORDER]
        exports.xlsx_file(resource, ["subject"], exports.rows(resource, ["subject"]), io.BytesIO())
    assert "export CSV" in download(kitchen, status=422, format="xlsx").text


def test_json_lines_hold_values_as_the_api_does(kitchen: Business) -> None:
    fill(kitchen, {"subject": "A", "guests": 3, "urgent": True, "due_on": "2026-12-31"})
    answer = download(kitchen, columns="subject,guests,urgent,due_on,client", format="jsonl")
    [row] = [orjson.loads(line) for line in answer.data.splitlines()]
    assert row.pop("id")
    assert row == {"subject": "A", "guests": 3, "urgent": True, "due_on": "2026-12-31", "client": None}


def test_every_field_of_a_resource_can_be_exported(kitchen: Business) -> None:
    from diwan.web.list_columns import choosable

    fill(kitchen, {"subject": "A"}, {"subject": "B", "guests": 1})
    with kitchen.acting():
        columns = ",".join(choosable(current.lineup.resources[ORDER]))
    for form in ("csv", "xlsx", "jsonl"):
        assert download(kitchen, columns=columns, format=form).data


def test_pages_are_read_one_by_one_and_all_of_them(kitchen: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 3)
    fill(kitchen, *({"subject": f"N{number:02}"} for number in range(10)))
    with kitchen.acting():
        resource = current.lineup.resources[ORDER]
        pages = exports.rows(resource, ["subject"], sort="subject")
        assert [len(page) for page in pages] == [3, 3, 3, 1]
    answer = download(kitchen, columns="subject", sort="subject")
    assert len(answer.text.splitlines()) == 11


def test_what_leaves_is_written_down(kitchen: Business) -> None:
    fill(kitchen, {"subject": "A"}, {"subject": "B"})
    for form in ("csv", "xlsx", "jsonl"):
        assert download(kitchen, format=form).data
    with kitchen.acting(), unit_of_work():
        found = current.session.execute(
            text("SELECT after FROM core.audit_entry WHERE tenant_id = :t AND action = 'export' ORDER BY id"),
            {"t": kitchen.tenant.id},
        ).scalars()
        assert list(found) == [{"format": form, "records": 2} for form in ("csv", "xlsx", "jsonl")]


def test_an_export_needs_its_right_and_a_format(kitchen: Business) -> None:
    reader = kitchen.client(kitchen.member("kitchen.order.read"))
    assert reader.get(f"{kitchen.url}/kitchen/order/export").status_code == 403
    assert "/export?" not in reader.get(f"{kitchen.url}/kitchen/order").text
    download(kitchen, status=400, format="exe")
    download(kitchen, status=400, where="{")
    download(kitchen, status=400, sort="nothing")
    download(kitchen, status=400, columns="tenant_id")


def test_names_of_other_businesses_stay_there(kitchen: Business, world: Any) -> None:
    other: Business = world.business("kitchen")
    fill(other, {"subject": "Theirs"})
    fill(kitchen, {"subject": "Mine"})
    assert "Theirs" not in download(kitchen).text


def test_a_download_that_is_broken_off_is_written_down_too(kitchen: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 2)
    fill(kitchen, *({"subject": f"N{number}"} for number in range(6)))
    answer = kitchen.client().get(f"{kitchen.url}/kitchen/order/export", buffered=False)
    pieces = answer.iter_encoded()
    next(pieces)
    next(pieces)
    answer.close()
    with kitchen.acting(), unit_of_work():
        found = current.session.execute(
            text("SELECT after FROM core.audit_entry WHERE tenant_id = :t AND action = 'export'"),
            {"t": kitchen.tenant.id},
        ).scalar_one()
        assert 2 <= found["records"] < 6
