"""PostgreSQL and Valkey of one home, as one thing to start, share and stop.

Must not create roles, databases or tables.
"""

import atexit
import json
import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diwan.embedded.binaries import Binaries, find_binaries
from diwan.embedded.endpoints import APP_ROLE, DATABASE, OWNER_ROLE, Endpoints, postgres_url, redis_url
from diwan.embedded.errors import EmbeddedError
from diwan.embedded.home import Home, write_private
from diwan.embedded.place import Place, find_or_make_place, find_place, renew_run_folder
from diwan.embedded.postgres import SUPERUSER, Postgres
from diwan.embedded.process import FileLock, start_mark
from diwan.embedded.server import Server
from diwan.embedded.valkey import Valkey

log = logging.getLogger("diwan.embedded")
WATCH_SECONDS = 0.2


@dataclass(frozen=True)
class Status:
    """What runs for a home. `service` says that `diwan servers start` owns it, rather than a `diwan run` or a test."""

    running: bool
    owner: int | None = None
    postgres: int | None = None
    valkey: int | None = None
    service: bool = False
    place: Path | None = None


class Servers:
    """The embedded servers of one home.

    The first process that calls `start` owns them: they are its children and end with it, even if it is killed. Others
    that call `start` use the same servers, and their `stop` only lets go.
    """

    def __init__(
        self,
        home: Home | Path | str,
        *,
        durable: bool = True,
        tcp_port: int | None = None,
        start_seconds: float = 900,
        binaries: Binaries | None = None,
        service: bool = False,
    ) -> None:
        """durable=False (fsync off) is for databases of tests only, which nobody misses after a power cut."""
        self.home = home if isinstance(home, Home) else Home(Path(home).expanduser().absolute())
        self.durable = durable
        self.tcp_port = tcp_port
        self.start_seconds = start_seconds
        self.service = service
        self._binaries = binaries
        self._keeper: _Keeper | None = None

    @property
    def owned(self) -> bool:
        """Whether the servers are children of this process through this object."""
        return self._keeper is not None and self._keeper.owner_pid == os.getpid()

    def start(self) -> Endpoints:
        """Start the servers, or join those that run; returns when both answer."""
        if self.owned:
            return self.endpoints()
        self.home.create()
        secrets = self.home.secrets()
        place = find_or_make_place(self.home)
        lock = FileLock(place.path / "servers.lock")
        end = time.monotonic() + self.start_seconds
        while True:
            if lock.acquire():
                return self._own(place, lock)
            state = _read_state(place)
            if state and start_mark(state["owner"]) == state["owner_mark"]:
                self._check_settings(state)
                # The port is the owner's, so that who joins finds the socket.
                postgres = Postgres(place, _NO_BINARIES, secrets.superuser, tcp_port=state["tcp_port"])
                if postgres.accepts() and Valkey(place, _NO_BINARIES, secrets.redis).accepts():
                    return self.endpoints()
            if time.monotonic() > end:
                raise EmbeddedError(
                    f"Another process holds {lock.path}, but its servers were not ready after "
                    f"{self.start_seconds:.0f} s. Look at `diwan servers status`."
                )
            time.sleep(0.02)
            place = find_or_make_place(self.home)

    def stop(self) -> None:
        """Stop the servers if this object owns them."""
        if self._keeper is not None and self.owned:
            self._keeper.stop()
            atexit.unregister(self.stop)
        self._keeper = None

    @contextmanager
    def running(self) -> Iterator[Endpoints]:
        """The servers for the length of a `with` block."""
        try:
            yield self.start()
        finally:
            self.stop()

    def endpoints(self) -> Endpoints:
        """The addresses; of servers that ran before or run now. Starts nothing."""
        place = find_place(self.home)
        if place is None or not self.home.exists():
            raise EmbeddedError(
                f"{self.home.path} has no servers yet: `diwan run` or `diwan servers start` makes them."
            )
        state = _read_state(place)
        port = ((state or {}).get("tcp_port") or self.tcp_port) or 5432
        secrets = self.home.secrets()
        return Endpoints(
            home=self.home.path,
            socket_folder=place.run,
            port=port,
            database=DATABASE,
            admin_url=postgres_url(SUPERUSER, secrets.superuser, "postgres", place.run, port),
            owner_url=postgres_url(OWNER_ROLE, secrets.owner, DATABASE, place.run, port),
            app_url=postgres_url(APP_ROLE, secrets.app, DATABASE, place.run, port),
            redis_url=redis_url(secrets.redis, place.run / "valkey.sock"),
            secret_key=secrets.secret_key,
        )

    def status(self) -> Status:
        """What runs now, by the owner's lock and not by what a file says. Starts nothing."""
        place = find_place(self.home)
        if place is None:
            return Status(running=False)
        state = _read_state(place)
        if state is None or start_mark(state["owner"]) != state["owner_mark"]:
            return Status(running=False, place=place.path)
        return Status(True, state["owner"], state["postgres"], state["valkey"], state["service"], place.path)

    def stop_service(self, seconds: float = 60) -> bool:
        """Stop servers that `diwan servers start` left running; False if none ran."""
        place = find_place(self.home)
        if place is None:
            return False
        status = self.status()
        if status.running and not status.service:
            raise EmbeddedError(f"The servers belong to process {status.owner} and end with it: stop that one.")
        lock = FileLock(place.path / "servers.lock")
        if status.owner is not None:
            os.kill(status.owner, signal.SIGTERM)  # verified by its start time in status()
        if not lock.acquire_within(seconds):
            raise EmbeddedError(f"The servers did not stop within {seconds:.0f} s.")
        try:
            for server in self._servers(place, _NO_BINARIES):
                server.stop_leftovers()
        finally:
            lock.close()
        return status.running

    def erase(self) -> None:
        """Delete the servers' data (not the home's files). For tests; refuses while they run."""
        self.stop()
        place = find_place(self.home)
        if place is None:
            return
        if self.status().running:
            raise EmbeddedError("The servers are running.")
        shutil.rmtree(place.path)
        if place.run.parent != place.path:
            shutil.rmtree(place.run, ignore_errors=True)
        (self.home.path / "place.json").unlink()

    def _servers(self, place: Place, binaries: Binaries) -> tuple[Postgres, Valkey]:
        secrets = self.home.secrets()
        return (
            Postgres(place, binaries, secrets.superuser, durable=self.durable, tcp_port=self.tcp_port),
            Valkey(place, binaries, secrets.redis, durable=self.durable),
        )

    def _own(self, place: Place, lock: FileLock) -> Endpoints:
        try:
            place.state_file.unlink(missing_ok=True)
            place = self._make_folders(place)
            binaries = (self._binaries or find_binaries()).for_account(place.account)
            keeper = _Keeper(self, place, lock, self._servers(place, binaries))
        except BaseException:
            lock.close()
            raise
        self._keeper = keeper
        atexit.register(self.stop)
        try:
            keeper.start()
            return self.endpoints()
        except BaseException:
            self.stop()
            raise

    def _make_folders(self, place: Place) -> Place:
        place.private_folder(place.log)
        for _ in range(3):
            try:
                place.private_folder(place.run)
                return place
            except EmbeddedError:
                if place.run.parent == place.path:
                    raise
                renew_run_folder(self.home)
                place = find_or_make_place(self.home)
        raise EmbeddedError(f"No private folder for sockets can be made in {place.run.parent}.")

    def _check_settings(self, state: dict[str, Any]) -> None:
        if self.durable and not state["durable"]:
            raise EmbeddedError(
                f"The servers of {self.home.path} run without fsync, for tests. They may not hold real data."
            )


