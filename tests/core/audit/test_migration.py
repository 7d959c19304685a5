"""The revision that chains: entries that were there before are linked, business by business; down, and up again."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from diwan.audit import chain
from diwan.config import Config
from diwan.db import migrate as migrations
from diwan.testing.database import make_database
from diwan.testing.forging import ENTRIES, links_fit

BEFORE = "core0005"


@pytest.fixture(scope="module")
def old() -> Config:
    """A database of its own, before the revision."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    config = make_database(f"diwan_chain_{worker}", 15)
    migrations.downgrade(config.database_owner_url, migrations.core(), BEFORE)
    return config


def tenant(link: psycopg.Connection[Any], slug: str) -> int:
    row = link.execute(
        "INSERT INTO core.tenant (slug, name, country, language, timezone, currency, created_at)"
        " VALUES (%s, 'Old', 'KW', 'en', 'UTC', 'KWD', now()) RETURNING id",
        (slug,),
    ).fetchone()
    assert row is not None
    link.execute("SELECT set_config('app.tenant_id', %s, false)", (str(row[0]),))
    return int(row[0])


def add(link: psycopg.Connection[Any], tenant: int, number: int) -> None:
    for n in range(number):
        link.execute(
            "INSERT INTO core.audit_entry (tenant_id, id, at, action, title, before, after)"
            " VALUES (%s, %s, %s, 'update', %s, NULL, %s::jsonb)",
            (tenant, uuid4(), datetime.now(UTC), f"entry {n} عربي", '{"b": 1.50, "aa": [null]}'),
        )


def test_what_was_there_is_chained_and_goes_on(old: Config) -> None:
    url = old.database_owner_url
    with psycopg.connect(url, autocommit=True) as link:
        empty, full = tenant(link, "chain-empty"), tenant(link, "chain-full")
        add(link, full, 7)
    for _ in range(2):
        migrations.upgrade(url, migrations.core())
        with psycopg.connect(url, autocommit=True) as link:
            for number in (empty, full):
                link.execute("SELECT set_config('app.tenant_id', %s, false)", (str(number),))
                add(link, number, 2)
                assert links_fit(link, number)
        migrations.downgrade(url, migrations.core(), BEFORE)
    migrations.upgrade(url, migrations.core())
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("SELECT set_config('app.tenant_id', %s, false)", (str(full),))
        assert len(link.execute(ENTRIES).fetchall()) == 11
        assert links_fit(link, full)
        link.execute("UPDATE core.audit_link SET hash = %s WHERE seq = 3", (chain.BEGIN,))
        assert not links_fit(link, full)
