"""Jobs for the tests of jobs. Each leaves rows in core.comment, so that what happened twice is seen.

The process that a test starts imports this file too.
"""

from __future__ import annotations

import time
from uuid import UUID

from sqlalchemy import text

from diwan import jobs
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.errors import Refuse
from diwan.kit import i18n
from diwan.kit.ids import uuid7

parked: list[tuple[dict[str, object], str]] = []
seen: list[tuple[str, str, str]] = []


def effect(title: str) -> None:
    """Do something in the transaction that can be counted."""
    current.session.connection().execute(
        text(
            "INSERT INTO core.comment (tenant_id, id, created_at, resource, record_id, body, author_name)"
            " VALUES (:tenant, :id, :at, 'test.effect', :id, :title, :actor)"
        ),
        {"tenant": current.tenant.id, "id": uuid7(), "at": now(), "title": title, "actor": current.user.name},
    )


@jobs.job("core.test.effect")
def one(title: str) -> None:
    effect(title)


@jobs.job("core.test.typed")
def typed(record: UUID, count: int = 1) -> None:
    assert isinstance(record, UUID)
    seen.append((current.user.name, i18n.language(), current.request_id))
    effect(f"{record} {count} {current.user.can('contacts.contact.read')}")


@jobs.job("core.test.slow", attempts=3, backoff=0.1)
def slow(title: str, seconds: float) -> None:
    """One transaction that is open for a while, then its effect."""
    effect(title)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        jobs.progress(1, 2, "working")
        time.sleep(0.05)


@jobs.job("core.test.sleep")
def sleep(title: str, seconds: float) -> None:
    effect(title)
    time.sleep(seconds)


@jobs.job("core.test.batches", batches=True, backoff=0.1)
def batches(title: str, total: int, pause: float = 0.0) -> None:
    """Resumes where it was: a row for each number."""
    with unit_of_work() as session:
        done = session.connection().execute(
            text("SELECT count(*) FROM core.comment WHERE tenant_id = :t AND body LIKE :p"),
            {"t": current.tenant.id, "p": f"{title} %"},
        ).scalar_one()  # fmt: skip
    for number in range(done, total):
        with unit_of_work():
            effect(f"{title} {number}")
            jobs.progress(number + 1, total, f"row {number}")
        time.sleep(pause)
        if jobs.cancelled():
            return


@jobs.job("core.test.fail", attempts=2, backoff=0.01, on_parked=lambda payload, error: parked.append((payload, error)))
def fail(title: str) -> None:
    effect(title)
    raise ValueError(f"no luck with {title}")


@jobs.job("core.test.refuse", on_parked=lambda payload, error: effect(error))
def refuse(title: str) -> None:
    effect(title)
    raise Refuse(i18n._("%(title)s is not for sale", title=title))


@jobs.job("core.test.long", timeout=1, attempts=1)
def too_long() -> None:
    try:
        time.sleep(5)
    except Exception:  # what a handler swallows must not be its time limit
        effect("swallowed")
