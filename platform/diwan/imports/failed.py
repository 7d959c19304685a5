"""Writes rows that could not be imported back as a file that people can repair in Excel and upload again.

It must not let a cell become a formula in the program that opens the file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import TextIO

from diwan.imports.table import Text
from diwan.kit.i18n import _

BOM = "\ufeff"  # without it Excel reads UTF-8 as the machine's old code page
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"-\d+(?:[.,]\d+)*")


def harmless(cell: str) -> str:
    """Return the cell with an apostrophe before what Excel would run as a formula; reading takes it away again."""
    text = cell.replace("\x00", "")
    if text.startswith(DANGEROUS) and not NUMBER.fullmatch(text):
        return "'" + text
    return text


def write_failed(stream: TextIO, columns: Sequence[str], rows: Iterable[tuple[Sequence[str], Text]]) -> int:
    """Write the columns of the original and one more, "Problem"; return how many rows were written.

    `stream` must be opened with encoding="utf-8", newline="". A row shorter or longer than the columns keeps its cells.
    """
    stream.write(BOM)
    writer = csv.writer(stream)
    width = len(columns)
    writer.writerow([*map(harmless, columns), harmless(str(_("Problem")))])
    count = 0
    for cells, problem in rows:
        count += 1
        kept = [harmless(cell) for cell in cells]
        padding = [""] * (width - len(kept))
        writer.writerow([*kept[:width], *padding, harmless(str(problem)), *kept[width:]])
    return count
