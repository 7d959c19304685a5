"""The three formats: CSV and XLSX for people and spreadsheets, JSON Lines for programs.

It must let no cell become a formula: what somebody typed into a name is never run on somebody else's computer.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from diwan.errors import Refuse
from diwan.exports.reading import Rows
from diwan.exports.values import cells, line, texts
from diwan.kit.i18n import _, direction
from diwan.resources import Field, Resource
from diwan.resources.filters import described

BOM = "\ufeff"
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*%?")
TELEPHONE = re.compile(r"\+?[\d ()]+")
"""Without signs of arithmetic: no spreadsheet works it out, and an import reads it again."""
MOST_XLSX_ROWS = 100_000
LONGEST_CELL = 32_767
NUMERIC = frozenset({"integer", "decimal", "money", "quantity", "percent"})
MOST_DIGITS = 15
"""Digits that a spreadsheet's number keeps; longer ones stay texts."""


def csv_lines(resource: Resource, columns: Sequence[str], pages: Iterable[Rows], *, bom: bool = True) -> Iterator[str]:
    """Yield a CSV file with the fields' labels as its header, one text for each page. bom: for Excel's sake."""
    fields = [described(resource, name) for name in columns]
    buffer = _Echo()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([_guarded(str(field.label), numeric=False) for field in fields])
    yield (BOM if bom else "") + buffer.take()
    for page in pages:
        shown = _by_column(fields, page, texts)
        numeric = [field.kind.name in NUMERIC for field in fields]
        for row in zip(*shown, strict=True):
            writer.writerow([_guarded(text, numeric=n) for text, n in zip(row, numeric, strict=True)])
        yield buffer.take()


def jsonl_lines(resource: Resource, columns: Sequence[str], pages: Iterable[Rows]) -> Iterator[bytes]:
    """Yield a JSON object for each record, by field names with its id, as the API writes values; one text a page."""
    for name in columns:
        described(resource, name)
    names = ["id", *columns]
    for page in pages:
        yield b"".join(line(dict(zip(names, row, strict=True))) for row in page)


def xlsx_file(resource: Resource, columns: Sequence[str], pages: Iterable[Rows], out: IO[bytes]) -> int:
    """Write a workbook of one sheet; return the number of records. Raises Refuse for more than it should hold."""
    fields = [described(resource, name) for name in columns]
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", str(resource.labels))[:31] or "Diwan")
    sheet.sheet_view.rightToLeft = direction() == "rtl"
    sheet.freeze_panes = "A2"
    for number, field in enumerate(fields):
        sheet.column_dimensions[_letters(number)].width = 30 if field.name == resource.title else 18
    try:
        count = _fill(sheet, fields, pages)
    except BaseException:
        sheet.close()  # ends the writer, which would otherwise write into a file that is gone
        raise
    book.save(out)
    return count


def _fill(sheet: Any, fields: Sequence[Field], pages: Iterable[Rows]) -> int:
    bold, count = Font(bold=True), 0
    sheet.append([_text_cell(sheet, str(field.label), bold) for field in fields])
    for page in pages:
        count += len(page)
        if count > MOST_XLSX_ROWS:
            most = f"{MOST_XLSX_ROWS:,}"
            raise Refuse(_("An Excel file takes at most %(most)s records. Filter the list, or export CSV.", most=most))
        for row in zip(*_by_column(fields, page, cells), strict=True):
            sheet.append([_cell(sheet, value) for value in row])
    return count


def _by_column(fields: Sequence[Field], page: Rows, show: Any) -> list[list[Any]]:
    values = list(zip(*page, strict=True))[1:] or [()] * len(fields)
    return [show(field, column) for field, column in zip(fields, values, strict=True)]


def _guarded(text: str, *, numeric: bool) -> str:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers."""
    if text.startswith(DANGEROUS) and not numeric and not NUMBER.fullmatch(text) and not TELEPHONE.fullmatch(text):
        return f"'{text}"
    return text


def _cell(sheet: Any, value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, Decimal):
        return value if len(value.as_tuple().digits) <= MOST_DIGITS else _text_cell(sheet, format(value, "f"))
    if isinstance(value, bool | float | timedelta):
        return value
    if isinstance(value, int):
        return value if len(str(abs(value))) <= MOST_DIGITS else _text_cell(sheet, str(value))
    if hasattr(value, "isoformat"):
        return value if value.year >= 1900 else _text_cell(sheet, value.isoformat())
    [text] = texts(Field(label=""), [value])
    return _text_cell(sheet, text)


def _text_cell(sheet: Any, text: str, font: Font | None = None) -> Any:
    made: Any = WriteOnlyCell(sheet, value="")
    made._value = ILLEGAL_CHARACTERS_RE.sub("", text)[:LONGEST_CELL]
    made.data_type = "s"  # a text, also where it begins like a formula
    if font is not None:
        made.font = font
    return made


def _letters(number: int) -> str:
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class _Echo:
    """A file that keeps what was written until it is taken."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        self.parts.append(text)
        return len(text)

    def take(self) -> str:
        text = "".join(self.parts)
        self.parts.clear()
        return text
