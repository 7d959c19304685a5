"""Reading workbooks: values as text, formulas, dates, and packages that are broken or hostile.

It must not need Excel: files are made by openpyxl or by hand.
"""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from diwan.errors import DiwanError, Refuse, TooLarge
from diwan.imports import xlsx_file
from diwan.imports.reading import open_table

MOMENT = datetime(2026, 2, 1, 9, 30)  # noqa: DTZ001  Excel knows no time zones


def save(folder: Path, *rows: list[Any], formats: dict[str, str] | None = None) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for cell, code in (formats or {}).items():
        book.active[cell].number_format = code
    path = folder / "book.xlsx"
    book.save(path)
    return path


def rebuild(path: Path, **changes: bytes) -> Path:
    """Write the package again with some parts replaced ("sheet1" stands for its worksheet)."""
    with zipfile.ZipFile(path) as old:
        parts = {info.filename: old.read(info) for info in old.infolist()}
    for name, content in changes.items():
        parts[{"sheet1": "xl/worksheets/sheet1.xml"}.get(name, name)] = content
    other = path.with_name("rebuilt.xlsx")
    with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return other


def sheet(body: str) -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{space}"><sheetData>{body}</sheetData></worksheet>'.encode()


def test_values_become_text_as_a_person_would_type_it(tmp_path: Path) -> None:
    path = save(
        tmp_path,
        ["name", "whole", "part", "day", "moment", "yes", "zip", "clock", "phone"],
        ["مؤسسة 🚀", 12, 0.1 + 0.2, date(2026, 2, 1), MOMENT, True, 5021, time(8, 5), 96522223333],
        ["x", 12.0, 1e20, None, None, False, 12209, None, 1.5e-7],
        formats={"G2": "00000"},
    )
    opened = open_table(path, "book.xlsx")
    first, second = opened.rows()
    assert (opened.kind, opened.sheet, opened.encoding) == ("xlsx", "Sheet", "")
    assert first.cells == [
        "مؤسسة 🚀", "12", "0.3", "2026-02-01", "2026-02-01 09:30:00", "true", "05021", "08:05:00", "96522223333",
    ]  # fmt: skip
    assert second.cells == ["x", "12", "100000000000000000000", "", "", "false", "12209", "", "0.00000015"]


def test_a_formula_gives_its_stored_result_and_is_at_fault_without_one(tmp_path: Path) -> None:
    path = save(tmp_path, ["name", "total"], ["A", 1])
    body = (
        '<row r="1"><c r="A1" t="str"><v>name</v></c><c r="B1" t="str"><v>total</v></c></row>'
        '<row r="2"><c r="A2" t="str"><f>UPPER("a")</f><v>A</v></c><c r="B2"><f>1+1</f><v>2</v></c></row>'
        '<row r="3"><c r="A3" t="inlineStr"><is><t>B</t></is></c><c r="B3"><f>HYPERLINK("x")</f></c></row>'
        '<row r="4"><c r="A4" t="inlineStr"><is><t>C</t></is></c><c r="B4" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
        '<row r="5"><c r="A5" t="inlineStr"><is><t>D</t></is></c><c r="B5" t="str"><f>""</f><v></v></c></row>'
    )
    rows = list(open_table(rebuild(path, sheet1=sheet(body)), "a.xlsx").rows())
    assert [row.cells[0] for row in rows] == ["A", "B", "C", "D"]
    assert (rows[0].cells, rows[0].faults) == (["A", "2"], None)
    assert "formula without a stored result" in str((rows[1].faults or {})[1])
    assert rows[1].cells[1] == '=HYPERLINK("x")'
    assert "#DIV/0!" in str((rows[2].faults or {})[1])
    assert (rows[3].cells, rows[3].faults) == (["D", ""], None)


def test_formulas_that_a_program_wrote_have_no_result(tmp_path: Path) -> None:
    (row,) = open_table(save(tmp_path, ["name", "x"], ["A", "=1+1"]), "a.xlsx").rows()
    assert row.problem is None
    assert set(row.faults or {}) == {1}


