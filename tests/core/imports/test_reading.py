"""Reading uploads: encodings, delimiters, broken rows, limits, and files that are no tables.

It must not need a database.
"""

from __future__ import annotations

import csv
import io
import re
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diwan.errors import DiwanError, Refuse, TooLarge
from diwan.imports import reading, table
from diwan.imports.reading import open_table

NORTHWIND = Path(__file__).parents[2] / "data" / "northwind"
ARABIC = "الاسم,المدينة,الهاتف\r\nمؤسسة النور التجارية,الكويت,٢٢٢٢٣٣٣٣\r\nشركة الأمل,حولي,22445566\r\n"


def put(folder: Path, content: bytes | str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def cells(path: Path, **options: str) -> list[list[str]]:
    opened = open_table(path, path.name, **options)
    return [list(opened.columns), *(row.cells for row in opened.rows())]


def test_northwind_is_read_as_it_is() -> None:
    opened = open_table(NORTHWIND / "customers.csv", "customers.csv")
    rows = list(opened.rows())
    assert (opened.encoding, opened.delimiter, len(opened.columns), len(rows)) == ("utf-8", ",", 11, 91)
    assert rows[0].number == 2
    assert rows[1].cells[4] == "Avda. de la Constitución 2222"
    assert not [row for row in rows if row.problem or row.faults]


@pytest.mark.parametrize(
    ("codec", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("utf-16-be", "utf-16"),
        ("cp1256", "cp1256"),
        ("iso8859_6", "iso8859_6"),
    ],
)
def test_arabic_in_every_encoding(tmp_path: Path, codec: str, found: str) -> None:
    text = ARABIC if codec.startswith("utf") else ARABIC.replace("٢٢٢٢٣٣٣٣", "22223333")
    opened = open_table(put(tmp_path, text.encode(codec)), "a.csv")
    assert opened.encoding == found
    assert opened.columns == ("الاسم", "المدينة", "الهاتف")
    assert next(opened.rows()).cells[0] == "مؤسسة النور التجارية"


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Société,Ville\nCafé Été,Orléans\nL'Étoile Dorée,Nîmes\n", "cp1252"),
        ("Firma,Stadt\nMüller & Söhne,München\nWeiß GmbH,Köln – Süd\n", "cp1252"),
        ("Nazwa,Miasto\nŻabka Spółka,Łódź\nGdańskie Młyny,Gdańsk\n", "cp1250"),
        ("Ad,Şehir\nGüneş Dağıtım,İstanbul\nIşık Çiçekçilik,Eskişehir\n", "cp1254"),
        ("Название,Город\nООО Ромашка,Москва\nЗаря и сыновья,Казань\n", "cp1251"),
        ("Όνομα,Πόλη\nΑφοί Παπαδόπουλοι,Αθήνα\nΘάλασσα,Πειραιάς\n", "cp1253"),
        ("name,city\nمحمد Trading,Kuwait\nAl Noor النور,Hawally\nشركة الخليج,Salmiya\n", "cp1256"),
        ("Name,Address\nTrader’s “Best”,12 High Street – London £5\n", "cp1252"),
    ],
)
def test_one_byte_encodings_are_told_by_their_letters(tmp_path: Path, text: str, codec: str) -> None:
    path = put(tmp_path, text.encode(codec))
    assert open_table(path, "a.csv").encoding == codec
    assert cells(path) == list(csv.reader(io.StringIO(text)))


def test_arabic_that_begins_late_in_a_long_file_is_found(tmp_path: Path) -> None:
    text = "name,city\n" + "Plain Company,London\n" * 60_000 + "شركة النجاح,الكويت\n" * 3
    assert open_table(put(tmp_path, text.encode("cp1256")), "a.csv").encoding == "cp1256"


def test_the_person_overrides_the_encoding(tmp_path: Path) -> None:
    path = put(tmp_path, "nom,ville\nÉmile,Liège\n".encode("cp1252"))
    assert cells(path, encoding="cp1256")[1][0] != "Émile"
    assert cells(path, encoding="cp1252")[1][0] == "Émile"
    with pytest.raises(Refuse):
        open_table(path, "a.csv", encoding="rot13")


