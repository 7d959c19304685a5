"""Which of several schedulers works: the one that holds the lease row in PostgreSQL.

A leader that was paused may wake up late: what it does must be harmless when done twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from diwan.db import unit_of_work
from diwan.db.base import Base, now

NAME = "scheduler"
CLOCK_FAULT = timedelta(minutes=1)
"""So far ahead of our clock `checked_at` may be; more means that a clock has jumped, and it is set anew."""

ACQUIRE = text(
    """INSERT INTO core.scheduler_lease AS held (name, holder, until, checked_at)
    VALUES (:name, :holder, :until, :moment)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE held.holder = excluded.holder OR held.until < :moment OR held.until > :absurd
    RETURNING checked_at"""
)
CHECKED = text("UPDATE core.scheduler_lease SET checked_at = :moment WHERE name = :name AND holder = :holder")
RELEASE = text("UPDATE core.scheduler_lease SET until = :moment WHERE name = :name AND holder = :holder")


class SchedulerLease(Base):
    """Who schedules until when, and up to which moment the schedules were looked at."""

    __tablename__ = "scheduler_lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]
    checked_at: Mapped[datetime]


def acquire(holder: str, seconds: float) -> datetime | None:
    """Take or keep the lead; return the moment up to which schedules were checked, None where another one leads."""
    moment = now()
    values = {
        "name": NAME,
        "holder": holder,
        "moment": moment,
        "until": moment + timedelta(seconds=seconds),
        "absurd": moment + timedelta(seconds=seconds) + CLOCK_FAULT,
    }
    with unit_of_work() as session:
        checked: datetime | None = session.connection().execute(ACQUIRE, values).scalar()
    if checked is not None and checked > moment + CLOCK_FAULT:
        return moment
    return checked


def checked(holder: str, moment: datetime) -> None:
    """Note up to which moment the schedules were looked at."""
    with unit_of_work() as session:
        session.connection().execute(CHECKED, {"name": NAME, "holder": holder, "moment": moment})


def release(holder: str) -> None:
    """Give the lead away, so that another scheduler need not wait for the lease to end."""
    with unit_of_work() as session:
        session.connection().execute(RELEASE, {"name": NAME, "holder": holder, "moment": now()})
