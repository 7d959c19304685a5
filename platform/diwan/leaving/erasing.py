"""Erases a business whose time is up: rows, files, messages, accounts of nobody else's; then proves that all is gone.

It must bear being stopped anywhere and going on, twice at the same time as well. It opens its own units of work.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from diwan import files, jobs
from diwan.db import current, scope, unit_of_work
from diwan.db.base import now
from diwan.db.context import SYSTEM
from diwan.errors import Unavailable
from diwan.jobs.faults import QUEUE_AWAY, database_away
from diwan.kit.i18n import _
from diwan.kit.ids import sha256, uuid7
from diwan.leaving import catalogue, closing, takeouts
from diwan.leaving.catalogue import TenantTable
from diwan.leaving.models import Erasure
from diwan.tenants.models import Tenant

log = logging.getLogger("diwan.leaving")

BATCH = 2_000
FILES = 500
ROUNDS = 20
"""Rows that hold rows of their own table go leaf by leaf; after so many rounds the rest goes in one statement."""
SLICE = 3.0
"""Seconds that the scheduler spends on it in one round."""

PAUSE = 300.0
"""Seconds that it leaves a business alone which it could not erase."""
_rest: dict[int, float] = {}

MEMBERS = text("SELECT user_id FROM core.membership WHERE tenant_id = :tenant")
ERASE = text("SELECT core.erase_rows(:table, :most)")
UNTIE = text("SELECT core.erase_knot(CAST(:tables AS regclass[]))")
COUNTED = text(
    """UPDATE core.erasure SET counts = counts || jsonb_build_object(CAST(:key AS text),
        coalesce(CAST(counts ->> :key AS bigint), 0) + :rows) WHERE id = :id"""
)
FILED = text("UPDATE core.erasure SET files = files + :files, bytes = bytes + :bytes WHERE id = :id")
# Locked first: somebody who founds another business at this moment keeps the account.
LOCKED = text('SELECT id FROM core."user" WHERE id = ANY(:people) ORDER BY id FOR UPDATE')
LONELY = text(
    """SELECT w FROM core.without_business(:people) w WHERE NOT EXISTS (
        SELECT 1 FROM core.operator o WHERE o.user_id = w)"""
)
CHALLENGES = text(
    'DELETE FROM core.challenge WHERE email IN (SELECT u.email FROM core."user" u WHERE u.id = ANY(:people))'
)
PERSONS = text('DELETE FROM core."user" WHERE id = ANY(:people)')
FORGOTTEN = text(
    """UPDATE core."user" SET preferences = preferences #- ARRAY['menus', CAST(:tenant AS text)]
    WHERE id = ANY(:people) AND preferences -> 'menus' ? CAST(:tenant AS text)"""
)
GONE = text(
    """DELETE FROM core.tenant WHERE id = :tenant AND state = 'closing' AND closes_at <= :moment RETURNING id"""
)


class NotErased(Exception):
    """Something of a business remains; `remains` says what."""

    def __init__(self, remains: dict[str, Any]) -> None:
        super().__init__(", ".join(f"{key}: {value}" for key, value in remains.items()))
        self.remains = remains


@dataclass(slots=True)
class Deadline:
    """How long one slice of the work may take; without seconds it ends only with the work."""

    seconds: float | None = None
    begun: float = field(default_factory=time.monotonic)

    @property
    def passed(self) -> bool:
        return self.seconds is not None and time.monotonic() - self.begun > self.seconds


def due() -> list[Tenant]:
    """Return the closed businesses whose time is up, the longest waiting first."""
    with scope(), unit_of_work() as session:
        wanted = select(Tenant).where(Tenant.state == closing.CLOSING, Tenant.closes_at <= now())
        found = list(session.scalars(wanted.order_by(Tenant.closes_at).limit(20)))
        for tenant in found:
            session.expunge(tenant)
        return found


def erase_due(seconds: float | None = SLICE) -> int:
    """Work on the businesses that are due, for some seconds; return how many are erased now. The scheduler's chore."""
    deadline, done = Deadline(seconds), 0
    for tenant in due():
        if deadline.passed:
            break
        if time.monotonic() < _rest.get(tenant.id, 0.0):
            continue
        try:
            done += erase(tenant, by="scheduler", deadline=deadline) is not None
        except Exception as error:
            if database_away(error):
                raise
            # It stays closed and is tried again; the others have their turn.
            _rest[tenant.id] = time.monotonic() + PAUSE
            expected = isinstance(error, NotErased | Unavailable)
            log.error("business %s is not erased: %s", tenant.id, error, exc_info=None if expected else error)
    return done


