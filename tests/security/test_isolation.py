"""The attack script: one business tries everything to reach another's rows. Each attempt must fail loudly.

It speaks SQL as the application's role does, and HTTP as a person and a program do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text, update

from diwan import resources
from diwan.config import Config
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.kit.ids import uuid7
from diwan.resources.model import Model
from diwan.testing.world import Business

SECRET = "Falcon Auto Parts"


@pytest.fixture
def victim(other_business: Business) -> tuple[Business, UUID]:
    """The neighbour, with one contact that nobody else may find."""
    with other_business.acting(), unit_of_work():
        contacts = current.lineup.resources["contacts.contact"]
        made = resources.create(contacts, {"name": SECRET, "code": "F-1", "email": "owner@falcon.example"})
        return other_business, made.id


@pytest.fixture
def sql(config: Config) -> Iterator[Any]:
    """A connection as the application's role, in the driver's own mode."""
    with psycopg.connect(config.database_url) as connection:
        yield connection


def enter(sql: Any, business: Business) -> None:
    sql.execute(f"SET LOCAL app.tenant_id = '{business.tenant.id}'")


@pytest.mark.parametrize(
    "table",
    [
        "contacts.contact",
        "core.membership",
        "core.api_token",
        "core.audit_entry",
        "core.outbox",
        "core.comment",
        "core.attachment",
        "core.task",
        "core.tag",
        "core.notification",
    ],
)
def test_without_a_tenant_the_database_raises(sql: Any, victim: Any, table: str) -> None:
    with pytest.raises(psycopg.Error, match=r"app.tenant_id"):
        sql.execute(f"SELECT count(*) FROM {table}")
    sql.rollback()
    enter(sql, victim[0])
    sql.commit()  # SET LOCAL has ended with its transaction
    with pytest.raises(psycopg.Error, match=r"invalid input syntax|app\.tenant_id"):
        sql.execute(f"SELECT count(*) FROM {table}")


def test_another_tenants_rows_are_not_seen_changed_or_deleted(sql: Any, business: Business, victim: Any) -> None:
    _, id = victim
    enter(sql, business)
    assert sql.execute("SELECT count(*) FROM contacts.contact WHERE id = %s", (id,)).fetchone() == (0,)
    assert sql.execute("UPDATE contacts.contact SET name = 'x' WHERE id = %s", (id,)).rowcount == 0
    assert sql.execute("DELETE FROM contacts.contact WHERE id = %s", (id,)).rowcount == 0
    found = "SELECT * FROM core.search(ARRAY['contacts.contact'], to_tsquery('simple', 'falcon'), 10)"
    assert sql.execute(found).fetchall() == []


COLUMNS = "tenant_id, id, name, kind, roles, created_at, updated_at, version, sort_title"


def insert(sql: Any, tenant: int, **more: Any) -> None:
    values = {"tenant_id": tenant, "id": uuid7(), "name": "x", "kind": "person", "roles": [], "created_at": now(),
              "updated_at": now(), "version": 1, "sort_title": "x", **more}  # fmt: skip
    marks = ", ".join(f"%({name})s" for name in values)
    sql.execute(f"INSERT INTO contacts.contact ({', '.join(values)}) VALUES ({marks})", values)


def test_rows_cannot_be_written_into_or_moved_to_another_tenant(sql: Any, business: Business, victim: Any) -> None:
    enter(sql, business)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        insert(sql, victim[0].tenant.id)
    sql.rollback()
    enter(sql, business)
    insert(sql, business.tenant.id)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        sql.execute("UPDATE contacts.contact SET tenant_id = %s", (victim[0].tenant.id,))


def test_a_foreign_key_does_not_reach_another_tenant(sql: Any, business: Business, victim: Any) -> None:
    enter(sql, business)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        insert(sql, business.tenant.id, organisation=victim[1])


def test_a_unique_value_does_not_tell_that_another_tenant_has_it(sql: Any, business: Business, victim: Any) -> None:
    enter(sql, business)
    insert(sql, business.tenant.id, code="F-1", id=victim[1])  # same code, same id: no error


def test_copy_neither_reads_nor_writes_another_tenants_rows(sql: Any, business: Business, victim: Any) -> None:
    enter(sql, business)
    with sql.cursor().copy("COPY contacts.contact (name) TO STDOUT") as copy:
        assert SECRET.encode() not in b"".join(bytes(part) for part in copy)
    with (
        pytest.raises(psycopg.Error, match="row-level security"),
        sql.cursor().copy(f"COPY contacts.contact ({COLUMNS}) FROM STDIN") as copy,
    ):
        copy.write(b"1\n")
    sql.rollback()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        sql.execute("COPY core.tenant TO PROGRAM 'cat'")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT set_config('app.tenant_id', '{victim}', true)",
        "SELECT * FROM contacts.contact WHERE (SELECT set_config('app.tenant_id', '{victim}', true)) = '{victim}'",
        "SELECT query_to_xml('SELECT set_config(''app.tenant_id'', ''{victim}'', true)', true, true, '')",
        "SET row_security = off; SELECT * FROM contacts.contact",
        "SET ROLE diwan_owner",
        "SET ROLE diwan_lookup",
        "SET SESSION AUTHORIZATION diwan_owner",
        "ALTER TABLE contacts.contact DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE contacts.contact NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON contacts.contact",
        "CREATE POLICY open ON contacts.contact USING (true)",
        "CREATE OR REPLACE FUNCTION core.tid() RETURNS bigint LANGUAGE sql AS 'SELECT {victim}::bigint'",
        "CREATE FUNCTION pg_temp.tid() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'",
        "CREATE TEMP TABLE t (x int)",
        "CREATE TABLE public.t (x int)",
        "CREATE SCHEMA mine",
        "TRUNCATE contacts.contact",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "DELETE FROM core.audit_entry",
        "UPDATE core.audit_entry SET action = 'x'",
        "UPDATE core.plugin SET state = 'ready'",
        "SELECT * FROM pg_authid",
    ],
)
def test_the_ways_round_row_level_security_are_closed(
    sql: Any, business: Business, victim: Any, statement: str
) -> None:
    enter(sql, business)
    with pytest.raises(psycopg.Error):
        sql.execute(statement.replace("{victim}", str(victim[0].tenant.id)))


def test_the_application_runs_one_statement_at_a_time(business: Business, victim: Any) -> None:
    """A stacked statement is how injected SQL would switch the tenant: the server refuses it, with or without binds."""
    attack = f"SELECT 1; SET LOCAL app.tenant_id = '{victim[0].tenant.id}'"
    for statement, values in ((attack, None), (attack + "; SELECT %s", (1,))):
        with (
            business.acting(),
            pytest.raises(Exception, match=r"multiple commands|syntax error"),
            unit_of_work() as session,
        ):
            session.connection().exec_driver_sql(statement, values)


def test_the_orm_adds_the_tenant_to_every_statement(business: Business, victim: Any) -> None:
    _, id = victim
    with business.acting(), unit_of_work() as session:
        contact: Any = current.lineup.resources["contacts.contact"].model
        assert session.scalars(select(contact)).all() == []
        assert session.get(contact, (victim[0].tenant.id, id)) is None
        assert session.execute(update(contact).values(name="x")).rowcount == 0
        statement = str(select(contact.name).where(contact.id == id).compile())
        assert "tenant_id" not in statement  # nothing was written by hand: the guard adds it
        seen: list[str] = []
        from sqlalchemy import event

        event.listen(session.connection(), "before_cursor_execute", lambda *a: seen.append(a[2]))
        session.execute(select(contact.name).where(contact.id == id)).all()
        assert "tenant_id = " in seen[-1]


def test_the_orm_refuses_a_record_of_another_tenant(business: Business, victim: Any) -> None:
    with business.acting(), pytest.raises(RuntimeError, match="another tenant"), unit_of_work() as session:
        contact: type[Model] = current.lineup.resources["contacts.contact"].model
        session.add(contact(name="x", tenant_id=victim[0].tenant.id))
        session.flush()


def test_no_tenant_open_means_an_error_and_not_an_empty_answer(app: Flask, victim: Any) -> None:
    from diwan.db import scope

    with (
        app.app_context(),
        scope(),
        pytest.raises(Exception, match=r"app\.tenant_id|bigint"),
        unit_of_work() as session,
    ):
        session.execute(text("SELECT count(*) FROM contacts.contact"))


def test_rest_does_not_reach_another_tenant(app: Flask, business: Business, victim: Any) -> None:
    _, id = victim
    client, headers = app.test_client(), {"Authorization": f"Bearer {business.token()}"}
    base = "/api/v1/contacts/contact"
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/archive"), ("POST", "/restore")):
        answer = client.open(f"{base}/{id}{path}", method=method, json={"name": "x"}, headers=headers)
        assert answer.status_code == 404, (method, path)
    forged = {"name": "x", "tenant_id": victim[0].tenant.id}
    assert client.post(base, json=forged, headers=headers).status_code == 422
    assert client.post(base, json={"name": "x", "organisation": str(id)}, headers=headers).status_code == 422
    for query in ("", "?search=falcon", '?where=[["code","eq","F-1"]]', "?archived=true"):
        assert SECRET not in client.get(base + query, headers=headers).text
    # An id is the business's own affair: creating with the neighbour's code succeeds.
    assert client.post(base, json={"name": "x", "code": "F-1"}, headers=headers).status_code == 201


def test_pages_do_not_reach_another_tenant(business: Business, victim: Any) -> None:
    neighbour, id = victim
    client = business.client()
    for path in ("", "/contacts/contact", "/people", "/modules", "/settings", "/tokens", "/audit",
                 "/search?q=falcon", f"/contacts/contact/{id}",
                 "/contacts/contact/options?q=falcon", "/contacts/contact/import"):  # fmt: skip
        strange = client.get(neighbour.url + path)
        unknown = client.get("/t/no-such-business" + path)
        assert (strange.status_code, unknown.status_code) == (404, 404), path
        assert SECRET not in strange.text
        mine = client.get(business.url + path)
        assert SECRET not in mine.text, path
    for verb in ("", "/archive", "/delete"):
        assert client.post(f"{business.url}/contacts/contact/{id}{verb}", data={"name": "x"}).status_code == 404
    client.post(f"{business.url}/contacts/contact/bulk/archive", data={"id": str(id)})
    with neighbour.acting(), unit_of_work():
        record = resources.get(current.lineup.resources["contacts.contact"], id)
        assert (record.name, record.archived_at) == (SECRET, None)
