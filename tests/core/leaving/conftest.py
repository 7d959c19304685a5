"""A business with records, files and people, and a table of a module whose code is gone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from diwan import files
from diwan.config import Config
from diwan.db import current, unit_of_work
from diwan.kit.ids import uuid7
from diwan.resources import store
from diwan.testing.world import Business, World


@pytest.fixture
def owner(config: Config) -> Iterator[Any]:
    """The database as its owner, who is under row-level security as well."""
    with psycopg.connect(config.database_owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def gone(owner: Any) -> Iterator[str]:
    """The tables of a module whose code is gone: one that holds itself, and two that hold each other."""
    owner.execute("SET app.tenant_id = '0'")  # PostgreSQL looks through a table before it takes a key
    schema = f"gone_{uuid4().hex[:8]}"
    owner.execute(f"CREATE SCHEMA {schema}")
    for name, columns in (
        (
            "box",
            "parent_id uuid, lid_id uuid, weight numeric, contents bytea, code bytea, at timestamptz, n bigint",
        ),
        ("lid", "box_id uuid"),
    ):
        owner.execute(f"""CREATE TABLE {schema}.{name} (tenant_id bigint NOT NULL, id uuid NOT NULL, {columns},
            PRIMARY KEY (tenant_id, id), CONSTRAINT fk_{name}_tenant_id FOREIGN KEY (tenant_id)
            REFERENCES core.tenant (id) ON DELETE CASCADE)""")
        owner.execute(f"ALTER TABLE {schema}.{name} ENABLE ROW LEVEL SECURITY")
        owner.execute(f"ALTER TABLE {schema}.{name} FORCE ROW LEVEL SECURITY")
        owner.execute(f"CREATE POLICY tenant ON {schema}.{name} USING (tenant_id = core.tid())"
                      " WITH CHECK (tenant_id = core.tid())")  # fmt: skip
    for table, column, target in (("box", "parent_id", "box"), ("box", "lid_id", "lid"), ("lid", "box_id", "box")):
        owner.execute(
            f"""ALTER TABLE {schema}.{table} ADD CONSTRAINT fk_{table}_{column} FOREIGN KEY (tenant_id, {column})
            REFERENCES {schema}.{target} (tenant_id, id) ON DELETE RESTRICT"""
        )
    owner.execute(f"COMMENT ON COLUMN {schema}.box.code IS 'secret'")
    owner.execute(f"COMMENT ON TABLE {schema}.box IS 'What lies in the store'")
    yield schema
    owner.execute(f"DROP SCHEMA {schema} CASCADE")


def fill(business: Business, gone: str = "", records: int = 3) -> list[Any]:
    """Put records, a file and, into the tables of `gone`, boxes that hold each other; return the records' ids."""
    made = []
    with business.acting(), unit_of_work():
        resource = current.lineup.resources["contacts.contact"]
        for number in range(records):
            made.append(store.create(resource, {"name": f"Company {number}, “Ltd”"}).id)
        files.store(io.BytesIO(b"the bytes of a file"), "plan =1.txt", purpose="attachment", limit=1000)
        if gone:
            _fill_boxes(business, gone)
    return made


def _fill_boxes(business: Business, gone: str) -> None:
    connection = current.session.connection()
    box, child, lid = uuid7(), uuid7(), uuid7()
    add = (
        f"INSERT INTO {gone}.box (tenant_id, id, parent_id, weight, contents, code, at, n) VALUES"
        " (%s, %s, %s, 1.10, '\\x00ff', '\\x01', '2026-01-02 03:04:05.000006+03', 9007199254740993)"
    )
    connection.exec_driver_sql(add, (business.tenant.id, box, None))
    connection.exec_driver_sql(add, (business.tenant.id, child, box))
    connection.exec_driver_sql(f"INSERT INTO {gone}.lid VALUES (%s, %s, %s)", (business.tenant.id, lid, box))
    connection.exec_driver_sql(f"UPDATE {gone}.box SET lid_id = %s WHERE id = %s", (lid, box))


@pytest.fixture
def business(world: World) -> Business:
    return world.business("contacts")