def erase(tenant: Tenant, *, by: str, deadline: Deadline | None = None) -> UUID | None:
    """Erase one business that is due; return the erasure's id, or None where the time was over before the work.

    Raises NotErased with what remains, Unavailable where a server is away.
    """
    deadline = deadline or Deadline()
    with scope(tenant=tenant.snapshot(), user=SYSTEM, request_id=f"erasure-{tenant.id}"):
        work = _Work(_begin(tenant, by), deadline)
        if not (work.rows() and work.files()):
            return None
        work.messages()
        work.people()
        try:
            work.finish()
        except NotErased as error:
            with unit_of_work() as session:
                session.get_one(Erasure, work.id).remains = error.remains
            raise
        return work.id


def _begin(tenant: Tenant, by: str) -> UUID:
    """Open the record of the erasure, or find it where an earlier try began it."""
    with unit_of_work() as session:
        people = list(session.connection().execute(MEMBERS, {"tenant": tenant.id}).scalars())
        statement = insert(Erasure).values(
            id=uuid7(), business=tenant.id, slug_hash=sha256(tenant.slug), closed_at=tenant.closed_at, begun_at=now(),
            erased_by=by, people=people, tell=_whom_to_tell(tenant),
        )  # fmt: skip
        session.execute(statement.on_conflict_do_nothing(index_elements=["business"]))
        return session.scalars(select(Erasure.id).where(Erasure.business == tenant.id)).one()


def _whom_to_tell(tenant: Tenant) -> dict[str, Any]:
    """The owner who closed it, else all owners: read now, while they are known."""
    owners = closing.owners()
    chosen = [owner for owner in owners if owner.id == tenant.closed_by] or owners
    return {
        "business": tenant.name,
        "address": tenant.slug,
        "to": [{"email": o.email, "name": o.name, "language": o.language or tenant.language} for o in chosen],
    }


