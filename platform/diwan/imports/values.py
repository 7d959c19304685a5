"""Turns the cells of one row into typed values of fields, as the file's writer meant them.

It must not touch the database: references come out as text, and `planning` finds them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from diwan.imports.table import Row, Table, plain
from diwan.imports.targets import SEVERAL, importable
from diwan.kit import i18n
from diwan.kit.i18n import _
from diwan.kit.phones import DIGITS
from diwan.kit.text import fold
from diwan.resources import Field, Resource

TYPED = frozenset(
    {"text", "longtext", "richtext", "bilingual"}
)  # kinds that keep every character; all others lose invisible ones
NUMBERS = frozenset({"integer", "decimal", "money", "quantity", "percent"})
DAY = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})")
COMMA_DECIMAL = re.compile(r"\d+(?:\.\d{3})*,(?:\d{1,2}|\d{4,})")
POINT_DECIMAL = re.compile(r"\d+(?:,\d{3})*\.(?:\d{1,2}|\d{4,})")
CURRENCY = re.compile(  # a sign, or a short word apart from the number: "$5", "KD 5", "5 د.ك"
    r"^(?:[A-Za-z\u0620-\u064a.]{1,5}\s+|[$€£¥₹﷼]\s*)|(?:\s+[A-Za-z\u0620-\u064a.]{1,5}|\s*[$€£¥₹﷼])$"
)
HYPERLINK = re.compile(r"[^#]*#([^#]*)#.*", re.DOTALL)  # how Microsoft Access writes a link: text#address#

Convert = Callable[[str], Any]


@dataclass(slots=True)
class Reading:
    """A row as values by field name (blank ones left out), what is wrong with it, and what was left behind."""

    row: Row
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


class _Column(NamedTuple):
    place: int
    name: str
    convert: Convert
    several: bool


class Remark(Exception):
    """A cell that says nothing usable, in a field that may stay empty: the row goes on without it."""


class RowReader:
    """Reads rows by a mapping of columns to fields. Defaults fill what a row leaves blank."""

    def __init__(
        self, resource: Resource, table: Table, columns: Mapping[str, str], defaults: Mapping[str, Any], timezone: str
    ) -> None:
        fields = importable(resource)
        samples = [row.cells for row in table.sample(200)]
        self.columns = []
        for index, column in enumerate(table.columns):
            if (name := columns.get(column, "")) in fields:
                convert = _converter(fields[name], samples, index, timezone)
                self.columns.append(_Column(index, name, convert, fields[name].kind.name in SEVERAL))
        self.fields = fields
        self.labels = {name: str(described.label) for name, described in fields.items()}
        self.defaults = {name: fields[name].parse(value) for name, value in defaults.items() if name in fields}

    def read(self, row: Row) -> Reading:
        """Return the values of one row."""
        reading = Reading(row)
        if row.problem:
            reading.problems.append(str(row.problem))
            return reading
        cells, faults, values = row.cells, row.faults, reading.values
        for index, name, convert, several in self.columns:
            cell = cells[index]
            if not cell:
                continue
            if faults and index in faults:
                reading.problems.append(f"{self.labels[name]}: {faults[index]}")
                continue
            try:
                value = convert(cell)
            except ValueError as error:
                problem = error.args[0] if error.args else _("This value does not fit.")
                reading.problems.append(f"{self.labels[name]}: {problem}")
                continue
            except Remark as remark:
                reading.remarks.append(f"{self.labels[name]}: {remark.args[0]}")
                continue
            if value is not None and value != []:
                values[name] = _together(values[name], value) if several and name in values else value
        return reading


def _together(former: Any, value: Any) -> Any:
    """Two columns that go to one field: lists are joined, long texts stand below each other."""
    return list(dict.fromkeys([*former, *value])) if isinstance(value, list) else f"{former}\n{value}"


def _converter(described: Field, samples: Sequence[Sequence[str]], index: int, timezone: str) -> Convert:
    """Return the function from a cell to a value of the field, made once a column, from what its cells look like."""
    kind, parse = described.kind.name, partial(described.kind.parse, described)
    if kind in TYPED:
        return parse
    if kind == "reference":
        return lambda cell: plain(cell) or None
    if kind == "references":
        return _names
    values = [plain(cells[index]).translate(DIGITS) for cells in samples if index < len(cells)]
    if kind in NUMBERS:
        comma = sum(bool(COMMA_DECIMAL.fullmatch(CURRENCY.sub("", v))) for v in values)
        point = sum(bool(POINT_DECIMAL.fullmatch(CURRENCY.sub("", v))) for v in values)
        return lambda cell: parse(_number(plain(cell), comma > point))
    if kind in ("date", "datetime"):
        month_first = _month_first(values)
        zone = ZoneInfo(timezone)
        return lambda cell: _date(described, plain(cell), month_first, zone)
    if kind in ("choice", "choices"):
        return _chooser(described)
    if kind == "url":
        return lambda cell: parse(_address(plain(cell)))
    return lambda cell: parse(plain(cell))


def _names(cell: str) -> list[str]:
    """The names or ids of several records in one cell; `planning` finds the records."""
    return [part for part in (plain(piece) for piece in re.split(r"[;|\n]|,(?=\s)|،", cell)) if part]


def _number(text: str, comma: bool) -> str:
    """The number without currency and separators of thousands, with a decimal point."""
    text = CURRENCY.sub("", text.translate(DIGITS).strip("%٪ ")).replace(" ", "").replace("'", "").replace("\u066c", "")
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]  # how accountants write a negative number
    if comma:
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", "").replace("\u066b", ".")


def _month_first(values: Sequence[str]) -> bool:
    """Whether 3/4/2026 means March 4th: only a file that shows a "month" above 12 in second place writes so."""
    days = [match for value in values if (match := DAY.match(value))]
    return any(int(d[2]) > 12 for d in days) and not any(int(d[1]) > 12 for d in days)


def _date(described: Field, text: str, month_first: bool, zone: ZoneInfo) -> Any:
    text = text.translate(DIGITS)
    if found := DAY.match(text):
        day, month, year = (found[2], found[1], found[3]) if month_first else (found[1], found[2], found[3])
        if len(year) == 2:
            year = ("20" if int(year) < 70 else "19") + year
        text = f"{year}-{int(month):02}-{int(day):02}" + text[found.end() :]
    if described.kind.name == "date":
        return described.parse(text.partition(" ")[0].partition("T")[0])
    moment = described.parse(text)
    # A moment without a zone was meant on the clock of the business; the field took it for UTC.
    if moment is not None and not re.search(r"(?:Z|[+-]\d\d:?\d\d)$", text):
        return moment.replace(tzinfo=zone).astimezone(UTC)
    return moment


def _chooser(described: Field) -> Convert:
    """Choices by value or label, in any language that Diwan speaks; several in one cell with commas between them."""
    known: dict[str, str] = {}
    for code in i18n.LANGUAGES:
        token = i18n.set_language(code)
        try:
            known.update({fold(str(label)): value for value, label in described.choices.items()})
        finally:
            i18n.reset_language(token)
    known |= {fold(value): value for value in described.choices}
    if described.kind.name == "choice":
        return lambda cell: described.parse(known.get(fold(cell), plain(cell)))

    def several(cell: str) -> Any:
        parts = [part for part in re.split(r"[,;|،\n]", plain(cell)) if part.strip()]
        return described.parse([known.get(fold(part), part.strip()) for part in parts])

    return several


def _address(text: str) -> str:
    """The address of a link, also from the form of Microsoft Access. Raises Remark for a link into somebody's disk."""
    if not (found := HYPERLINK.fullmatch(text)):
        return text
    address = found[1].strip()
    if "://" in address or address.lower().startswith("www."):
        return address
    raise Remark(_("“%(text)s” leads to no web address; left empty.", text=text[:80]))
