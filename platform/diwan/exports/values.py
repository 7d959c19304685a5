"""Values as files hold them: texts that people read and an import understands again, or typed cells.

It must name referred records with one statement for a page and column, never one for a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from diwan.db.context import current
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.resources import Field
from diwan.resources.kinds.texts import plain_text
from diwan.resources.search import titles

BETWEEN = ", "


def texts(subject: Field, values: Sequence[Any]) -> list[str]:
    """Return one column of a page as texts."""
    return [_text(value) for value in cells(subject, values)]


def cells(subject: Field, values: Sequence[Any]) -> list[Any]:
    """Return one column of a page as a spreadsheet holds it: numbers, dates and texts. Moments are local times."""
    kind = subject.kind.name
    if kind == "reference":
        named = titles(subject.reference, values)
        return [named.get(value, str(value)) if value is not None else None for value in values]
    if kind == "references":
        named = titles(subject.reference, {item for value in values for item in value or ()})
        return [BETWEEN.join(named.get(item, str(item)) for item in value or ()) for value in values]
    if kind == "boolean":
        yes, no = str(_("Yes")), str(_("No"))
        return [None if value is None else yes if value else no for value in values]
    if kind == "datetime":
        zone = ZoneInfo(current.tenant.timezone)
        return [value.astimezone(zone).replace(tzinfo=None) if value is not None else None for value in values]
    if kind == "richtext":
        return [plain_text(value) if value else value for value in values]
    if kind == "country":
        return [formats.country(value) if value else None for value in values]
    if subject.choices:
        labels = {value: str(label) for value, label in subject.choices.items()}
        return [_labelled(labels, value) for value in values]
    return list(values)


def _labelled(labels: dict[str, str], value: Any) -> Any:
    if isinstance(value, list | tuple):
        return BETWEEN.join(labels.get(item, str(item)) for item in value)
    return labels.get(value, value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration(value)
    if isinstance(value, dict):
        return BETWEEN.join(str(part) for part in value.values() if part)
    if isinstance(value, list | tuple):
        return BETWEEN.join(str(item) for item in value)
    return str(value)


def duration(value: timedelta) -> str:
    """Return a length of time as hours and minutes: 26:05."""
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    hours, minutes = divmod(abs(minutes), 60) if minutes >= 0 else divmod(-minutes, 60)
    sign = "-" if value.total_seconds() < 0 else ""
    return f"{sign}{hours}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


def plain(value: Any) -> Any:
    """Return what orjson does not know: decimals as texts, so that no digit is lost; lengths of time by ISO 8601."""
    if isinstance(value, timedelta):
        return f"PT{int(value.total_seconds())}S"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def line(row: dict[str, Any]) -> bytes:
    """Return one record as a line of JSON."""
    return orjson.dumps(row, default=plain, option=orjson.OPT_APPEND_NEWLINE)