_NO_BINARIES = Binaries(Path("/"), Path("/"))  # for servers that are only asked, never started


class _Keeper:
    """The thread that owns the servers: starts them, starts them again when they end, stops them.

    One thread does it all and lives as long as they do, because the kernel's parent-death signal follows the thread.
    """

    def __init__(self, servers: Servers, place: Place, lock: FileLock, parts: tuple[Postgres, Valkey]) -> None:
        self.owner_pid = os.getpid()
        self._settings = servers
        self._place = place
        self._lock = lock
        self._parts: tuple[Server, ...] = parts
        self._backoff = {part.name: _Backoff() for part in parts}
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="diwan-servers", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            for part in self._parts:
                part.prepare()
            for part in self._parts:
                part.start()
            for part in self._parts:
                part.wait_until_ready(self._settings.start_seconds, self._stop.is_set)
            self._write_state()
            self._ready.set()
            while not self._stop.wait(WATCH_SECONDS):
                self._revive()
        except BaseException as error:  # carried to the thread that waits in start()
            self._failure = error
            log.debug("servers failed", exc_info=True)
        finally:
            self._place.state_file.unlink(missing_ok=True)
            for part in self._parts:
                part.stop()
            self._lock.close()
            self._ready.set()

    def _revive(self) -> None:
        for part in self._parts:
            if part.process is not None and not part.process.ended():
                continue
            backoff = self._backoff[part.name]
            if not backoff.due():
                continue
            log.error("%s has ended unexpectedly; starting it again. Its last lines:\n%s", part.name, part.log_tail())
            try:
                part.start()  # and no waiting for readiness: the other one may need care meanwhile
                self._write_state()
            except (EmbeddedError, OSError) as error:
                log.error("%s did not start: %s", part.name, error)

    def _write_state(self) -> None:
        pids = {part.name: part.pid for part in self._parts}
        settings = self._settings
        state = {
            "owner": self.owner_pid,
            "owner_mark": start_mark(self.owner_pid),
            "service": settings.service,
            "durable": settings.durable,
            "tcp_port": settings.tcp_port,
            **pids,
        }
        write_private(self._place.state_file, json.dumps(state))


class _Backoff:
    """When a server that keeps ending may be started again: at once, then after 0.5, 1, 2 ... 30 seconds."""

    def __init__(self) -> None:
        self._wait = 0.0
        self._last = 0.0

    def due(self) -> bool:
        now = time.monotonic()
        if now - self._last < self._wait:
            return False
        self._wait = 0.5 if now - self._last > 60 else min(30.0, max(0.5, self._wait * 2))
        self._last = now
        return True


def _read_state(place: Place) -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads(place.state_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return state
