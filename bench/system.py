"""A Diwan of its own for the benchmarks: embedded servers that write to disk as in production, web, worker, scheduler.

It must leave nothing behind.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask
from sqlalchemy import text

from diwan.app import create_app
from diwan.config import Config
from diwan.db import unit_of_work
from diwan.db.bootstrap import bootstrap
from diwan.embedded import Servers
from diwan.kernel import deploy, loader
from diwan.testing.world import Business, World

ROWS = 100_000


@dataclass
class System:
    """What a benchmark needs: the server's port, a business with 100,000 contacts, its token."""

    app: Flask
    config: Config
    business: Business
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@contextmanager
def system(rows: int = ROWS, workers: int = 2) -> Iterator[System]:
    """Start everything, fill it, and take it away again."""
    folder = Path(tempfile.mkdtemp(prefix="diwan-bench-"))
    folder.chmod(0o755)
    servers = Servers(folder / "home")
    processes: list[subprocess.Popen[bytes]] = []
    try:
        endpoints = servers.start()
        secrets = servers.home.secrets()
        bootstrap(endpoints.admin_url, endpoints.database, secrets.owner, secrets.app)
        deploy.migrate(endpoints.owner_url, loader.load(strict=True))
        port = _free_port()
        environment = {
            **os.environ,
            **endpoints.environment(),
            "DIWAN_PORT": str(port),
            "DIWAN_WEB_WORKERS": str(workers),
            **dict.fromkeys(("DIWAN_API_RATE", "DIWAN_PERSON_RATE", "DIWAN_TENANT_RATE", "DIWAN_IP_RATE"), "0"),
        }
        app = create_app(replace(Config.from_env(environment), testing=True))
        with World(app) as world:
            business = world.business()
            _fill(business, rows)
            log = (folder / "log").open("wb")
            for command in ("serve", "worker", "scheduler"):
                processes.append(
                    subprocess.Popen(
                        [sys.executable, "-P", "-m", "diwan", command], env=environment, stdout=log, stderr=log
                    )
                )
            _wait(port)
            yield System(app, app.config["DIWAN"], business, business.token())
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)
        servers.stop()
        servers.erase()
        shutil.rmtree(folder, ignore_errors=True)


def _fill(business: Business, rows: int) -> None:
    """Insert the contacts with SQL, in steps that end before the statement's time limit."""
    for first in range(1, rows + 1, ROWS):
        _fill_some(business, first, min(first + ROWS - 1, rows))
    _vacuum(business)


def _fill_some(business: Business, first: int, last: int) -> None:
    """Insert contacts: names of two words and a number, half of them customers."""
    resource = "contacts.contact"
    with business.acting(), unit_of_work() as session:
        values = {
            "tenant": business.tenant.id,
            "first": first,
            "last": last,
            "marker": f"@{business.tenant.id}.{resource}",
        }
        session.execute(
            text("""
            INSERT INTO contacts.contact (tenant_id, id, name, kind, roles, contact_person, email, phone, street, city,
                postal_code, country, created_at, updated_at, version, sort_title)
            SELECT :tenant, md5('contact' || n)::uuid, w.name, 'organisation', ARRAY['customer'], 'Person ' || n,
                'c' || n || '@example.com', '+965 2' || lpad(n::text, 7, '0'), n || ' Street', 'City ' || n % 300,
                lpad((n % 9999)::text, 5, '0'), 'KW', now(), now(), 1, lower(w.name)
            FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n, LATERAL (SELECT
                (ARRAY['Cedar','Falcon','Oryx','Zahra','Nakheel','Desert','Blue','Petra','Safa','Amber'])[1 + n % 10]
                || ' ' || (ARRAY['Trading','Medical','Foods','Parts','Logistics','Textiles','Marine'])[1 + n % 7]
                || ' ' || n AS name) w"""),
            values,
        )
        session.execute(
            text("""
            INSERT INTO core.search_entry (tenant_id, resource, record_id, title, words)
            SELECT tenant_id, 'contacts.contact', id, name, array_to_tsvector(ARRAY(SELECT DISTINCT w FROM unnest(
                string_to_array(sort_title, ' ') || string_to_array(lower(contact_person), ' ')
                || string_to_array(lower(city), ' ') || ARRAY[:marker, email]) w))
            FROM contacts.contact
            WHERE id IN (SELECT md5('contact' || n)::uuid
                FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n)"""),
            values,
        )


def _vacuum(business: Business) -> None:
    import psycopg

    url = business.world.app.config["DIWAN"].database_owner_url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE contacts.contact")
        connection.execute("VACUUM ANALYZE core.search_entry")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The server did not become ready.")
