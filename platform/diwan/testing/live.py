"""A running Diwan for tests: web server, worker and scheduler as processes, with a database and queue of their own.

It must not share those with the tests inside pytest's process: two sets of workers would take each other's jobs.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import IO, TYPE_CHECKING

from diwan.config import Config
from diwan.embedded.process import Process, spawn
from diwan.testing.database import make_database

if TYPE_CHECKING:
    from flask import Flask

DIWAN = (sys.executable, "-P", "-m", "diwan")
COMMANDS = (
    ("web", ("serve", "--workers", "1")),
    ("worker", ("worker", "--processes", "1")),
    ("scheduler", ("scheduler", "--every", "0.5")),
)
START_SECONDS = 120.0
MAIL_SECONDS = 60.0


@dataclass(frozen=True)
class Live:
    """A running Diwan. `app` is an application of this process on the same database, to prepare and to look."""

    config: Config
    app: Flask

    @property
    def url(self) -> str:
        return self.config.base_url

    def mails(self, to: str) -> list[EmailMessage]:
        """Return the mails to an address so far, oldest first."""
        files = sorted((self.config.home / "mail").glob("*.eml"))
        read = (message_from_bytes(file.read_bytes(), policy=default) for file in files)
        return [mail for mail in read if mail["To"] == to]

    def mail(self, to: str, pattern: str) -> str:
        """Wait for a mail to an address whose text holds the pattern; return the newest match."""
        end = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < end:
            for mail in reversed(self.mails(to)):
                part = mail.get_body(("plain",))
                found = re.search(pattern, part.get_content() if part else "")
                if found:
                    return found[0]
            time.sleep(0.1)
        raise AssertionError(f"no mail to {to} with {pattern!r}; log: {self.config.home}")


@contextmanager
def running(name: str, number: int) -> Iterator[Live]:
    """Start a Diwan on a database of this name and the Valkey database of this number; stop it at the end."""
    port = _free_port()
    config = replace(make_database(name, number), port=port, base_url=f"http://localhost:{port}", testing=False)
    config.home.mkdir(parents=True, exist_ok=True)
    started = [_start(config, command, arguments) for command, arguments in COMMANDS]
    try:
        from diwan.app import create_app

        app = create_app(config)
        _wait(config, [process for process, _log in started])
        yield Live(config, app)
    finally:
        for process, log in reversed(started):
            process.stop([(signal.SIGTERM, 20), (signal.SIGKILL, 5)])
            log.close()


def aim(config: Config) -> None:
    """Make what this process sends, stores and queues go where `config` says, as create_app does."""
    from diwan import files, jobs, mail

    mail.configure(config)
    files.configure(config)
    jobs.connect(config)


def _start(config: Config, name: str, arguments: Sequence[str]) -> tuple[Process, IO[bytes]]:
    log = (config.home / f"{name}.log").open("wb")
    process = spawn([*DIWAN, *arguments], death_signal=signal.SIGTERM, stdout=log.fileno(), env=_environment(config))
    return process, log


def _environment(config: Config) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("DIWAN_")},
        "DIWAN_HOME": str(config.home),
        "DIWAN_PORT": str(config.port),
        "DIWAN_PLUGINS": "strict",
        "DIWAN_SECRET_KEY": config.secret_key,
        "DATABASE_URL": config.database_url,
        "REDIS_URL": config.redis_url,
        "DIWAN_IP_RATE": str(config.ip_rate),
        "DIWAN_PERSON_RATE": str(config.person_rate),
        "DIWAN_TENANT_RATE": str(config.tenant_rate),
        "PYTHONUNBUFFERED": "1",
    }


def _wait(config: Config, processes: Sequence[Process]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows nothing of this machine
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and not any(process.ended() for process in processes):
        try:
            with opener.open(f"{config.base_url}/readyz", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    said = "\n".join(log.read_text("utf-8", "replace")[-3000:] for log in sorted(config.home.glob("*.log")))
    raise RuntimeError(f"Diwan did not start for the tests:\n{said}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
