"""Reads Excel workbooks as a stream of rows of text: values only, never evaluating anything.

A formula gives the result that Excel stored with it, which is what the person saw; without one the cell is at fault.
It must not open a package before `check_package` has measured it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any

from diwan.errors import DiwanError, Refuse, TooLarge
from diwan.imports.table import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    Row,
    Table,
    Text,
    name_columns,
    ragged,
    too_long,
    too_many_columns,
    too_many_rows,
    width_of,
)
from diwan.kit.i18n import _

MAX_UNPACKED = 256 * 1024 * 1024
MAX_RATIO = 150  # sheets pack 10 to 50 times; deflate's limit, which bombs use, is about 1,030
MAX_PARTS = 2_000
DAMAGED = _("This Excel file is damaged or not really one. Open it in Excel, save it again as .xlsx, and upload that.")


def check_package(path: Path) -> None:
    """Refuse a zip that is no workbook, or that would unpack into more than this machine should hold."""
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as error:
        raise Refuse(DAMAGED) from error
    names = {part.filename for part in parts}
    if "xl/workbook.bin" in names:
        raise Refuse(_("Binary Excel workbooks (.xlsb) cannot be read. Save it as .xlsx and upload that."))
    if "xl/workbook.xml" not in names:
        if "content.xml" in names:
            raise Refuse(_("OpenDocument files cannot be read. Save it as .xlsx or .csv and upload that."))
        raise Refuse(_("This is a zip archive, not a table. Unpack it and upload the .csv or .xlsx file inside."))
    size, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if len(parts) > MAX_PARTS or size > MAX_UNPACKED or (size > 1 << 20 and size > MAX_RATIO * max(packed, 1)):
        raise TooLarge(_("This file unpacks to far more than it should. Save the sheet as .csv, and upload that."))


def open_xlsx(path: Path, name: str, sheet: str | None = None) -> Table:
    """Open one sheet of a workbook: the named one, or the first visible one that has rows."""
    check_package(path)
    with _opened(path) as book:
        sizes = {s.title: s.max_row or 0 for s in book.worksheets if s.sheet_state == "visible"}
    sheets = tuple(sizes)
    if not sheets:
        raise Refuse(_("This workbook has no visible sheet."))
    if sheet and sheet not in sheets:
        raise Refuse(_("This workbook has no sheet of this name."), field="sheet")
    for title in [sheet] if sheet else sheets:
        with closing(_records(path, title)) as records:
            header = next(records, None)
            if header is None:
                continue
            width = width_of(header.cells, [row.cells for row in islice(records, 50)])
        if width > MAX_COLUMNS:
            raise too_many_columns(width)
        columns = name_columns(header.cells[:width])

        def read(after: int, title: str = title, width: int = width) -> Iterator[Row]:
            return _rows(path, title, width, after)

        return Table(name, "xlsx", columns, read, sheet=title, sheets=sheets, expected=min(sizes[title], MAX_ROWS))
    raise Refuse(_("This sheet is empty. The first row must hold the names of the columns."))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A workbook; whatever a malformed one makes the library raise becomes one clear refusal."""
    try:
        # A stream, because the library judges a path by its suffix, and stored files have none.
        with path.open("rb") as stream, closing(_load(stream)) as book:
            yield book
    except DiwanError:
        raise
    except Exception as error:  # the library raises whatever the damage leads to: KeyError, zlib.error, ParseError ...
        raise Refuse(DAMAGED) from error


def _load(stream: IO[bytes]) -> Any:
    from openpyxl import load_workbook

    return load_workbook(stream, read_only=True, data_only=True, keep_links=False)


def _rows(path: Path, title: str, width: int, after: int) -> Iterator[Row]:
    records = _records(path, title)
    next(records, None)  # the header
    for count, row in enumerate(records, 1):
        if count > MAX_ROWS:
            raise too_many_rows()
        if row.number <= after:
            continue
        spare = width - len(row.cells)
        if spare >= 0:
            row.cells.extend([""] * spare)
        elif any(map(str.strip, row.cells[width:])):
            row = row._replace(problem=ragged(len(row.cells), width))
        else:
            row = row._replace(cells=row.cells[:width])
        yield row


def _records(path: Path, title: str) -> Generator[Row, None, None]:
    """Yield the rows of a sheet that are not blank, as text, without padding at the end."""
    with _opened(path) as book:
        sheet = book[title]
        with sheet._get_source() as source:
            number = 0
            for index, cells in _parser(source, sheet).parse():
                number = max(index, number + 1)  # a number given twice would be recorded once
                row = _row(number, cells, book)
                if any(map(str.strip, row.cells)):
                    yield row


def _parser(source: Any, sheet: Any) -> Any:
    from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

    class Parser(WorkSheetParser):
        """Reads stored results; a formula without one is told from an empty cell and from the result ""."""

        def parse_cell(self, element: Any) -> dict[str, Any]:
            cell: dict[str, Any] = super().parse_cell(element)
            formula = element.find(FORMULA_TAG)
            if formula is not None and not element.findtext(VALUE_TAG) and element.get("t") != "str":
                cell.update(data_type="f", value=f"={formula.text or ''}")
            return cell

    book = sheet.parent
    return Parser(
        source, sheet._shared_strings, data_only=True, epoch=book.epoch,
        date_formats=book._date_formats, timedelta_formats=book._timedelta_formats,
    )  # fmt: skip


def _row(number: int, cells: list[dict[str, Any]], book: Any) -> Row:
    texts, faults = list[str](), dict[int, Text]()
    for cell in cells:
        value = cell["value"]
        if value is None or value == "":
            continue
        index = cell["column"] - 1
        if index >= MAX_COLUMNS:
            raise too_many_columns(index + 1)
        texts.extend([""] * (index + 1 - len(texts)))
        texts[index] = _text(value, cell["style_id"], book)
        if fault := _fault(cell["data_type"], texts[index]):
            faults[index] = fault
            texts[index] = texts[index][:MAX_CELL].replace("\x00", "")
    return Row(number, texts, None, faults or None)


def _fault(kind: str, text: str) -> Text | None:
    if kind == "f":
        return _("A formula without a stored result. Open the file in Excel, save it there, and upload it again.")
    if kind == "e":
        return _("Excel shows the error %(error)s here.", error=text)
    if len(text) > MAX_CELL:
        return too_long(text)
    if "\x00" in text:
        return _("A null character, which is no text.")
    return None


def _text(value: object, style: int, book: Any) -> str:
    """A cell as a person would type it: ISO dates, plain numbers, the zeros that a format puts in front."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        text = str(value)
        return text.zfill(_leading_zeros(style, book)) if style and len(text) < 12 else text
    if isinstance(value, float):
        # Excel keeps 15 significant digits; more is noise of the binary form.
        return format(Decimal(f"{value:.15g}"), "f")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _leading_zeros(style: int, book: Any) -> int:
    code = book._cell_styles[style].numFmtId
    custom = book._number_formats[code - 164] if 164 <= code < 164 + len(book._number_formats) else ""
    return len(custom) if custom and not custom.strip("0") else 0
