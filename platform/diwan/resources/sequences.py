"""Numbers that new records draw: without gaps, one after another, anew each year or month if the pattern says so.

The row of a sequence stays locked until the transaction ends, so that a number that was not used comes again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from diwan.resources.patterns import check_pattern, period, shape

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
        "tenant": current.tenant.id, "key": f"{resource.key}.{described.name}", "period": period(pattern, moment),
        "count": count,
    }  # fmt: skip
    first = current.session.connection().execute(DRAW, values).scalar_one()
    return [shape(pattern, first + place, moment) for place in range(count)]
