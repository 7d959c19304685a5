"""Turns the plugins' schedules into intentions: per tenant, in its time zone, each firing once.

However many schedulers look at the same minute: a firing has one id, and the table takes an id once.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from sqlalchemy import text

from diwan.db import scope, unit_of_work
from diwan.db.context import SYSTEM, Tenant
from diwan.events import outbox
from diwan.kernel.lineup import lineup_for
from diwan.kit import i18n

log = logging.getLogger("diwan.jobs")

MISSED = timedelta(days=1)
"""A firing that was missed is made up for once, if it is not older."""

TENANTS = text(
    """SELECT id, slug, name, country, language, timezone, currency, lineup_key, tailoring, brand, policy
    FROM core.tenant WHERE state = 'active' ORDER BY id"""
)


@dataclass(frozen=True, slots=True)
class Firing:
    """One schedule's turn for one tenant."""

    tenant: Tenant
    key: str
    plugin: str
    at: datetime
    id: UUID


def tenants() -> list[Tenant]:
    """Return the active tenants."""
    with unit_of_work() as session:
        return [Tenant(*row) for row in session.connection().execute(TENANTS)]


def fire(since: datetime, moment: datetime) -> int:
    """Write the intentions of all schedules whose time was after `since` and up to `moment`; return how many."""
    fired = 0
    for firing in due(tenants(), since, moment):
        token = i18n.set_language(firing.tenant.language)
        try:
            with scope(tenant=firing.tenant, user=SYSTEM, request_id=f"schedule-{firing.id}"), unit_of_work():
                fired += outbox.put_once(outbox.Intent("job", firing.key, id=firing.id))
        finally:
            i18n.reset_language(token)
    return fired


def due(among: list[Tenant], since: datetime, moment: datetime) -> Iterator[Firing]:
    """Yield what is due. Of several turns that a schedule missed only the last one counts."""
    since = max(since, moment - MISSED)
    for tenant in among:
        if not tenant.lineup_key:
            continue
        for contribution in lineup_for(tenant.lineup_key).schedules:
            cron: str = contribution.options["cron"]
            at = last_turn(cron, tenant.timezone, since, moment)
            if at is not None:
                yield Firing(tenant, contribution.key, contribution.plugin, at, firing_id(tenant.id, contribution, at))


def last_turn(cron: str, timezone: str, since: datetime, moment: datetime) -> datetime | None:
    """Return the last time of a cron expression in a zone that lies in (since, moment]."""
    if next_turn(cron, timezone, since) > moment:
        return None
    return _previous(cron, _zone(timezone), moment)


@lru_cache(maxsize=10_000)
def next_turn(cron: str, timezone: str, since: datetime) -> datetime:
    """Return the next time after `since` (many tenants share zone and expression, so it is computed once)."""
    turn: datetime = croniter(cron, since.astimezone(_zone(timezone))).get_next(datetime)
    return turn


def firing_id(tenant_id: int, contribution: Any, at: datetime) -> UUID:
    """Return the id of a firing: a UUIDv7 of its time whose other bits are a digest of tenant, schedule and time.

    At the end of summer time an hour comes twice: a fixed hour counts once (by the clock on the wall), `*` twice.
    """
    fixed_hour = "*" not in contribution.options["cron"].split()[1]
    wall = at.replace(tzinfo=None).isoformat() if fixed_hour else at.astimezone(UTC).isoformat()
    digest = hashlib.sha256(f"{tenant_id}|{contribution.key}|{wall}".encode()).digest()
    # The wall time, read as UTC, keeps the id the same for both passes through the hour.
    stamp = at.replace(tzinfo=UTC) if fixed_hour else at
    value = (int(stamp.timestamp() * 1000) << 80) | int.from_bytes(digest[:10], "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def _previous(cron: str, zone: ZoneInfo, moment: datetime) -> datetime:
    # get_prev excludes its start: begin a microsecond later, so that `moment` itself counts.
    turn: datetime = croniter(cron, (moment + timedelta(microseconds=1)).astimezone(zone)).get_prev(datetime)
    return turn


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        log.warning("unknown time zone %r, using UTC", name)
        return ZoneInfo("UTC")
