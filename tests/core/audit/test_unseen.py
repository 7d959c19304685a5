"""Changes past the services: attributes set, objects added and deleted, many at once; none is told twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, text, update

from diwan import resources
from diwan.audit import service as log
from diwan.audit.models import AuditEntry
from diwan.audit.unseen import Change, cover, see
from diwan.db import current, unit_of_work
from diwan.kit.ids import uuid7
from diwan.resources import store
from diwan.testing.world import Business, World


@pytest.fixture
def business(world: World) -> Business:
    return world.business("contacts", "kitchen")


def resource(key: str) -> Any:
    return current.lineup.resources[key]


def told(business: Business, key: str = "contacts.contact") -> Sequence[AuditEntry]:
    """Return the entries of a resource, oldest first."""
    with business.acting(), unit_of_work():
        return list(reversed(log.entries(resource=key, limit=500)))


def made(business: Business, **values: Any) -> UUID:
    with business.acting(), unit_of_work():
        found: UUID = resources.create(resource("contacts.contact"), {"name": "Acme", "city": "Amman", **values}).id
    return found


def test_what_the_services_do_is_told_once(business: Business) -> None:
    id = made(business)
    with business.acting(), unit_of_work():
        contacts = resource("contacts.contact")
        store.update(contacts, id, {"city": "Basra"})
        store.archive(contacts, id)
        store.restore(contacts, id)
    with business.acting(), unit_of_work():
        store.delete(resource("contacts.contact"), id)
    assert [entry.action for entry in told(business)] == ["create", "update", "archive", "restore", "delete"]


def test_rows_of_a_record_are_told_with_it_alone(business: Business) -> None:
    with business.acting(), unit_of_work():
        orders = resource("kitchen.order")
        client = resources.create(resource("kitchen.client"), {"name": "Acme"})
        line = {"item": "Tea", "quantity": 2, "price": 3}
        order = resources.create(orders, {"client": client.id, "subject": "Tea", "line": [line, line]})
    with business.acting(), unit_of_work():
        store.update(resource("kitchen.order"), order.id, {"line": [line]})
    assert [entry.action for entry in told(business, "kitchen.order")] == ["create", "update"]
    assert told(business, "kitchen.line") == []


def test_an_attribute_that_code_sets(business: Business) -> None:
    id = made(business)
    with business.acting(), unit_of_work() as session:
        record = session.get(resource("contacts.contact").model, (current.tenant.id, id))
        record.city = "Basra"
        session.flush()
        record.city = "Doha"
        record.website = None
    [_create, entry] = told(business)
    assert (entry.action, entry.record_id, entry.title) == ("update", id, "Acme")
    assert (entry.before, entry.after) == ({"city": "Amman"}, {"city": "Doha"})
    assert entry.actor_id == business.owner.id


def test_a_record_that_code_adds_and_one_that_it_deletes(business: Business) -> None:
    with business.acting(), unit_of_work() as session:
        model = resource("contacts.contact").model
        record = model(name="Past the store", sort_title="past", kind="organisation", roles=[])
        session.add(record)
        session.flush()
        record.city = "Kuwait"
    with business.acting(), unit_of_work() as session:
        session.delete(session.get(model, (current.tenant.id, record.id)))
    [create, gone] = told(business)
    assert (create.action, create.record_id, (create.after or {})["city"]) == ("create", record.id, "Kuwait")
    assert (gone.action, (gone.before or {})["name"], gone.after) == ("delete", "Past the store", None)


def test_code_before_and_after_a_service_is_told_besides_it(business: Business) -> None:
    id = made(business)
    with business.acting(), unit_of_work() as session:
        contacts = resource("contacts.contact")
        record = store.get(contacts, id)
        record.city = "Basra"
        session.flush()
        store.update(contacts, id, {"city": "Doha"})
        record.city = "Muscat"
    changes = [(entry.before, entry.after) for entry in told(business)[1:]]
    assert sorted(changes, key=str) == sorted(
        [({"city": "Basra"}, {"city": "Doha"}), ({"city": "Amman"}, {"city": "Muscat"})], key=str
    )


def test_a_savepoint_that_falls_takes_what_was_seen_along(business: Business) -> None:
    id = made(business)
    with business.acting(), unit_of_work() as session:
        record = store.get(resource("contacts.contact"), id)
        savepoint = session.begin_nested()
        record.city = "Basra"
        session.flush()
        savepoint.rollback()
    assert [entry.action for entry in told(business)] == ["create"]


def test_a_secret_is_told_without_its_value(business: Business) -> None:
    with business.acting(), unit_of_work():
        client = resources.create(resource("kitchen.client"), {"name": "Acme", "shop_key": "hush-1"})
    with business.acting(), unit_of_work():
        client = store.get(resource("kitchen.client"), client.id)
        client.shop_key = "hush-2"
    [create, change] = told(business, "kitchen.client")
    assert (change.action, change.after) == ("update", {"shop_key": True})
    with business.acting(), unit_of_work() as session:
        everything = session.execute(text("SELECT string_agg(a::text, '') FROM core.audit_entry a")).scalar() or ""
    assert "hush" not in everything
    assert (create.after or {})["shop_key"] is True


def test_many_at_once_are_told_by_their_number(business: Business) -> None:
    for name in ("A", "B", "C"):
        made(business, name=name)
    with business.acting(), unit_of_work() as session:
        model: Any = resource("contacts.contact").model
        session.execute(update(model).values(city="Doha").where(model.name != "C"))
        session.execute(update(model.__table__).values(city="Doha").where(model.__table__.c.name == "C"))
        rows = [
            {"id": uuid7(), "tenant_id": current.tenant.id, "name": name, "kind": "person", "roles": []}
            for name in "XY"
        ]
        session.execute(insert(model), rows)
        session.execute(delete(model).where(model.name == "X"))
    many = [(entry.action, entry.after) for entry in told(business)[3:]]
    assert many == [
        ("update_many", {"records": 2, "fields": ["city"]}),
        ("update_many", {"records": 1, "fields": ["city"]}),
        ("create_many", {"records": 2}),
        ("delete_many", {"records": 1}),
    ]


def test_another_business_is_not_touched_by_a_statement_over_many(business: Business, other_business: Business) -> None:
    id = made(business)
    with other_business.acting(), unit_of_work() as session:
        model: Any = resource("contacts.contact").model
        session.execute(update(model).values(city="Doha"))
    with business.acting(), unit_of_work():
        assert store.get(resource("contacts.contact"), id).city == "Amman"
    assert told(business)[-1].action == "create"


# -- comparing ---------------------------------------------------------------------------------------------------

KEY = ("x.y", UUID(int=1))


@pytest.mark.parametrize(
    ("seen", "before", "after", "left"),
    [
        ({"a": [1, 2]}, {"a": 1}, {"a": 2}, None),
        ({"a": [1, 2]}, {"a": 0}, {"a": 2}, {"a": [1, 0]}),
        ({"a": [1, 3]}, {"a": 1}, {"a": 2}, {"a": [1, 3]}),
        ({"a": [1, 2], "b": [1, 2]}, {"a": 1}, {"a": 2}, {"b": [1, 2]}),
        ({"a": [None, None]}, {}, {}, {"a": [None, None]}),
    ],
)
def test_an_entry_covers_what_it_says(seen: Any, before: Any, after: Any, left: Any) -> None:
    changes = {KEY: Change("update", fields=seen)}
    cover(changes, "update", KEY, before, after)
    assert (changes[KEY].fields if KEY in changes else None) == left


def test_made_and_deleted_at_once_is_nothing() -> None:
    changes: Any = {}
    see(changes, KEY, Change("create"))
    see(changes, KEY, Change("delete"))
    assert changes == {}
