"""Runs one intention: claim it, open its tenant's scope, call the handler, and close the claim with its effects.

It must not know how the message came (queue, sweeper, test): doing the same message twice does the work once.
"""

from __future__ import annotations

import logging
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import timedelta
from typing import Any, Literal, Protocol
from uuid import UUID

from sqlalchemy import Connection, Engine

from diwan.db import current, scope, unit_of_work
from diwan.db.base import now
from diwan.db.context import SYSTEM, Actor, Tenant
from diwan.db.session import rollback
from diwan.events import codec
from diwan.events.event import load
from diwan.jobs import faults, lease, principals, registry
from diwan.jobs.lease import Abandon, Cancelled, Claim, LostLease
from diwan.jobs.registry import Job
from diwan.jobs.running import Run, running
from diwan.kernel.lineup import lineup_of
from diwan.kit import i18n

log = logging.getLogger("diwan.jobs")

LEASE = 60.0
"""Seconds after which the job of a dead worker goes to another one."""
FREE = 20
"""So often an attempt that failed because a server was away does not count."""
LONGEST_WAIT = 3600.0

Outcome = Literal["done", "skipped", "again", "parked", "cancelled", "lost", "unknown"]


class JobTimeout(Abandon):
    """The job took longer than its declaration allows."""


class Keeper(Protocol):
    """Prolongs the lease while a handler works."""

    def keeping(self, run: Run) -> AbstractContextManager[object]: ...


def deliver(tenant_id: int, outbox_id: UUID, *, seconds: float = LEASE, keeper: Keeper | None = None) -> Outcome:
    """Do what an outbox row asks for, unless it is done, not due or held by somebody else.

    Needs an application context (`current.session`). Waits while PostgreSQL is away, as long as the lease may last.
    """
    with scope(tenant=Tenant(tenant_id, "", ""), user=SYSTEM):
        taken = _patiently(lambda: _claim(tenant_id, outbox_id, seconds), seconds)
    if taken is None:
        return "skipped"
    claim, person, engine = taken
    with scope(tenant=claim.tenant, user=SYSTEM):
        lineup = lineup_of(claim.tenant)
        job = registry.find(claim.kind, claim.name, lineup)
        user = principals.plugin(job.plugin) if job and job.plugin else person
        if user is person:
            user = principals.supporting(person, claim.tenant)
            lineup = lineup_of(claim.tenant, user)
    with ExitStack() as stack:
        stack.callback(i18n.reset_language, i18n.set_language(claim.language))
        stack.enter_context(scope(tenant=claim.tenant, user=user, lineup=lineup, request_id=f"job-{claim.id}"))
        return _perform(Run(claim, engine, bool(job and job.batches)), job, keeper)


def _claim(tenant_id: int, outbox_id: UUID, seconds: float) -> tuple[Claim, Actor, Engine] | None:
    with unit_of_work() as session:
        connection = session.connection()
        claim = lease.take(connection, tenant_id, outbox_id, seconds)
        if claim is None:
            return None
        if claim.kind == "event":  # a subscriber acts as its plugin, whoever caused the event
            return claim, SYSTEM, connection.engine
        return claim, principals.starter(connection, claim), connection.engine


def _perform(run: Run, job: Job | None, keeper: Keeper | None) -> Outcome:
    claim = run.claim
    try:
        if job is None:
            return _unserved(claim)
        if claim.attempts > job.attempts:  # the last attempts ended without a word: each took its worker along
            return _close(run, job, "The worker ended in the middle of the job, each time.", None)
        with running(run), keeper.keeping(run) if keeper else nullcontext(), _alarm(job.timeout):
            _work(run, job)
        return "done"
    except Cancelled:
        log.info("%s cancelled", claim.name, extra={"outbox": str(claim.id)})
        return "cancelled"
    except LostLease as lost:
        log.warning("%s", lost)
        return "lost"
    except (Exception, JobTimeout) as error:  # noqa: BLE001 - whatever a handler raises is recorded with its row
        return _failed(run, job, error)
    except BaseException:
        # Told to stop at once: leave the job to another worker without waiting for the lease to end.
        rollback(current.session)
        _write(lambda c: lease.give_back(c, claim, at=now(), error="", free=claim.fence - claim.attempts < FREE), 1)
        raise
    finally:
        rollback(current.session)