class _Work:
    def __init__(self, id: UUID, deadline: Deadline) -> None:
        self.id, self.deadline, self.tenant = id, deadline, current.tenant

    def rows(self) -> bool:
        """Erase the rows of all tables, children first; False where the time is over."""
        for _round in range(ROUNDS):
            tables, erased = self._tables(), 0
            for table in tables:
                while number := self._batch(table):
                    erased += number
                    if self.deadline.passed:
                        return False
                    if number < BATCH:
                        break
            if not erased:
                break
        tables = self._tables()
        with unit_of_work():
            tied = [table for table in tables if _count(table)]
        if tied:
            self._untie(tied)
        return True

    def _tables(self) -> list[TenantTable]:
        with unit_of_work() as session:
            return catalogue.children_first(catalogue.tables(session.connection()))

    def _batch(self, table: TenantTable) -> int:
        with unit_of_work() as session:
            connection = session.connection()
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            number = int(connection.execute(ERASE, {"table": table.oid, "most": BATCH}).scalar_one())
            if number:
                connection.execute(COUNTED, {"key": table.key, "rows": number, "id": self.id})
        return number

    def _untie(self, tables: list[TenantTable]) -> None:
        with unit_of_work() as session:
            connection = session.connection()
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            numbers = connection.execute(UNTIE, {"tables": [str(table.oid) for table in tables]}).scalar_one()
            for table, number in zip(tables, numbers, strict=True):
                connection.execute(COUNTED, {"key": table.key, "rows": number, "id": self.id})

    def files(self) -> bool:
        """Erase what lies under the business in the folder or bucket; False where the time is over."""
        takeouts.sweep()
        while True:
            number, size = files.drop_all(FILES)
            with unit_of_work() as session:
                session.connection().execute(FILED, {"files": number, "bytes": size, "id": self.id})
            if number < FILES:
                return True
            if self.deadline.passed:
                return False

    def messages(self) -> None:
        """Take its messages out of the queues."""
        queues = jobs.connected()
        if queues is not None:
            _asked(lambda: queues.forget(self.tenant.id))

    def people(self) -> None:
        """Erase the accounts of no other business and no operator; from the others, what names this one."""
        with unit_of_work() as session:
            connection = session.connection()
            people = session.get_one(Erasure, self.id, with_for_update=True).people
            connection.execute(LOCKED, {"people": people})
            lonely = list(connection.execute(LONELY, {"people": people}).scalars())
            connection.execute(CHALLENGES, {"people": lonely})
            connection.execute(PERSONS, {"people": lonely})
            connection.execute(FORGOTTEN, {"people": people, "tenant": str(self.tenant.id)})
            session.get_one(Erasure, self.id).persons += len(lonely)

    def finish(self) -> None:
        """Erase the business itself, look everywhere again, and write the proof, all or nothing."""
        remains, checks = self._look()
        if remains:
            raise NotErased(remains)
        with unit_of_work() as session:
            moment = now()
            gone = session.connection().execute(GONE, {"tenant": self.tenant.id, "moment": moment}).scalar()
            still = {table.key: rows for table in catalogue.tables(session.connection()) if (rows := _count(table))}
            if gone is None or still:
                raise NotErased(still or {"core.tenant": 1})
            erasure = session.get_one(Erasure, self.id, with_for_update=True)
            erasure.people, erasure.remains, erasure.checks, erasure.erased_at = [], {}, checks, moment
            erasure.digest = digest(erasure)

    def _look(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what remains, and what was looked at."""
        remains: dict[str, Any] = {}
        with unit_of_work() as session:
            tables = catalogue.tables(session.connection())
            for table in tables:
                rows = _count(table)
                if rows:
                    remains[table.key] = rows
                elif not (table.countable or table.bound):
                    # Its rules hide rows from whoever counts, and no key ties them to the business.
                    remains[table.key] = "cannot be seen"
        number, size = files.left()
        if number:
            remains["files"] = number
        queues = jobs.connected()
        messages = _asked(lambda: len(queues.of_tenant(self.tenant.id))) if queues is not None else 0
        if messages:
            remains["messages"] = messages
        checks = {
            "tables": len(tables), "rows": 0, "tied_to_the_business": sum(table.bound for table in tables),
            "files": number, "bytes": size, "messages": messages,
        }  # fmt: skip
        return remains, checks


def _count(table: TenantTable) -> int:
    statement = f"SELECT count(*) FROM {table.sql} WHERE tenant_id = %s"  # noqa: S608 - a name of the catalogue
    return int(current.session.connection().exec_driver_sql(statement, (current.tenant.id,)).scalar_one())


def _asked(question: Any) -> int:
    """Ask the queue's server. Raises Unavailable where it does not answer: then nothing is proven."""
    try:
        return int(question())
    except QUEUE_AWAY as error:
        raise Unavailable(_("The queue does not answer just now.")) from error


def facts(erasure: Erasure) -> dict[str, Any]:
    """Return what an erasure says, for programs; the digest is of this, without itself."""

    def at(moment: datetime | None) -> str | None:
        return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None

    return {
        "id": str(erasure.id), "business": erasure.business, "address_sha256": erasure.slug_hash.hex(),
        "closed_at": at(erasure.closed_at), "begun_at": at(erasure.begun_at), "erased_at": at(erasure.erased_at),
        "erased_by": erasure.erased_by, "rows_erased": dict(sorted(erasure.counts.items())),
        "files_erased": erasure.files, "bytes_erased": erasure.bytes, "accounts_erased": erasure.persons,
        "checked": dict(sorted(erasure.checks.items())), "remains": erasure.remains,
    }  # fmt: skip


def digest(erasure: Erasure) -> str:
    """Return the SHA-256 of the facts, as canonical JSON."""
    return hashlib.sha256(orjson.dumps(facts(erasure), option=orjson.OPT_SORT_KEYS)).hexdigest()


def erasures(limit: int = 100) -> Iterator[Erasure]:
    """Yield the erasures, newest first. Needs no tenant."""
    yield from current.session.scalars(select(Erasure).order_by(Erasure.begun_at.desc()).limit(limit))