def test_a_few_damaged_bytes_do_not_change_utf8_but_fail_their_row(tmp_path: Path) -> None:
    good = "Søren,København\n" * 40
    path = put(tmp_path, b"name,city\n" + good.encode() + b"Bad \xff,x\n" + good.encode())
    opened = open_table(path, "a.csv")
    problems = [row.number for row in opened.rows() if row.problem]
    assert (opened.encoding, problems) == ("utf-8", [42])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    rows = [["name", "address", "note"], ["A", "Road 1, London", "x;y"], ["B", 'The "Hub"', "line 1\nline 2"]]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    path = put(tmp_path, buffer.getvalue())
    assert open_table(path, "a.csv").delimiter == delimiter
    assert cells(path) == rows


def test_one_column_and_the_separator_line_of_excel(tmp_path: Path) -> None:
    assert cells(put(tmp_path, "name\nAda\nGrace\n")) == [["name"], ["Ada"], ["Grace"]]
    assert cells(put(tmp_path, "sep=;\r\nname;city\r\nA, B;C\r\n")) == [["name", "city"], ["A, B", "C"]]
    assert cells(put(tmp_path, "a;b,c\n1;2,3\n"), delimiter=",") == [["a;b", "c"], ["1;2", "3"]]


def test_line_ends_of_old_macs_blank_lines_and_leading_blank_rows(tmp_path: Path) -> None:
    opened = open_table(put(tmp_path, "\r\r,,\rname,city\r\rA,B\r , \rC,D\r"), "a.csv")
    assert opened.columns == ("name", "city")
    assert [(row.number, row.cells) for row in opened.rows()] == [(6, ["A", "B"]), (8, ["C", "D"])]
    assert [row.number for row in opened.rows(after=6)] == [8]


def test_ragged_rows_fail_alone(tmp_path: Path) -> None:
    opened = open_table(put(tmp_path, "a,b,c\n1,2,3\n1,2\n1,2,3,4\n1,2,3,,\n1,2,\n"), "a.csv")
    rows = list(opened.rows())
    assert [row.problem is None for row in rows] == [True, False, False, True, True]
    assert "cells (2)" in str(rows[1].problem)
    assert rows[2].cells == ["1", "2", "3", "4"]
    assert rows[3].cells == ["1", "2", "3"]


def test_an_unclosed_quotation_mark_costs_one_row(tmp_path: Path) -> None:
    lines = ["name,city"] + [f"N{i},C{i}" for i in range(9_000)]
    lines[5] = '"N4,C4'
    lines[7_000] = 'N6999,"C6'
    lines[8_000] = 'N7999,"x"y'
    rows = list(open_table(put(tmp_path, "\n".join(lines)), "a.csv").rows())
    assert len(rows) == 9_000
    assert [row.number for row in rows if row.problem] == [6, 7001, 8001]
    assert rows[4].cells == ['"N4,C4']


def test_null_characters_fail_their_row(tmp_path: Path) -> None:
    text = "name,city\n" + "A,B\n" * 100 + "N\x00ul,B\n" + "A,B\n" * 5
    assert [r.number for r in open_table(put(tmp_path, text), "a.csv").rows() if r.problem] == [102]


def test_headers_become_unique_and_visible(tmp_path: Path) -> None:
    path = put(tmp_path, "\u202bName\u202c,\u200f,Phone,phone,  E-Mail\u00a0 ,Phone 2,,\n1,2,3,4,5,6,7,\n")
    assert open_table(path, "a.csv").columns == (
        "Name", "Column 2", "Phone", "phone 2", "E-Mail", "Phone 2 2", "Column 7",
    )  # fmt: skip


def test_marks_emoji_and_escapes(tmp_path: Path) -> None:
    rows = cells(put(tmp_path, "name,phone,x\n\u200fشركة 🚀\u200f,'+965 1,'=1+1\n"))
    assert rows[1] == ["\u200fشركة 🚀\u200f", "+965 1", "=1+1"]
    assert table.plain("\u200e a@b.co\u200b\u00a0") == "a@b.co"


