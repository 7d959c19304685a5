"""What every read file looks like to the rest of the importer: named columns, numbered rows, limits.

It must not know file formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from diwan.errors import TooLarge
from diwan.kit.i18n import LazyText, _
from diwan.kit.text import INVISIBLE, fold

MAX_BYTES = 25 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 500
MAX_CELL = 32_767  # Excel's own limit

Text = str | LazyText
SPACES = re.compile(r"\s+")


class Row(NamedTuple):
    """One row of data. `number` is the row that a spreadsheet shows: the header is usually row 1.

    `problem` says why the row as a whole cannot be read; `faults` why single cells cannot (by column index).
    """

    number: int
    cells: list[str]
    problem: Text | None = None
    faults: dict[int, Text] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """An opened file. Nothing is held in memory: every call of `rows` reads the file again from its beginning."""

    name: str
    kind: str  # csv | xlsx
    columns: tuple[str, ...]
    read: Callable[[int], Iterator[Row]] = field(repr=False)
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    expected: int = 0  # how many rows there are, roughly unless `counted`; 0 where nothing tells
    counted: bool = False

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Yield the rows whose number is greater than `after`, in order; blank rows are left out."""
        return self.read(after)

    def sample(self, count: int = 50) -> list[Row]:
        """Return the first rows."""
        return list(islice(self.rows(), count))


def plain(text: str) -> str:
    """Return the text without what eyes do not see: direction marks, zero-width and no-break spaces, outer space.

    For headers, numbers, dates, codes, e-mails and phones. Texts keep such marks, which mean something in a name.
    """
    if text.isascii():
        return text.strip()
    return INVISIBLE.sub("", text).replace("\u00a0", " ").replace("\u202f", " ").strip()


def name_columns(header: list[str]) -> tuple[str, ...]:
    """Return a unique, visible name for each header cell: empty ones become "Column 3", repeated ones "Phone 2"."""
    names, used = list[str](), set[str]()
    for index, cell in enumerate(header, 1):
        base = SPACES.sub(" ", plain(cell).replace("\x00", ""))[:200] or str(_("Column %(number)s", number=index))
        name, copy = base, 1
        while fold(name) in used:
            copy += 1
            name = f"{base} {copy}"
        used.add(fold(name))
        names.append(name)
    return tuple(names)


def trim(cells: list[str]) -> list[str]:
    """Return the cells without the blank ones at the end."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def width_of(header: list[str], rows: list[list[str]]) -> int:
    """Return how many columns the table has: a column without a name counts only where a row has something in it."""
    return max([len(trim(header)), *(min(len(trim(row)), len(header)) for row in rows)], default=0)


def ragged(count: int, width: int) -> Text:
    """What to say of a row with too few or too many cells."""
    text = _("This row has more or fewer cells (%(count)s) than there are columns (%(width)s).")
    return text % {"count": count, "width": width}


def too_long(cell: str) -> Text:
    """What to say of a cell that is longer than Excel itself allows."""
    return _("%(count)s characters; a cell takes %(limit)s.", count=len(cell), limit=MAX_CELL)


def too_many_rows() -> TooLarge:
    """The refusal of a longer file."""
    return TooLarge(_("This file has more than %(limit)s rows. Split it and import the parts.", limit=MAX_ROWS))


def too_many_columns(count: int) -> TooLarge:
    """The refusal of a wider file."""
    text = _("This file has %(count)s columns; at most %(limit)s can be read.", count=count, limit=MAX_COLUMNS)
    return TooLarge(text)
