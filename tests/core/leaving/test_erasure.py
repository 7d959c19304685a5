"""The erasure of a business: all of it, nothing of another one, without the code of any module, and provably.

Each test makes two businesses with the same modules, and looks at the second as at a thing that must not move.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from secrets import token_hex
from typing import Any

import psycopg
import pytest

from diwan import files, jobs
from diwan.config import Config
from diwan.db import scope, unit_of_work
from diwan.db.base import now
from diwan.events.outbox import Message
from diwan.kernel import catalogue as plugins
from diwan.kernel import loader
from diwan.kit.ids import sha256, uuid7
from diwan.leaving import catalogue, closing, erasing, report
from diwan.leaving.models import Erasure
from diwan.tenants import service
from diwan.tenants.models import Tenant
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business, World
from diwan.users.models import User

from .conftest import fill


@pytest.fixture
def other(world: World, gone: str) -> Iterator[Business]:
    """A business with the same modules that must be the same afterwards."""
    made = world.business("contacts")
    fill(made, gone)
    before = everything(made)
    yield made
    assert everything(made) == before


def everything(of: Business) -> dict[str, Any]:
    """Every row of a business in every table, as digests, and its files."""
    with of.acting(), unit_of_work() as session:
        found: dict[str, Any] = {}
        for table in catalogue.tables(session.connection()):
            rows = session.connection().exec_driver_sql(
                f"SELECT t::text FROM {table.sql} t WHERE tenant_id = %s ORDER BY 1", (of.tenant.id,)
            )
            lines = [row[0] for row in rows]
            found[table.key] = (len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest())
        found["files"] = files.left()
    return found


def close(of: Business) -> Tenant:
    """Close a business whose time is up at once."""
    with of.world.app.app_context():
        with scope(), unit_of_work():
            closing.close_for_operator(of.tenant.slug, at_once=True)
        return next(tenant for tenant in erasing.due() if tenant.id == of.tenant.id)


def erase(of: Business, **options: Any) -> Erasure:
    tenant = close(of)
    with of.world.app.app_context():
        id = erasing.erase(tenant, by="test", **options)
        assert id is not None
        return record(of, id)


def record(of: Business, id: Any) -> Erasure:
    with of.world.app.app_context(), scope(), unit_of_work() as session:
        found = session.get_one(Erasure, id)
        session.expunge(found)
        return found


def left(config: Config, tenant_id: int) -> dict[str, int]:
    """What a fresh connection finds of a tenant, and of its row."""
    with psycopg.connect(config.database_url, autocommit=True) as connection:

        def number(table: str, column: str) -> int:
            statement: Any = f"SELECT count(*) FROM {table} WHERE {column} = %s"
            [(count,)] = connection.execute(statement, (tenant_id,)).fetchall()
            return int(count)

        connection.execute(f"SET app.tenant_id = '{tenant_id}'")  # type: ignore[arg-type]
        tables = connection.execute(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p')"
        ).fetchall()
        assert len(tables) > 20
        found = {name: number(name, "tenant_id") for (name,) in tables}
        found["tenant"] = number("core.tenant", "id")
    return {name: count for name, count in found.items() if count}


def test_all_rows_files_messages_and_accounts_go_and_nothing_of_another_business(
    business: Business, other: Business, gone: str, config: Config
) -> None:
    fill(business, gone)
    business.member("contacts.*")
    before = everything(business)
    queues = jobs.connected()
    assert queues is not None
    mine, theirs = (Message(b.tenant.id, uuid7(), "job") for b in (business, other))
    queues.push([mine, theirs])
    try:
        erasure = erase(business)
        assert queues.of_tenant(business.tenant.id) == []
        assert len(queues.of_tenant(other.tenant.id)) == 1
    finally:
        queues.forget(other.tenant.id)
    assert left(config, business.tenant.id) == {}
    assert erasure.erased_at is not None
    growing = ("files", "core.outbox", "core.audit_entry", "core.audit_link")  # the closing adds to them
    rows = {key: found[0] for key, found in before.items() if found[0] and key not in growing}
    assert rows.items() <= erasure.counts.items()
    assert (erasure.counts[f"{gone}.box"], erasure.counts[f"{gone}.lid"]) == (2, 1)
    assert erasure.counts["core.audit_entry"] >= 4
    assert (erasure.files, erasure.bytes) == before["files"] == (1, 19)
    assert erasure.persons == 2
    with business.world.app.app_context(), scope(tenant=business.tenant), unit_of_work():
        assert files.left() == (0, 0)


def test_the_record_tells_numbers_and_no_name_and_its_digest_fits(business: Business, other: Business) -> None:
    fill(business)
    erasure = erase(business)
    facts = erasing.facts(erasure)
    assert erasure.slug_hash == sha256(business.tenant.slug)
    assert erasure.people == []
    assert facts["checked"]["rows"] == facts["checked"]["files"] == facts["checked"]["messages"] == 0
    assert facts["checked"]["tables"] > 20
    assert erasure.digest == hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":"),
                                                       ensure_ascii=False).encode()).hexdigest()  # fmt: skip
    assert business.tenant.slug not in json.dumps(facts)
    erasure.files += 1
    assert erasing.digest(erasure) != erasure.digest


def test_the_owner_gets_the_proof_and_is_forgotten_then(business: Business, other: Business) -> None:
    fill(business)
    erasure = erase(business)
    assert erasure.tell["to"][0]["email"] == business.owner.email
    with business.world.app.app_context():
        assert report.tell_owners() >= 1
    assert record(business, erasure.id).tell == {}
    body = Visitor(business.world.app, email=business.owner.email).mails()[-1].get_body(("plain",))
    assert body is not None
    told = body.get_content()
    assert "Nothing remains" in told
    assert erasure.digest in told


def test_it_works_without_the_code_of_any_module(business: Business, other: Business, config: Config) -> None:
    fill(business)
    before = plugins.installed()
    plugins.activate(loader.load(entry_points=[]))
    try:
        erasure = erase(business)
    finally:
        plugins.activate(before)
    assert erasure.counts["contacts.contact"] == 3
    assert left(config, business.tenant.id) == {}


def test_stopped_anywhere_it_goes_on_and_twice_does_no_harm(
    business: Business, other: Business, gone: str, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(business, gone, records=7)
    expected = everything(business)
    monkeypatch.setattr(erasing, "BATCH", 4)
    tenant, slices = close(business), 0
    with business.world.app.app_context():
        while erasing.erase(tenant, by="test", deadline=erasing.Deadline(0.0)) is None:
            slices += 1
        assert slices > 5
        assert erasing.due() == [] or tenant.id not in {t.id for t in erasing.due()}
        with scope(), unit_of_work() as session:
            erasure = session.query(Erasure).filter(Erasure.business == tenant.id).one()
            session.expunge(erasure)
    assert erasure.counts["contacts.contact"] == expected["contacts.contact"][0] == 7
    assert erasure.counts[f"{gone}.box"] == 2
    assert left(config, business.tenant.id) == {}


def test_what_remains_keeps_it_undone(
    business: Business, other: Business, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row or file that comes back in the middle: the business stays closed, and the record says what is left."""
    fill(business)
    tenant = close(business)
    real = erasing._Work.people

    def busy(self: Any) -> None:
        real(self)
        with unit_of_work():
            files.store(io.BytesIO(b"late"), "late.txt", purpose="attachment", limit=10)

    monkeypatch.setattr(erasing._Work, "people", busy)
    with business.world.app.app_context(), pytest.raises(erasing.NotErased, match=r"core\.file: 1"):
        erasing.erase(tenant, by="test")
    assert left(config, tenant.id)["tenant"] == 1
    with business.world.app.app_context():
        with scope(), unit_of_work() as session:
            undone = session.query(Erasure).filter(Erasure.business == tenant.id).one()
            assert undone.remains == {"core.file": 1, "files": 1}
            assert undone.erased_at is None
        monkeypatch.setattr(erasing._Work, "people", real)
        assert erasing.erase(tenant, by="test") is not None
    assert left(config, tenant.id) == {}


