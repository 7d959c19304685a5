"""The file of failed rows: opens in Excel, cannot run formulas, reads back as it was.

It must not need a database.
"""

from __future__ import annotations

from pathlib import Path

from diwan.imports.failed import write_failed
from diwan.imports.reading import open_table


def test_failed_rows_can_be_repaired_and_uploaded_again(tmp_path: Path) -> None:
    columns = ["name", "phone", "=cmd|' /C calc'!A0"]
    rows = [
        ["=HYPERLINK(1)", "+965 2222 3333", "-12,5"],
        ["@x", "-x", "\tx"],
        ["مؤسسة 🚀", 'a "b"\nc', "x\x00y"],
        ["short"],
        ["1", "2", "3", "too many"],
    ]
    path = tmp_path / "failed.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        assert write_failed(stream, columns, [(row, "E-mail: wrong") for row in rows]) == 5
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    text = raw.decode("utf-8-sig")
    assert text.splitlines()[:3] == [
        "name,phone,'=cmd|' /C calc'!A0,Problem",
        "'=HYPERLINK(1),'+965 2222 3333,\"-12,5\",E-mail: wrong",
        "'@x,'-x,'\tx,E-mail: wrong",
    ]
    opened = open_table(path, "failed.csv")
    found = [row.cells for row in opened.rows()]
    assert opened.columns[3] == "Problem"
    assert found[0] == ["=HYPERLINK(1)", "+965 2222 3333", "-12,5", "E-mail: wrong"]
    assert found[2] == ["مؤسسة 🚀", 'a "b"\nc', "xy", "E-mail: wrong"]
    assert found[3] == ["short", "", "", "E-mail: wrong"]
    assert found[4][:3] == ["1", "2", "3"]