def _work(run: Run, job: Job) -> None:
    claim = run.claim
    arguments, keywords = _arguments(claim, job)
    if not job.batches:
        with unit_of_work() as session:
            job.call(*arguments, **keywords)
            lease.finish(session.connection(), claim)
        return
    job.call(*arguments, **keywords)
    with unit_of_work() as session:
        lease.finish(session.connection(), claim)


def _arguments(claim: Claim, job: Job) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if claim.kind == "event":
        return (load(claim.payload["event"], claim.payload["data"]),), {}
    return (), codec.decode_arguments(getattr(job.call, "__wrapped__", job.call), claim.payload)


def _unserved(claim: Claim) -> Outcome:
    """A plugin that is off gets nothing and no backlog; a core job without code waits for a newer worker."""
    if registry.is_core(claim.name):
        error = f"This worker does not know {claim.name}; is it older than the web server?"
        log.error("%s", error)
        _write(lambda c: lease.give_back(c, claim, at=now() + timedelta(seconds=30), error=error, free=True))
        return "unknown"
    _write(lambda c: lease.finish(c, claim))
    return "skipped"


def _failed(run: Run, job: Job | None, error: BaseException) -> Outcome:
    claim = run.claim
    rollback(current.session)
    text = faults.told(error)
    if faults.database_away(error) and claim.fence - claim.attempts < FREE:
        log.warning("%s interrupted, the database is away: %s", claim.name, error)
        wait = min(claim.seconds, 1 + random.random())  # noqa: S311 - spreads load, guards nothing
        return _again(claim, wait, text, free=True)
    if job is None or (claim.attempts < job.attempts and not faults.final(error)):
        wait = delay(claim.attempts, job.backoff if job else 5.0)
        log.warning("%s failed (attempt %d), again in %.0f s", claim.name, claim.attempts, wait, exc_info=error)
        return _again(claim, wait, text)
    return _close(run, job, text, error)


def _again(claim: Claim, wait: float, error: str, *, free: bool = False) -> Outcome:
    at = now() + timedelta(seconds=wait)
    if _write(lambda c: lease.give_back(c, claim, at=at, error=error, free=free), claim.seconds):
        return "again"
    return "lost"


def _close(run: Run, job: Job, text: str, error: BaseException | None) -> Outcome:
    """Park the row and tell the job's owner, in one transaction; a fault of `on_parked` must not lose the row."""
    claim = run.claim
    log.error("%s parked after %d attempts: %s", claim.name, claim.attempts, text, exc_info=error)

    def park(connection: Connection) -> None:
        lease.park(connection, claim, text)
        if job.on_parked is not None:
            try:
                with current.session.begin_nested():
                    job.on_parked(claim.payload, text)
            except Exception as fault:
                if faults.database_away(fault):
                    raise
                log.exception("on_parked of %s failed", claim.name)

    return "parked" if _write(park, claim.seconds) else "lost"


def delay(attempts: int, backoff: float) -> float:
    """Return the seconds to wait after so many attempts: doubled each time, within an hour, spread by a half."""
    return min(backoff * 2.0 ** (attempts - 1), LONGEST_WAIT) * random.uniform(0.75, 1.25)  # noqa: S311


def _write(change: Callable[[Connection], None], patience: float = LEASE) -> bool:
    """Run a closing statement in its own transaction; False where the row is not ours any more or cannot be reached.

    What cannot be written down is safe: the lease ends by itself and the sweeper hands the row on.
    """

    def attempt() -> bool:
        try:
            with unit_of_work() as session:
                change(session.connection())
        except Abandon:
            return False
        return True

    try:
        return bool(_patiently(attempt, patience))
    except Exception as error:
        if not faults.database_away(error):
            raise
        return False


def _patiently(attempt: Callable[[], Any], patience: float) -> Any:
    """Call until the database answers, at most `patience` seconds long."""
    end, pause = time.monotonic() + patience, 0.1
    while True:
        try:
            return attempt()
        except Exception as error:
            if not faults.database_away(error) or time.monotonic() + pause > end:
                raise
            log.warning("the database is away, trying again: %s", error)
            time.sleep(pause)
            pause = min(pause * 2, 2.0)


@contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    """Raise JobTimeout in the handler after so many seconds (in a worker's main thread; elsewhere no limit)."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(*_: object) -> None:
        raise JobTimeout(f"took longer than {seconds} s")

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