def test_a_table_whose_rows_cannot_be_seen_keeps_it_undone(
    business: Business, other: Business, gone: str, owner: Any
) -> None:
    """A rule of a table hides rows, and no key ties them to the business: nobody could prove that they are gone."""
    fill(business, gone)
    for table, key in (("lid", "tenant_id"), ("lid", "box_id"), ("box", "lid_id")):
        owner.execute(f"ALTER TABLE {gone}.{table} DROP CONSTRAINT fk_{table}_{key}")
    owner.execute(f"CREATE POLICY more ON {gone}.lid AS RESTRICTIVE USING (box_id IS NULL)")
    tenant = close(business)
    try:
        with business.world.app.app_context(), pytest.raises(erasing.NotErased, match=rf"{gone}\.lid: cannot be seen"):
            erasing.erase(tenant, by="test")
    finally:
        owner.execute(f"DROP POLICY more ON {gone}.lid")
    with business.world.app.app_context():
        assert erasing.erase(tenant, by="test") is not None


def test_people_of_another_business_and_operators_keep_their_accounts(
    business: Business, other: Business, world: World, owner: Any
) -> None:
    both, operator, third = business.member("contacts.*"), business.member("contacts.*"), world.business("contacts")
    owner.execute(f"SET app.tenant_id = '{third.tenant.id}'")
    owner.execute(
        "INSERT INTO core.membership (tenant_id, id, user_id, state, created_at)"
        " VALUES (%s, %s, %s, 'disabled', now())",
        (third.tenant.id, uuid7(), both.id),
    )
    owner.execute("INSERT INTO core.operator (user_id, since) VALUES (%s, now())", (operator.id,))
    owner.execute(
        """UPDATE core."user" SET preferences = jsonb_build_object('menus', jsonb_build_object(%s::text, '{}'::jsonb,
        %s::text, '{}'::jsonb)) WHERE id = %s""",
        (str(business.tenant.id), str(third.tenant.id), both.id),
    )
    erase(business)
    kept = dict(
        owner.execute(
            'SELECT id, preferences FROM core."user" WHERE id = ANY(%s)', ([both.id, operator.id, business.owner.id],)
        ).fetchall()
    )
    owner.execute("DELETE FROM core.operator WHERE user_id = %s", (operator.id,))
    assert kept.keys() == {both.id, operator.id}
    assert kept[both.id]["menus"].keys() == {str(third.tenant.id)}


