"""Documents: Arabic in logical order, pages with numbers, nothing typed that runs, mistakes that are told."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from pypdf import PdfReader

from diwan.documents import BrokenTemplate, Letterhead, render_pdf
from diwan.kit.i18n import reset_language, set_language

HEAD = Letterhead("Gulf Trading", ["Kuwait City", "+965 2222 3333"])


def texts(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def lines(count: int, item: str = "Coffee") -> dict[str, object]:
    return {
        "label": "Lines",
        "columns": [{"label": "Item"}, {"label": "Price", "end": True}],
        "rows": [[f"{item} {n}", {"ltr": True, "text": "KWD 1.500"}] for n in range(count)],
        "totals": [{"label": "Total", "value": {"ltr": True, "text": "KWD 90.000"}, "strong": True}],
    }


def test_pages_are_numbered_and_the_head_of_the_table_comes_again() -> None:
    pages = texts(render_pdf({"title": "Order 7", "tables": [lines(60)]}, HEAD))
    assert len(pages) == 2
    assert "Page 1 of 2" in pages[0]
    assert "Page 2 of 2" in pages[1]
    assert "Gulf Trading" in pages[0]
    assert "Order 7" in pages[0]
    assert all("Item" in page for page in pages)
    assert "KWD 90.000" in pages[1]


def test_arabic_comes_out_in_logical_order() -> None:
    token = set_language("ar")
    try:
        pdf = render_pdf(
            {"title": "طلب شراء", "tables": [lines(3, "قهوة عربية")]}, Letterhead("شركة النور", ["الكويت"])
        )
    finally:
        reset_language(token)
    [page] = texts(pdf)
    for word in ("قهوة", "عربية", "شركة", "النور", "الكويت", "طلب"):
        assert word in page, page
    assert PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/Lang"].lower().startswith("ar")


def test_what_somebody_typed_never_runs_as_markup() -> None:
    typed = '#panic("run") *bold* $x$ @ref <label> \\ #read("/etc/passwd")'
    pdf = render_pdf(
        {"title": typed, "sections": [{"label": typed, "facts": [{"label": typed, "value": typed, "wide": True}]}]},
        HEAD,
    )
    assert '#panic("run")' in texts(pdf)[0].replace("\n", " ")


def png(width: int, height: int) -> bytes:
    """Return a PNG of one colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x0f\x76\x6e" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_logo_stands_in_the_letterhead() -> None:
    reader = PdfReader(io.BytesIO(render_pdf({"title": "x"}, Letterhead("Gulf", logo=png(40, 20)))))
    assert len(reader.pages[0].images) == 1
    assert not PdfReader(io.BytesIO(render_pdf({"title": "x"}, HEAD))).pages[0].images
    with pytest.raises(BrokenTemplate):  # a picture that is none is told, not printed as a hole
        render_pdf({"title": "x"}, Letterhead("Gulf", logo=b"\x89PNG nonsense"))


def test_a_mistake_in_a_template_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "slip.typ"
    broken.write_text('#import "diwan.typ": *\n#nothing-like-that()\n')
    with pytest.raises(BrokenTemplate):
        render_pdf({"title": "x"}, HEAD, template=broken)


def test_a_template_reads_nothing_outside_its_folder(tmp_path: Path) -> None:
    thief = tmp_path / "thief.typ"
    thief.write_text('#read("/etc/passwd")\n')
    with pytest.raises(BrokenTemplate):
        render_pdf({"title": "x"}, HEAD, template=thief)
