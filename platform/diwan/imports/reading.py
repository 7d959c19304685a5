"""Opens an uploaded file as a table, whatever its name says, or refuses it with what to do instead.

It must not load the file: content decides by its first bytes, and rows are read as a stream.
"""

from __future__ import annotations

from pathlib import Path

from diwan.errors import Refuse, TooLarge
from diwan.imports.csv_file import open_csv
from diwan.imports.table import MAX_BYTES, MAX_CELL, MAX_COLUMNS, MAX_ROWS, Row, Table
from diwan.imports.xlsx_file import open_xlsx
from diwan.kit.i18n import LazyText, _

__all__ = ["MAX_BYTES", "MAX_CELL", "MAX_COLUMNS", "MAX_ROWS", "Row", "Table", "open_table"]

SAVE_AS = _("Upload a .csv or .xlsx file.")
OLD_EXCEL = _("This is an old Excel file (.xls) or one with a password. Save it as .xlsx without a password.")
PICTURE = _("This is a picture, not a table. Upload a .csv or .xlsx file.")
PROGRAM = _("This is a program, not a table. Upload a .csv or .xlsx file.")
ARCHIVE = _("This is a packed archive. Unpack it and upload the .csv or .xlsx file inside.")
WEB_PAGE = _("This is a web page or XML, even if its name says otherwise. Open it in Excel and save it as .xlsx.")

SIGNATURES: tuple[tuple[bytes, LazyText], ...] = (
    (b"%PDF", _("This is a PDF, not a table. Export the table as .csv or .xlsx from the program that made it.")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLD_EXCEL),
    (b"\x89PNG", PICTURE),
    (b"\xff\xd8\xff", PICTURE),
    (b"GIF8", PICTURE),
    (b"RIFF", PICTURE),
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
    (b"\x1f\x8b", ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (b"Rar!", ARCHIVE),
    (b"{\\rtf", _("This is a text document, not a table. Upload a .csv or .xlsx file.")),
)
MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta", b"<style", b"<script")
CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x0b\x1a\x1b")) + b"\x7f"


def open_table(
    path: Path, name: str, *, encoding: str | None = None, delimiter: str | None = None, sheet: str | None = None
) -> Table:
    """Open the file at `path` that a person uploaded as `name`.

    Raises Refuse for what is no table, TooLarge for what is too big. Encoding and delimiter (of a CSV) and sheet
    (of a workbook) are found out unless the person chose them.
    """
    size = path.stat().st_size
    if size == 0:
        raise Refuse(_("This file is empty."))
    if size > MAX_BYTES:
        raise TooLarge(
            _("This file has %(size)s MB; at most %(limit)s MB can be read. Split it and import the parts.",
              size=-(-size // 2**20), limit=MAX_BYTES // 2**20)
        )  # fmt: skip
    with path.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return open_xlsx(path, name, sheet)
    _refuse_other_kinds(head)
    return open_csv(path, name, encoding, delimiter)


def _refuse_other_kinds(head: bytes) -> None:
    for signature, message in SIGNATURES:
        # "MZ" and "RIFF" may begin a header in plain letters; a program or sound goes on with binary bytes.
        if head.startswith(signature) and (len(signature) > 4 or not _is_text(head) or signature in (b"%PDF", b"GIF8")):
            raise Refuse(message)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:16].lower().startswith(MARKUP):
        raise Refuse(WEB_PAGE)
    if start[:1] in (b"{", b"[") and start.rstrip()[-1:] in (b"}", b"]"):
        raise Refuse(_("This looks like JSON. Upload a .csv or .xlsx file."))
    if not _is_text(head):
        raise Refuse(_("This is not a table that can be read. Upload a .csv or .xlsx file."))


def _is_text(head: bytes) -> bool:
    """Few control characters, or UTF-16/32, whose zero bytes are its own."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if (even == 0) != (odd == 0) and (even + odd) * 10 > len(head) // 2:
        return True
    return (len(head) - len(head.translate(None, CONTROLS))) * 50 <= len(head)