@pytest.mark.parametrize("state", ["active", "suspended", "closing"])
def test_the_database_refuses_what_is_not_due(business: Business, state: str, config: Config) -> None:
    fill(business)
    with psycopg.connect(config.database_url, autocommit=True) as app:
        app.execute("UPDATE core.tenant SET state = %s, closes_at = %s WHERE id = %s",
                    (state, now() + timedelta(days=1), business.tenant.id))  # fmt: skip
        app.execute(f"SET app.tenant_id = '{business.tenant.id}'")  # type: ignore[arg-type]
        for statement in (
            "SELECT core.erase_rows('contacts.contact', 10)", "SELECT core.erase_knot('{contacts.contact}')",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)  # type: ignore[arg-type]
        counted = app.execute("SELECT count(*) FROM contacts.contact").fetchone()
    assert counted == (3,)


@pytest.mark.parametrize("table", ["pg_catalog.pg_class", "core.user", "core.tenant", "core.plugin"])
def test_the_functions_touch_only_tables_of_businesses(business: Business, table: str, config: Config) -> None:
    close(business)
    with psycopg.connect(config.database_url, autocommit=True) as app:
        app.execute(f"SET app.tenant_id = '{business.tenant.id}'")  # type: ignore[arg-type]
        for statement in (
            "SELECT core.erase_rows(%s::text::regclass, 10)",
            "SELECT core.erase_knot(ARRAY[%s::text]::regclass[])",
        ):
            with pytest.raises(psycopg.errors.WrongObjectType):
                app.execute(statement, (table,))


def test_an_erased_address_is_not_given_again(business: Business, other: Business) -> None:
    name = f"Reused {token_hex(4)}"
    with business.world.app.app_context(), scope(), unit_of_work() as session:
        user = session.get_one(User, other.owner.id)
        made = service.create_tenant(name, "KW", "en", user)
    first = Business(business.world, made, other.owner)
    erase(first)
    with business.world.app.app_context(), scope(), unit_of_work() as session:
        again = service.create_tenant(name, "KW", "en", session.get_one(User, other.owner.id))
    assert made.slug == name.lower().replace(" ", "-")
    assert again.slug == f"{made.slug}-2"
    erase(Business(business.world, again, other.owner))


def test_the_log_of_erasures_cannot_be_cut_by_the_application(config: Config) -> None:
    with (
        psycopg.connect(config.database_url, autocommit=True) as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        app.execute("DELETE FROM core.erasure")