def test_rows_are_numbered_as_excel_shows_them(tmp_path: Path) -> None:
    rows = [], ["name", None, "city", None], ["A", None, "B"], [], [None, "x"], ["C", "", "D", "", "late"]
    path = save(tmp_path, *rows)
    opened = open_table(path, "a.xlsx")
    assert opened.columns == ("name", "Column 2", "city")
    found = list(opened.rows())
    assert [row.number for row in found] == [3, 5, 6]
    assert [row.number for row in opened.rows(after=3)] == [5, 6]
    assert found[1].cells == ["", "x", ""]
    assert "cells (5)" in str(found[2].problem)


def test_the_first_visible_sheet_with_rows_or_the_chosen_one(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "Empty"
    book.create_sheet("Hidden").append(["secret"])
    book["Hidden"].sheet_state = "hidden"
    book.create_sheet("People").append(["name"])
    book["People"].append(["Ada"])
    book.create_sheet("Towns").append(["town"])
    path = tmp_path / "book.xlsx"
    book.save(path)
    opened = open_table(path, "book.xlsx")
    assert (opened.sheet, opened.sheets) == ("People", ("Empty", "People", "Towns"))
    assert open_table(path, "book.xlsx", sheet="Towns").columns == ("town",)
    for missing in ("Hidden", "Nowhere"):
        with pytest.raises(Refuse, match="no sheet"):
            open_table(path, "book.xlsx", sheet=missing)
    with pytest.raises(Refuse, match="empty"):
        open_table(path, "book.xlsx", sheet="Empty")


def test_a_bomb_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path, ["name"], ["A"])
    monkeypatch.setattr(xlsx_file, "_load", lambda _path: pytest.fail("the package was opened"))
    bomb = rebuild(path, sheet1=sheet(" " * 30_000_000))
    assert bomb.stat().st_size < 100_000
    with pytest.raises(TooLarge, match="unpacks"):
        open_table(bomb, "a.xlsx")
    many = rebuild(path, **{f"xl/media/{i}": b"" for i in range(2_001)})
    with pytest.raises(TooLarge, match="unpacks"):
        open_table(many, "a.xlsx")


def test_entities_are_refused(tmp_path: Path) -> None:
    laughs = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    laughs += sheet('<row r="1"><c t="str"><v>&b;</v></c></row>')
    with pytest.raises(Refuse, match="damaged"):
        open_table(rebuild(save(tmp_path, ["name"]), sheet1=laughs), "a.xlsx")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"content.xml": b"", "mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}, "OpenDocument"),
        ({"xl/workbook.bin": b""}, "xlsb"),
        ({"customers.csv": b"a,b"}, "zip archive"),
        ({"xl/workbook.xml": b"<oops"}, "damaged"),
    ],
)
def test_other_packages_are_refused_with_advice(tmp_path: Path, parts: dict[str, bytes], words: str) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    with pytest.raises(Refuse, match=words):
        open_table(path, "a.xlsx")


def test_rows_given_twice_and_wild_columns(tmp_path: Path) -> None:
    path = save(tmp_path, ["name"])
    rows = [(1, "n"), (5, "a"), (5, "b"), (2, "c")]
    body = "".join(f'<row r="{r}"><c r="A{r}" t="str"><v>{v}</v></c></row>' for r, v in rows)
    assert [row.number for row in open_table(rebuild(path, sheet1=sheet(body)), "a").rows()] == [5, 6, 7]
    wild = body + '<row r="9"><c r="ZZZ9" t="str"><v>x</v></c></row>'
    with pytest.raises(TooLarge, match="columns"):
        list(open_table(rebuild(path, sheet1=sheet(wild)), "a").rows())


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_gives_a_table_or_a_clear_error(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "whole.xlsx"
    if not path.exists():
        save(tmp_path, ["name", "n"], ["A", 1], ["B", date(2026, 1, 1)]).rename(path)
    content = bytearray(path.read_bytes())
    for _cut in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    try:
        list(open_table(broken, "broken.xlsx").rows())
    except DiwanError:
        return
