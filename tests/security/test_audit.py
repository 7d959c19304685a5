"""The audit log against those who would rewrite it: the application cannot, the owner is found out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from diwan import audit
from diwan.audit import chain
from diwan.config import Config
from diwan.db import unit_of_work
from diwan.testing.forging import chain_anew
from diwan.testing.world import Business

FORBIDDEN = [
    "UPDATE core.audit_entry SET title = 'x'",
    "DELETE FROM core.audit_entry",
    "TRUNCATE core.audit_entry",
    "TRUNCATE core.audit_link, core.audit_head",
    "INSERT INTO core.audit_link (tenant_id, seq, entry_id, hash) VALUES (core.tid(), 999, gen_random_uuid(), '')",
    "UPDATE core.audit_link SET hash = ''",
    "DELETE FROM core.audit_link",
    "INSERT INTO core.audit_head (tenant_id) VALUES (core.tid())",
    "UPDATE core.audit_head SET seq = 0",
    "UPDATE core.audit_head SET start_seq = 3",
    "DELETE FROM core.audit_head",
    "ALTER TABLE core.audit_entry DISABLE TRIGGER chain",
    "DROP TRIGGER chain ON core.audit_entry",
    "DROP FUNCTION core.chain_audit() CASCADE",
    "SELECT core.chain_audit()",
    "SET ROLE diwan_lookup",
    "SET session_replication_role = 'replica'",
    "CREATE FUNCTION core.chain_audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
]


@pytest.fixture
def told(business: Business) -> Business:
    """A business with ten entries of its own."""
    with business.acting(), unit_of_work():
        audit.record_many(audit.Entry("create", "x.y", uuid4(), f"{number}") for number in range(10))
    return business


@pytest.fixture
def owner(config: Config, told: Business) -> Iterator[psycopg.Connection[Any]]:
    """The owner of the database, within the business: forced row-level security binds it too."""
    with psycopg.connect(config.database_owner_url, autocommit=True) as link:
        link.execute("SELECT set_config('app.tenant_id', %s, false)", (str(told.tenant.id),))
        yield link


def fault(business: Business, *anchors: chain.Anchor) -> chain.Fault | None:
    with business.acting(), unit_of_work():
        return chain.verify(anchors).fault


def anchor(business: Business) -> chain.Anchor:
    with business.acting(), unit_of_work():
        found = chain.verify()
    return chain.Anchor(business.tenant.id, business.tenant.slug, found.seq, found.hash, found.checked_at.isoformat())


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_application_cannot_touch_log_nor_chain(told: Business, statement: str) -> None:
    refused = pytest.raises(ProgrammingError, match=r"permission denied|must be owner")
    with told.acting(), refused, unit_of_work() as session:
        session.connection().exec_driver_sql(statement)
    assert fault(told) is None


def test_the_log_of_another_business_is_out_of_sight(told: Business, other_business: Business) -> None:
    with other_business.acting(), unit_of_work():
        audit.record("create", "x.y", title="ours")
    with other_business.acting(), unit_of_work() as session:
        for table in ("audit_entry", "audit_link", "audit_head"):
            tenants = session.execute(text(f"SELECT DISTINCT tenant_id FROM core.{table}")).scalars().all()
            assert tenants == [other_business.tenant.id]


FORGERIES = {
    "changed": "UPDATE core.audit_entry SET title = 'forged' WHERE title = '4'",
    "changed back in time": "UPDATE core.audit_entry SET at = at - interval '1 second' WHERE title = '4'",
    "changed value": "UPDATE core.audit_entry SET after = '{}' WHERE title = '4'",
    "other person": "UPDATE core.audit_entry SET actor_id = NULL WHERE title = '4'",
    "deleted": "DELETE FROM core.audit_entry WHERE title = '4'",
    "deleted with its link": """WITH gone AS (DELETE FROM core.audit_entry WHERE title = '4' RETURNING id)
        DELETE FROM core.audit_link WHERE entry_id IN (SELECT id FROM gone)""",
    "link alone": "DELETE FROM core.audit_link WHERE seq = 6",
    "all of it": "WITH gone AS (DELETE FROM core.audit_entry) DELETE FROM core.audit_link",
    "the tail": """WITH gone AS (DELETE FROM core.audit_link WHERE seq > 5 RETURNING entry_id)
        DELETE FROM core.audit_entry WHERE id IN (SELECT entry_id FROM gone)""",
    "the beginning": """WITH gone AS (DELETE FROM core.audit_link WHERE seq <= 5 RETURNING entry_id)
        DELETE FROM core.audit_entry WHERE id IN (SELECT entry_id FROM gone)""",
    "the beginning as if by age": """WITH gone AS (DELETE FROM core.audit_link WHERE seq <= 5
            RETURNING entry_id, seq, hash),
        entries AS (DELETE FROM core.audit_entry WHERE id IN (SELECT entry_id FROM gone))
        UPDATE core.audit_head SET start_seq = 5, start_hash = (SELECT hash FROM gone WHERE seq = 5)""",
    "head": "UPDATE core.audit_head SET hash = sha256('x')",
    "head removed": "DELETE FROM core.audit_head",
}


@pytest.mark.parametrize("how", FORGERIES)
def test_the_owner_is_found_out(told: Business, owner: psycopg.Connection[Any], how: str) -> None:
    assert fault(told) is None
    owner.execute(FORGERIES[how])
    assert fault(told) is not None


def test_two_entries_in_each_others_place(told: Business, owner: psycopg.Connection[Any]) -> None:
    query = "SELECT entry_id FROM core.audit_link WHERE seq IN (5, 6) ORDER BY seq"
    one, two = (row[0] for row in owner.execute(query).fetchall())
    place = "UPDATE core.audit_link SET entry_id = %s WHERE seq = %s"
    for entry, seq in ((uuid4(), 6), (two, 5), (one, 6)):
        owner.execute(place, (entry, seq))
    found = fault(told)
    assert found is not None
    assert found.seq == 5


def test_an_entry_put_in_past_the_chain(told: Business, owner: psycopg.Connection[Any]) -> None:
    with owner.transaction():
        owner.execute("ALTER TABLE core.audit_entry DISABLE TRIGGER chain")
        owner.execute(
            "INSERT INTO core.audit_entry (tenant_id, id, at, action, title)"
            " VALUES (core.tid(), %s, now(), 'create', 'x')",
            (uuid4(),),
        )
        owner.execute("ALTER TABLE core.audit_entry ENABLE TRIGGER chain")
    found = fault(told)
    assert found is not None
    assert found.entry is not None


def test_a_chain_that_was_worked_out_anew_is_found_by_its_anchor(
    told: Business, owner: psycopg.Connection[Any]
) -> None:
    kept = anchor(told)
    assert fault(told, kept) is None
    owner.execute("UPDATE core.audit_entry SET title = 'forged' WHERE title = '4'")
    chain_anew(owner, told.tenant.id)
    assert fault(told) is None  # nobody can see it from within
    assert fault(told, kept) is not None


def test_a_tail_that_was_cut_off_cleanly_is_found_by_its_anchor(told: Business, owner: psycopg.Connection[Any]) -> None:
    kept = anchor(told)
    owner.execute(FORGERIES["the tail"])
    owner.execute("UPDATE core.audit_head h SET seq = 5, hash = (SELECT hash FROM core.audit_link WHERE seq = 5)")
    assert fault(told) is None
    assert fault(told, kept) is not None


def test_more_entries_after_the_anchor_are_no_fault(told: Business) -> None:
    kept = anchor(told)
    with told.acting(), unit_of_work():
        audit.record("create", "x.y", uuid4(), "later")
    assert fault(told, kept) is None
