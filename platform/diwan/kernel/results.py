"""What widgets, panels and health checks return: data that any face of the platform can show.

No HTML here, ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import Select

Tone = Literal["neutral", "good", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Stat:
    """One number, with what it means: `Stat(12, tone="bad", link="loans.loan?state=out")`.

    `link` is a resource's key with an optional query; `note` a few words beneath the number.
    """

    value: Any
    tone: Tone = "neutral"
    link: str = ""
    note: object = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """A short table: records of a select (`Loan.where(...)`), with the names of the fields to show."""

    select: Select[Any]
    columns: Sequence[str]
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of numbers: `Chart("bar", ["Jan", "Feb"], {"Loans": [3, 5]})`.

    kind: bar, line, area, pie, donut, funnel. `series` maps a name to one number for each label. `links` lead from the
    labels to records, written like a Stat's link; `title` says what the numbers are.
    """

    kind: Literal["bar", "line", "area", "pie", "donut", "funnel"]
    labels: Sequence[object]
    series: Mapping[Any, Sequence[int | float | Decimal | None]]
    links: Sequence[str] = ()
    title: object = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the health page: `text` says what was found and, if not `ok`, what to do. `plugin` may be empty."""

    name: object
    ok: bool
    text: object = ""
    plugin: str = ""