def test_long_cells_are_faults_of_the_cell(tmp_path: Path) -> None:
    opened = open_table(put(tmp_path, f"a,b\n{'n' * 10_000},1\n{'x' * 32_768},2\n"), "a.csv")
    first, second = opened.rows()
    assert (len(first.cells[0]), first.faults) == (10_000, None)
    assert second.problem is None
    assert "32768" in str((second.faults or {})[0])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"%PDF-1.7\n1 0 obj", "PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "picture"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "picture"),
        (b"MZ\x90\x00\x03" + bytes(60), "program"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "old Excel"),
        (b"\x1f\x8b\x08" + bytes(30), "packed"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><a/>', "web page"),
        (b'{"a": 1, "b": [2]}', "JSON"),
        (bytes(range(256)) * 8, "not a table"),
        (b"PK\x03\x04 not a zip at all", "damaged"),
        (b"\n\n \n,,\n", "header"),
    ],
)
def test_what_is_no_table_is_refused_with_advice(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(Refuse, match=words):
        open_table(put(tmp_path, content), "customers.csv")


def test_letters_that_look_like_a_signature_are_a_table(tmp_path: Path) -> None:
    assert cells(put(tmp_path, "MZ Name,City\nA,B\n"))[0] == ["MZ Name", "City"]


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge, match="501 columns"):
        open_table(put(tmp_path, ",".join(f"c{i}" for i in range(501))), "a.csv")
    with pytest.raises(TooLarge, match="200000"):
        for _row in open_table(put(tmp_path, "a\n" + "1\n" * 200_001), "a.csv").rows():
            pass
    with pytest.raises(TooLarge, match="million"):
        open_table(put(tmp_path, "a" * 1_100_000), "a.csv")
    monkeypatch.setattr(reading, "MAX_BYTES", 2**20)
    with pytest.raises(TooLarge, match="2 MB"):
        open_table(put(tmp_path, "a\n" * (2**19 + 1)), "a.csv")


def test_memory_stays_bounded(tmp_path: Path) -> None:
    path = put(tmp_path, "name,note\n" + ("Somebody," + "x" * 400 + "\n") * 25_000)
    tracemalloc.start()
    count = sum(1 for _row in open_table(path, "a.csv").rows())
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (count, peak < 6 * 2**20) == (25_000, True)


@pytest.mark.slow
def test_speed(tmp_path: Path) -> None:
    """At least 50,000 rows of eleven columns a second; a shared machine gets three tries."""
    body = (NORTHWIND / "customers.csv").read_text("utf-8").split("\n", 1)
    path = put(tmp_path, body[0] + "\n" + body[1] * 550)
    rates = []
    for _attempt in range(3):
        start = time.process_time()
        count = sum(1 for _row in open_table(path, "a.csv").rows())
        rates.append(count / (time.process_time() - start))
    assert count == 50_050
    assert max(rates) > 50_000


def consume(path: Path) -> None:
    try:
        opened = open_table(path, "x.csv")
        assert len(set(opened.columns)) == len(opened.columns) >= 1
        numbers = [row.number for row in opened.rows()]
        for row in opened.rows():
            assert row.problem or len(row.cells) == len(opened.columns)
            assert row.problem or not any("\x00" in cell for cell in row.cells)
        assert numbers == sorted(set(numbers))
    except DiwanError:
        return


LETTERS = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffd", include_characters="\n\r\t")
QUIET = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@QUIET
@given(st.binary(max_size=4_000))
def test_any_bytes_give_a_table_or_a_clear_error(tmp_path: Path, content: bytes) -> None:
    consume(put(tmp_path, content))


@QUIET
@given(st.text(alphabet=st.sampled_from("a\",;\n\r\t|'=\x00é\u200fن ")), st.sampled_from(["utf-8", "utf-16", "cp1256"]))
def test_any_text_gives_a_table_or_a_clear_error(tmp_path: Path, content: str, codec: str) -> None:
    consume(put(tmp_path, content.encode(codec, "replace")))


@settings(QUIET, max_examples=50)
@given(
    st.lists(
        st.tuples(*[st.text(LETTERS, max_size=12)] * 3),
        min_size=1,
        max_size=8,
    )
)
def test_what_the_csv_module_writes_is_read_back(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["one", "two", "three"], *rows])
    rows_read = open_table(put(tmp_path, buffer.getvalue()), "a.csv", encoding="utf-8").rows()
    found = [[cell.lstrip(" ") for cell in row.cells] for row in rows_read]  # only quoted cells keep their first blanks
    expected = [
        [re.sub(r"^'(?=[-=+@\t\r])", "", cell.lstrip(" ")).lstrip(" ") for cell in row]
        for row in rows if any(cell.strip() for cell in row)
    ]  # fmt: skip
    assert found == expected
