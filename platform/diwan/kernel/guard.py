"""Every call into a plugin goes through here: savepoint, timing, circuit breaker, and the right name in the log.

It must not know what a call means: the caller, or the hook's specification, says what a failure does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy.exc import ResourceClosedError
from sqlalchemy.orm import Session, SessionTransaction

from diwan.db.context import current
from diwan.errors import DiwanError, Unavailable
from diwan.kernel.contribution import Contribution
from diwan.kernel.hookspecs import SPECS, Policy
from diwan.kit.i18n import _

log = logging.getLogger("diwan.plugins")

FAILURES = 5
"""So many failures in a row open the breaker of a contribution, for one tenant."""
PAUSE = 60.0
"""Seconds that an open breaker waits before it lets one call through."""

clock: Callable[[], float] = time.monotonic


class PluginFailed(DiwanError):
    """A plugin's code broke. `plugin` and `key` name whose; the cause is chained."""

    code = "plugin_failed"

    def __init__(self, plugin: str, key: str) -> None:
        super().__init__(_("The module “%(plugin)s” failed here (%(key)s).", plugin=plugin, key=key))
        self.plugin, self.key = plugin, key


class PluginPaused(Unavailable):
    """A plugin's code broke so often that it is not called for a while."""

    code = "plugin_paused"

    def __init__(self, plugin: str, key: str) -> None:
        super().__init__(_("“%(key)s” is paused for a minute: it failed several times.", key=key))
        self.plugin, self.key = plugin, key


class TransactionEnded(RuntimeError):
    """A plugin committed or rolled back: what the request did before is out of its hands, so nothing may go on."""


@dataclass(slots=True)
class Stats:
    """What a process has seen of one contribution. Times are seconds."""

    calls: int = 0
    failures: int = 0
    slow: int = 0
    seconds: float = 0.0
    longest: float = 0.0


@dataclass(slots=True)
class _Breaker:
    failures: int = 0
    opened: float = 0.0


_stats: dict[tuple[str, str], Stats] = {}
# Only what is failing has a breaker, and each tenant its own: the data of one must not pause a plugin for the others.
_breakers: dict[tuple[str, str, int | None], _Breaker] = {}
_lock = threading.Lock()


def call(
    contribution: Contribution,
    *args: Any,
    on_error: Policy | None = None,
    budget_ms: int | None = None,
    breaker: bool = True,
    **kwargs: Any,
) -> Any:
    """Call a contribution. With "skip" a failure is logged and answers None; with "fail" it raises PluginFailed.

    Refusals and other DiwanErrors are answers, not failures: they pass. Hooks bring their own policy and budget.
    """
    spec = SPECS.get(contribution.name) if contribution.kind == "hook" else None
    policy: Policy = on_error or (spec.on_error if spec else "fail")
    budget = budget_ms if budget_ms is not None else spec.budget_ms if spec else None
    if spec:
        kwargs = {name: value for name, value in kwargs.items() if name in contribution.options["arguments"]}
    if breaker and not _may_call(contribution):
        if policy == "skip":
            return None
        raise PluginPaused(contribution.plugin, contribution.key)
    started = clock()
    try:
        with _savepoint(contribution):
            result = contribution.target(*args, **kwargs)
    except DiwanError:
        _record(contribution, clock() - started, budget)
        raise
    except (Exception, SystemExit) as error:
        _record(contribution, clock() - started, budget, failed=True, breaker=breaker)
        log.exception("%s %s failed", contribution.kind, contribution.key, extra={"plugin": contribution.plugin})
        if policy == "skip" and not isinstance(error, TransactionEnded):
            return None
        raise PluginFailed(contribution.plugin, contribution.key) from error
    _record(contribution, clock() - started, budget)
    return result


def stats() -> dict[tuple[str, str], Stats]:
    """Return what this process has counted, by kind and key."""
    return dict(_stats)


def paused() -> list[tuple[str, str, int | None]]:
    """Return the open breakers of this process: kind, key, tenant."""
    return [key for key, breaker in list(_breakers.items()) if breaker.failures >= FAILURES]


def reset() -> None:
    """Forget counts and breakers (tests, and the operator after a fix)."""
    with _lock:
        _stats.clear()
        _breakers.clear()


@contextmanager
def _savepoint(contribution: Contribution) -> Iterator[None]:
    """Undo only the plugin's part when it fails, also when it swallowed an SQL error of its own."""
    session = _open_session()
    if session is None:
        yield
        return
    savepoint = session.begin_nested()
    try:
        yield
        session.flush()
        if _is_poisoned(savepoint):
            raise RuntimeError(f"{contribution.key} hid a failed SQL statement")
        savepoint.commit()
    except ResourceClosedError as error:
        raise TransactionEnded(
            f"{contribution.key} ended the transaction: plugins never commit or roll back"
        ) from error
    except BaseException:
        with suppress(ResourceClosedError):
            savepoint.rollback()
        raise


def _is_poisoned(savepoint: SessionTransaction) -> bool:
    """Return whether PostgreSQL refuses to go on in here. Asks the driver: no round trip, and none where no SQL ran."""
    return any(
        connection.connection.driver_connection.info.transaction_status is TransactionStatus.INERROR  # type: ignore[union-attr]
        for connection, *_rest in savepoint._connections.values()  # private: nothing public tells without connecting
    )


def _open_session() -> Session | None:
    try:
        session = current.session
    except RuntimeError:  # no application runs, so there is no transaction to protect
        return None
    return session if session.in_transaction() else None


def _breaker_key(contribution: Contribution) -> tuple[str, str, int | None]:
    tenant = current.tenant_or_none
    return contribution.kind, contribution.key, tenant.id if tenant else None


def _may_call(contribution: Contribution) -> bool:
    if not _breakers:
        return True
    with _lock:
        breaker = _breakers.get(_breaker_key(contribution))
        if breaker is None or breaker.failures < FAILURES:
            return True
        if clock() - breaker.opened < PAUSE:
            return False
        breaker.opened = clock()  # half open: this caller tries, the others wait for its result
        return True


def _record(
    contribution: Contribution,
    seconds: float,
    budget_ms: int | None,
    *,
    failed: bool = False,
    breaker: bool = True,
) -> None:
    slow = budget_ms is not None and seconds * 1000 > budget_ms
    if slow:
        log.warning("%s %s took %.0f ms of %d ms", contribution.kind, contribution.key, seconds * 1000, budget_ms)
    with _lock:
        seen = _stats.setdefault((contribution.kind, contribution.key), Stats())
        seen.calls += 1
        seen.failures += failed
        seen.slow += slow
        seen.seconds += seconds
        seen.longest = max(seen.longest, seconds)
        key = _breaker_key(contribution)
        if not failed:
            if _breakers:
                _breakers.pop(key, None)
        elif breaker:
            state = _breakers.setdefault(key, _Breaker())
            state.failures += 1
            if state.failures >= FAILURES:
                state.opened = clock()
