"""Reads delimited text: encoding, delimiter, rows as a stream; a broken row is reported and the next one is read.

It must not hold more of the file than one record, nor raise for what is wrong with a single row.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path

from diwan.errors import Refuse, TooLarge
from diwan.imports import encodings
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
from diwan.kit.i18n import LazyText, _

DELIMITERS: dict[str, LazyText] = {",": _("Comma"), ";": _("Semicolon"), "\t": _("Tab"), "|": _("Vertical bar")}
MAX_LINE = 1_000_000
SAMPLE_CHARACTERS = 64 * 1024
SEPARATOR_LINE = re.compile(r"sep=(.)\s*$", re.IGNORECASE)  # Excel's own hint, which Excel does not show
ESCAPED = ("'=", "'+", "'-", "'@", "'\t", "'\r")


class Lines:
    """Feeds lines to the csv module, remembers those of the record under way, and can take lines back."""

    def __init__(self, stream: io.TextIOBase) -> None:
        self.stream = stream
        self.record: list[str] = []
        self.again: deque[str] = deque()

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else self.stream.readline(MAX_LINE + 1)
        if not line:
            raise StopIteration
        if len(line) > MAX_LINE:
            raise TooLarge(_("This file has a line of more than a million characters. Is it really a table?"))
        self.record.append(line)
        return line

    def give_up(self) -> str:
        """Keep only the first line of a broken record, and read the others again as records of their own."""
        first, *rest = self.record
        self.again.extendleft(reversed(rest))
        return first.rstrip("\r\n")


def open_csv(path: Path, name: str, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """Open a delimited text file. Encoding and delimiter are found out unless given."""
    codec = _codec(encoding) or encodings.detect(path)
    with _open(path, codec) as stream:
        lines = _sample(stream)
    if delimiter and delimiter not in DELIMITERS:
        raise Refuse(_("This delimiter is not supported."), field="delimiter")
    hint = SEPARATOR_LINE.match(lines[0]) if lines else None
    separator = delimiter or (hint[1] if hint and hint[1] in DELIMITERS else _sniff(lines))
    records = _records(path, codec, separator)
    try:
        header = next((cells for _number, cells, problem in records if problem is None), None)
        sample = [cells for _number, cells, _problem in islice(records, 50)]
    finally:
        records.close()
    if not header:
        raise Refuse(_("This file has no header row. The first row must hold the names of the columns."))
    width = width_of(header, sample)
    if width > MAX_COLUMNS:
        raise too_many_columns(width)
    columns = name_columns(header[:width])

    def read(after: int) -> Iterator[Row]:
        return _rows(path, codec, separator, len(columns), after)

    expected, counted = _expected(path, lines, separator)
    return Table(name, "csv", columns, read, _public(codec), separator, expected=expected, counted=counted)


def _expected(path: Path, lines: list[str], delimiter: str) -> tuple[int, bool]:
    """How many rows the file has: counted if the sample is all of it, otherwise by the length of its first rows."""
    rows = sum(bool("".join(row).strip()) for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True)) - 1
    if sum(map(len, lines)) < SAMPLE_CHARACTERS // 2:
        return max(rows, 0), True
    size = sum(len(line.encode("utf-8", "replace")) for line in lines)
    return round(path.stat().st_size * rows / size), False


def _codec(encoding: str | None) -> str | None:
    """The codec for a person's choice; Unicode choices still honour a byte-order mark."""
    if not encoding:
        return None
    if encoding not in encodings.ENCODINGS:
        raise Refuse(_("This encoding is not supported."), field="encoding")
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _public(codec: str) -> str:
    return "utf-16" if codec.startswith("utf-16") else codec.removesuffix("-sig")


def _open(path: Path, codec: str) -> io.TextIOWrapper:
    return path.open("r", encoding=codec, errors="replace", newline="")


def _sample(stream: io.TextIOBase) -> list[str]:
    """The complete lines at the beginning of the file."""
    text = stream.read(SAMPLE_CHARACTERS)
    lines = list(io.StringIO(text, newline=""))
    return lines[:-1] if len(text) == SAMPLE_CHARACTERS and len(lines) > 1 else lines


def _sniff(lines: list[str]) -> str:
    """The delimiter that cuts most rows into as many cells as the first one."""
    best, chosen = (0.0, 1), ","
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in islice(csv.reader(lines, delimiter=delimiter), 60) if any(row)]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 1
        if width > 1:
            share = sum(len(row) == width for row in rows) / len(rows)
            if (share, width) > best:
                best, chosen = (share, width), delimiter
    return chosen


def _records(path: Path, codec: str, delimiter: str) -> Generator[tuple[int, list[str], Text | None], None, None]:
    """Yield the records that are not blank: row number, cells, and what is wrong with the row as a whole."""
    with _open(path, codec) as stream:
        lines = Lines(stream)
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
        number = 0
        while True:
            lines.record.clear()
            problem: Text | None = None
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                cells = [lines.give_up()]
                problem = _("The quotation marks of this row do not match.")
            if number == 0 and SEPARATOR_LINE.match(lines.record[0]):
                continue
            number += 1
            if not any(cells) or not any(map(str.strip, cells)):
                continue
            problem = problem or _damage(lines.record)
            yield number, cells, problem


def _damage(record: list[str]) -> Text | None:
    for line in record:
        if "\x00" in line:
            return _("This row holds a null character, which is no text.")
        if "\ufffd" in line:
            return _("This row holds characters that cannot be read in the chosen encoding.")
    return None


def _rows(path: Path, codec: str, delimiter: str, width: int, after: int) -> Iterator[Row]:
    records = _records(path, codec, delimiter)
    for _number, _cells, problem in records:
        if problem is None:
            break  # the header
    for count, (number, cells, problem) in enumerate(records, 1):
        if count > MAX_ROWS:
            raise too_many_rows()
        if number > after:
            yield _row(number, cells, problem, width)


def _row(number: int, cells: list[str], problem: Text | None, width: int) -> Row:
    faults: dict[int, Text] | None = None
    if len(cells) > width and not any(map(str.strip, cells[width:])):
        cells = cells[:width]
    if len(cells) != width and problem is None:
        problem = ragged(len(cells), width)
    if max(map(len, cells)) > MAX_CELL:
        faults = {index: too_long(cell) for index, cell in enumerate(cells) if len(cell) > MAX_CELL}
        cells = [cell[:MAX_CELL] for cell in cells]
    if any(cell.startswith("'") for cell in cells):
        # The mark with which exports keep Excel from running a text as a formula.
        cells = [cell[1:] if cell.startswith(ESCAPED) else cell for cell in cells]
    return Row(number, cells, problem, faults)
