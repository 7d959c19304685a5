"""Numbers that new records draw: without gaps, one after another, anew each year or month if the pattern says so.

The row of a sequence stays locked until the transaction ends, so that a number that was not used comes again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from diwan import audit
from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import Invalid
from diwan.kit.i18n import _
from diwan.resources.declare import Resource
from diwan.resources.fields import Field

WIDTH = re.compile(r"0?[1-9]|")
PLACES = ("year", "month", "day", "n")
LONGEST = 60

DRAW = text(
    "INSERT INTO core.sequence (tenant_id, key, period, next) VALUES (:tenant, :key, :period, 1 + :count)"
    " ON CONFLICT (tenant_id, key, period) DO UPDATE SET next = core.sequence.next + :count RETURNING next - :count"
)
READ = text("SELECT values -> 'sequences' ->> :key FROM core.setting WHERE tenant_id = :tenant AND plugin = :plugin")
WRITE = text(
    "INSERT INTO core.setting (tenant_id, plugin, values)"
    " VALUES (:tenant, :plugin, jsonb_build_object('sequences', jsonb_build_object(:key ::text, :pattern ::text)))"
    " ON CONFLICT (tenant_id, plugin) DO UPDATE SET version = core.setting.version + 1, values = jsonb_set("
    "core.setting.values, '{sequences}', coalesce(core.setting.values -> 'sequences', '{}')"
    " || jsonb_build_object(:key ::text, :pattern ::text))"
)


def check_pattern(pattern: str) -> str | None:
    """Return what is wrong with a pattern such as "L-{year}-{n:04}", or None."""
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError:
        return f"{pattern!r} has a brace too many or too few"
    names = [name for _literal, name, _width, _conversion in parts if name is not None]
    if "n" not in names or set(names) - set(PLACES):
        return f"{pattern!r} needs {{n}} and may have {{year}}, {{month}} and {{day}}"
    if "day" in names and not {"year", "month"} <= set(names):
        return f"{pattern!r} has {{day}} without {{year}} and {{month}}"
    if "month" in names and "year" not in names:
        return f"{pattern!r} has {{month}} without {{year}}"
    if any(conversion or not WIDTH.fullmatch(width or "") for _l, name, width, conversion in parts if name):
        return f"{pattern!r}: write how many digits as in {{n:04}}"
    return None if len(pattern) <= LONGEST else f"{pattern!r} is longer than {LONGEST} characters"


def get_pattern(resource: Resource, field: str) -> str:
    """Return the pattern of a field's numbers in this business: its own, or the declared one."""
    values = {"tenant": current.tenant.id, "plugin": resource.plugin, "key": f"{resource.name}.{field}"}
    own = current.session.connection().execute(READ, values).scalar()
    return own or resource.fields[field].sequence


def set_pattern(resource: Resource, field: str, pattern: str) -> None:
    """Give the numbers of a field another pattern in this business. Raises Invalid."""
    described = resource.fields[field]
    if not described.sequence:
        raise Invalid({field: _("This field has no sequence of numbers.")})
    if check_pattern(pattern):
        raise Invalid({field: _("Write a pattern such as L-{year}-{n:04}: {n} is the number, {year} the year.")})
    before = get_pattern(resource, field)
    values = {"tenant": current.tenant.id, "plugin": resource.plugin, "key": f"{resource.name}.{field}"}
    current.session.connection().execute(WRITE, {**values, "pattern": pattern})
    name = f"{resource.key}.{field}"
    audit.record("update", "core.setting", None, name, {"pattern": before}, {"pattern": pattern})


def draw(resource: Resource, record: Any, field: str) -> str:
    """Give a record the next number of a field now, if it has none yet: for life-cycles that number later."""
    if not getattr(record, field):
        setattr(record, field, _draw(resource, resource.fields[field], 1)[0])
    return str(getattr(record, field))


def draw_for(resource: Resource, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the numbers of new records, one mapping a row; a row that brings its own number keeps it."""
    drawn: list[dict[str, str]] = [{} for _row in rows]
    for name, described in resource.fields.items():
        if not described.sequence or described.nullable:  # an optional number is drawn later, by `draw`
            continue
        blank = [place for place, row in enumerate(rows) if not row.get(name)]
        for place, number in zip(blank, _draw(resource, described, len(blank)) if blank else (), strict=True):
            drawn[place][name] = number
    return drawn


def _draw(resource: Resource, described: Field, count: int) -> list[str]:
    pattern = get_pattern(resource, described.name)
    moment = now().astimezone(ZoneInfo(current.tenant.timezone))
    values = {
        "tenant": current.tenant.id, "key": f"{resource.key}.{described.name}", "period": _period(pattern, moment),
        "count": count,
    }  # fmt: skip
    first = current.session.connection().execute(DRAW, values).scalar_one()
    return [shape(pattern, first + place, moment) for place in range(count)]


def shape(pattern: str, number: int, moment: datetime) -> str:
    """Return a number as a pattern shows it."""
    return pattern.format(n=number, year=moment.year, month=f"{moment.month:02}", day=f"{moment.day:02}")


def _period(pattern: str, moment: datetime) -> str:
    """The span within which numbers go up, after which they begin anew: a day, a month, a year or forever."""
    form = "%Y-%m-%d" if "{day" in pattern else "%Y-%m" if "{month" in pattern else "%Y" if "{year" in pattern else ""
    return moment.strftime(form)
