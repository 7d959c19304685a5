"""Support inside a business, walked over every address: looking only writes nothing, changing leaves rights alone.

A new page is held to the same by being there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.routing import AnyConverter, UUIDConverter

from diwan import resources
from diwan.config import Config
from diwan.db import current, unit_of_work
from diwan.kit.ids import uuid7
from diwan.operators import support
from diwan.operators.models import SupportGrant
from diwan.testing.world import Business, World


@pytest.fixture
def desk(world: World) -> FlaskClient:
    return world.desk()


@pytest.fixture
def contact(business: Business) -> UUID:
    with business.acting(), unit_of_work():
        made = resources.create(current.lineup.resources["contacts.contact"], {"name": "Falcon", "code": "F-1"})
        return made.id  # type: ignore[no-any-return]


def give(business: Business, level: str = "read") -> UUID:
    with business.acting(), unit_of_work():
        return support.give(level, 1, "The totals look wrong").id


def widen(business: Business, grant: UUID) -> None:
    with business.acting(), unit_of_work() as session:
        session.get_one(SupportGrant, (business.tenant.id, grant)).level = "full"


def addresses(business: Business, method: str, contact: UUID) -> Iterator[str]:
    """Every address below a business that takes a method, for the contact where it names a record."""
    known = {"slug": business.tenant.slug, "plugin": "contacts", "name": "contact", "id": contact}
    for rule in business.world.app.url_map.iter_rules():
        if "slug" not in rule.arguments or method not in (rule.methods or ()):
            continue
        values: dict[str, Any] = {}
        for argument in rule.arguments:
            converter = rule._converters[argument]
            if isinstance(converter, AnyConverter):
                values[argument] = next(iter(converter.items))
            else:
                values[argument] = known.get(argument, uuid7() if isinstance(converter, UUIDConverter) else "1")
        built = rule.build(values, append_unknown=False)
        assert built is not None, rule
        yield built[1]


def rows_of(config: Config, business: Business) -> dict[str, Any]:
    """What each table holds of the business: how many rows, and a sum over all that is in them."""
    found = {}
    with psycopg.connect(config.database_owner_url) as sql:
        sql.execute(f"SET app.tenant_id = '{business.tenant.id}'")
        for (name,) in sql.execute(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE a.attname = 'tenant_id' AND c.relkind = 'r' ORDER BY 1"
        ).fetchall():
            found[name] = sql.execute(f"SELECT count(*), sum(hashtext(t::text)) FROM {name} t").fetchone()
    return {name: rows for name, rows in found.items() if rows is not None and rows[0]}


WRITTEN = {"core.audit_entry", "core.audit_link", "core.audit_head", "core.support_grant", "core.notification"}
"""What is written about support itself."""


def test_look_only_writes_nothing_by_any_address(
    desk: FlaskClient, business: Business, contact: UUID, config: Config
) -> None:
    give(business)
    before = rows_of(config, business)
    walked = 0
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for address in addresses(business, method, contact):
            answer = desk.open(address, method=method, data={"name": "changed", "title": "changed"})
            assert answer.status_code in (403, 404), f"{method} {address}: {answer.status_code}"
            walked += 1
    assert walked > 60
    for address in addresses(business, "GET", contact):
        desk.get(address)
    after = rows_of(config, business)
    changed = {name for name in after.keys() | before.keys() if after.get(name) != before.get(name)}
    assert changed <= WRITTEN


def test_what_a_page_writes_by_the_way_is_not_kept_for_who_looks_only(
    desk: FlaskClient, business: Business, contact: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(*_arguments: Any) -> str:
        current.session.execute(text("UPDATE contacts.contact SET code = 'written'"))
        return "shown"

    monkeypatch.setattr("diwan.web.screens.show", careless)

    def code() -> str:
        with business.acting(), unit_of_work():
            return str(resources.get(current.lineup.resources["contacts.contact"], contact).code)

    grant = give(business)
    assert desk.get(f"{business.url}/contacts/contact").text == "shown"
    assert code() == "F-1"
    widen(business, grant)
    assert desk.get(f"{business.url}/contacts/contact").text == "shown"
    assert code() == "written"


RIGHTS = (
    "membership",
    "role",
    "role_grant",
    "member_role",
    "team",
    "team_member",
    "invitation",
    "api_token",
    "takeout",
)
"""Tables that support never changes, whatever it may change."""


def test_look_and_change_leaves_people_rights_and_tokens_alone_by_any_address(
    desk: FlaskClient, business: Business, contact: UUID, config: Config
) -> None:
    member = business.member("contacts.contact.read")
    with business.acting(), unit_of_work() as session:
        role = session.scalar(text("SELECT key FROM core.role WHERE key <> 'owner'"))
    grant, before = give(business, "full"), rows_of(config, business)
    data = {"name": "x", "email": "me@example.com", "reason": "x", "level": "full", "hours": "72", "expires": "30",
            "scope": "all", "roles": role, "person": str(member.id), "confirm": business.tenant.name}  # fmt: skip
    for record in (contact, member.id, grant):
        for address in addresses(business, "POST", record):
            desk.post(address, data=data)
    after = rows_of(config, business)
    for name in RIGHTS:
        assert after.get(f"core.{name}") == before.get(f"core.{name}"), name
    assert after["core.support_grant"][0] == 1
    with business.acting(), unit_of_work() as session:
        policy, state = session.execute(
            text("SELECT policy, state FROM core.tenant WHERE id = :id"), {"id": business.tenant.id}
        ).one()
        assert (policy, state) == ({}, "active")
        stored = session.get(SupportGrant, (business.tenant.id, grant))
        assert stored is not None
        assert stored.live
