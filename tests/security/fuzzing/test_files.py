"""Files in and out: no cell is a formula, names stay names, and what swells or breaks is refused.

It must look at what leaves; how tables are read is in tests/core/imports.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.fuzzing import FORMULAS, NASTY, Page, Walker, few, nasty

FORMULA = re.compile(r"^(?![+-]?[\d .,()-]+$)[=+\-@]|^[\t\r\n]")


def test_no_text_becomes_a_formula_and_numbers_stay_numbers(walker: Walker) -> None:
    texts = [text for text in NASTY if text.strip() and "\x00" not in text and len(text) < 300 and text.isprintable()]
    texts += [*FORMULAS[:4], "\uff1d1+1"]
    with walker.business.acting(), unit_of_work():
        resource = current.lineup.resources["kitchen.order"]
        for text in texts:
            resources.create(resource, {"subject": text, "note": f"{text}\n{text}", "deposit": "-5", "currency": "KWD"})
    place = f"{walker.business.url}/kitchen/order/export?columns=subject,note,deposit"
    rows = list(csv.reader(io.StringIO(walker.send("GET", f"{place}&format=csv")[0].text.removeprefix("\ufeff"))))
    assert len(rows) == len(texts) + 1
    assert not [cell for row in rows[1:] for cell in row[:2] if FORMULA.match(cell)]
    assert {float(row[2]) for row in rows[1:]} == {-5.0}
    book = openpyxl.load_workbook(io.BytesIO(walker.send("GET", f"{place}&format=xlsx")[0].data))
    cells = [row for sheet in book.worksheets for row in sheet.iter_rows(min_row=2)]
    assert not [cell.value for row in cells for cell in row if cell.data_type == "f"]
    assert {float(row[2].value) for row in cells} == {-5.0}
    book.close()


def test_names_of_files_stay_names(walker: Walker, order: str) -> None:
    """A name that somebody gives a file neither leaves its header nor its folder."""
    around = f"{walker.business.url}/kitchen/order/{order}/around"
    links = set[str]()

    @given(nasty.filter(lambda name: len(name) < 300 and not re.search("[\ud800-\udfff]", name)))
    @example("invoice\u202efdp.exe")
    @example("a\r\nSet-Cookie: zzq9=1.txt")
    @few(40)
    def run(name: str) -> None:
        body, kind = _upload("file", name, b"plain words\n")
        walker.send("POST", f"{around}/files", body, content_type=kind)
        page = Page(walker.client.get(around).text)
        links.update(link for link in page.links if "/around/files/" in link)

    run()
    assert len(links) > 20
    for link in sorted(links):
        answer, _ = walker.send("GET", link)
        name = parse_options_header(answer.headers["Content-Disposition"])[1].get("filename", "")
        assert name, answer.headers["Content-Disposition"]
        assert not re.search(r"[/\\\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", name), repr(name)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith("attachment")


def _upload(field: str, name: str, content: bytes) -> tuple[bytes, str]:
    """A multipart body as a program may write it: the name goes in as it is, lines and all."""
    head = b'--zz\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n' % (
        field.encode(), name.encode("utf-8", "surrogatepass").replace(b'"', b"%22").replace(b"\r\n\r\n", b"\r\n"),
    )  # fmt: skip
    body = head + b"Content-Type: text/plain\r\n\r\n" + content + b"\r\n--zz--\r\n"
    return body, "multipart/form-data; boundary=zz"


def _package(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return out.getvalue()


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "zzq">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(8)
) + b"]><worksheet>&i;</worksheet>"  # fmt: skip
TYPES, SHEET = "[Content_Types].xml", "xl/worksheets/sheet1.xml"
BOMBS = {
    "zeros": _package(**{TYPES: b"<x/>", "xl/workbook.xml": b"<x/>", SHEET: b"0" * 60_000_000}),
    "laughs": _package(**{TYPES: b"<x/>", "xl/workbook.xml": LAUGHS, SHEET: LAUGHS}),
    "outside": _package(**{"../../etc/passwd": b"x", "xl/workbook.xml": b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'}),
    "members": _package(**{f"xl/{n}.xml": b"" for n in range(20_000)}),
    "nested": _package(**{"a.zip": _package(**{"b.zip": b"0" * 1_000_000})}),
    "deep": b"[" * 1_000_000,
    "columns": b"," * 200_000 + b"\n1\n",
    "one cell": b"a,b\n" + b"x" * 3_000_000 + b",1\n",
    "quote": b'a,b\n"' + b"x,\n" * 300_000,
    "zero": b"\x00" * 100_000,
    "cut": _package(x=b"1" * 1000)[:-30],
}  # fmt: skip


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.parametrize("name", ["table.csv", "table.xlsx"])
def test_files_that_swell_or_break_are_refused(walker: Walker, content: bytes, name: str) -> None:
    body, kind = _upload("file", name, content)
    answer, page = walker.send("POST", f"{walker.business.url}/kitchen/client/import", body, content_type=kind)
    assert answer.status_code in (303, 413, 422), answer.text
    if answer.status_code == 303:
        answer, page = walker.send("GET", answer.location)
        assert answer.status_code == 200
        assert len(answer.data) < 3_000_000
    assert page is not None


def test_names_of_imports_are_only_shown(walker: Walker) -> None:
    @given(nasty.filter(lambda name: len(name) < 5000), st.sampled_from(["", ".csv", ".xlsx", ".csv/..", "\x00.csv"]))
    @few(30)
    def run(name: str, end: str) -> None:
        body, kind = _upload("file", name + end, b"Name,City\n<zzq>,=1+1\n{{13370007*73310009}},-\n")
        answer, _ = walker.send("POST", f"{walker.business.url}/kitchen/client/import", body, content_type=kind)
        if answer.status_code == 303:
            walker.send("GET", answer.location)

    run()
