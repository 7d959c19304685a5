"""The thread that prolongs the lease of a working handler, over a connection of its own.

It must never fail the handler: it only tells the log; the fencing check in the next statement decides.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from diwan.db import scope
from diwan.jobs import lease
from diwan.jobs.lease import Abandon
from diwan.jobs.running import Run

log = logging.getLogger("diwan.jobs")

# A batch that notes progress holds the row's lock, and has prolonged the lease itself: nothing to wait for.
IMPATIENT = text("SET LOCAL lock_timeout = '500ms'")


class LeaseKeeper:
    """One for each worker process. `beat` is called as well, about three times in a lease."""

    def __init__(self, seconds: float, beat: Callable[[], None] = lambda: None) -> None:
        self.interval = seconds / 3
        self._beat = beat
        self._run: Run | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="lease-keeper", daemon=True)

    def start(self) -> LeaseKeeper:
        """Start the thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(timeout=2)

    @contextmanager
    def keeping(self, run: Run) -> Iterator[None]:
        """Keep the lease of this run until the block ends."""
        self._run = run
        try:
            yield
        finally:
            with self._lock:
                self._run = None

    def _loop(self) -> None:
        while not self._stop.wait(self.interval):
            try:
                self._beat()
            except Exception as error:  # noqa: BLE001 - the queue may be away: the lease matters more
                log.debug("no heartbeat: %s", error)
            with self._lock:
                run = self._run
                if run is not None:
                    self._prolong(run)

    def _prolong(self, run: Run) -> None:
        try:
            with scope(tenant=run.claim.tenant), run.engine.begin() as connection:
                connection.execute(IMPATIENT)
                lease.extend(connection, run.claim)
        except Abandon as lost:
            log.warning("%s", lost)
            self._run = None
        except (SQLAlchemyError, psycopg.Error) as error:
            log.debug("lease of %s not prolonged: %s", run.claim.id, error)
