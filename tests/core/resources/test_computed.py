"""Values that follow from others: worked out alike by PostgreSQL, before writing, and while people type."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from diwan import resources
from diwan.audit.models import AuditEntry
from diwan.db import current, unit_of_work
from diwan.db.columns import Scaled
from diwan.errors import Invalid
from diwan.resources import store
from diwan.resources.computing import Formula, compute
from diwan.testing.world import World

LINES = [{"item": "Rice", "quantity": "2", "price": "1.250"}, {"item": "Tea", "quantity": "0.5", "price": "3"}]


@pytest.fixture
def orders(world: World) -> Iterator[Any]:
    business = world.business("kitchen")
    with business.acting(), unit_of_work():
        yield current.lineup.resources["kitchen.order"]


def amounts(orders: Any, record: Any) -> list[Any]:
    return [row.amount for row in store.parts_of(orders.parts["line"], record)]


def test_lines_and_totals(orders: Any) -> None:
    made = store.create(orders, {"subject": "A", "line": LINES})
    assert (amounts(orders, made), made.total) == ([Decimal("2.5"), Decimal("1.5")], Decimal(4))
    rows = store.parts_of(orders.parts["line"], made)
    lines = [{"id": rows[0].id, "quantity": "4"}, {"item": "Salt", "price": "0.1"}]
    store.update(orders, made.id, {"line": lines})
    assert (amounts(orders, made), made.total) == ([Decimal(5), Decimal("0.1")], Decimal("5.1"))
    entry = current.session.scalars(
        select(AuditEntry).where(AuditEntry.record_id == made.id, AuditEntry.action == "update")
    ).one()
    assert (entry.before["total"], entry.after["total"]) == ("4", "5.1")
    store.update(orders, made.id, {"subject": "B"})
    assert made.total == Decimal("5.1")
    assert resources.list_page(orders, ["total"]).rows == [(made.id, Decimal("5.1"))]


def test_nobody_writes_them(orders: Any) -> None:
    with pytest.raises(Invalid) as caught:
        store.create(orders, {"subject": "A", "total": "5", "line": [{"item": "x", "amount": "1"}]})
    assert "total" in caught.value.errors or "line.0.amount" in caught.value.errors


def test_a_row_that_is_written_alone_changes_the_total(orders: Any) -> None:
    made = store.create(orders, {"subject": "A", "line": LINES})
    line = orders.parts["line"]
    rice, tea = store.parts_of(line, made)
    store.update(line, rice.id, {"quantity": "3"})
    assert made.total == Decimal("5.25")
    store.delete(line, tea.id)
    assert made.total == Decimal("3.75")


def test_forms_get_the_same_from_what_is_typed(orders: Any) -> None:
    lines = [{"quantity": Decimal(2), "price": Decimal("1.25")}, {"quantity": Decimal(3), "price": None}]
    assert compute(orders, {"currency": "KWD"}, {"line": lines})["total"] == Decimal("2.5")
    assert compute(orders.parts["line"], lines[0])["amount"] == Decimal("2.5")
    assert compute(orders.parts["line"], lines[1])["amount"] is None
    many = [{"quantity": Decimal("0.333333"), "price": Decimal(1)}] * 3
    assert compute(orders, {"currency": "USD"}, {"line": many})["total"] == Decimal(1)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**9), st.integers(-(10**9), 10**9))
def test_python_and_postgresql_agree(orders: Any, quantity: int, price: int) -> None:
    a, b = Decimal(quantity) / 10**6, Decimal(price) / 1000
    made = store.create(
        orders, {"subject": "A", "currency": "KWD", "line": [{"item": "x", "quantity": str(a), "price": str(b)}]}
    )
    assert amounts(orders, made) == [compute(orders.parts["line"], {"quantity": a, "price": b})["amount"]]


def test_formulas() -> None:
    types = {"quantity": Scaled(6), "price": Scaled(4), "name": None}
    assert Formula("quantity * price").sql(types, Scaled(4)) == (
        'round((("quantity"::numeric * 0.000001) * ("price"::numeric * 0.0001)) * 10000::numeric)::bigint')  # fmt: skip
    assert Formula("name || ' quantity'").sql({"name": object()}, None) == "\"name\" || ' quantity'"
    assert Formula("name || 'x'").evaluate({"name": "a"}) is None
    assert Formula("coalesce(a, 0) + round(b / 3, 2) - abs(-c)").evaluate(
        {"a": None, "b": Decimal(10), "c": 2}
    ) == Decimal("1.33")
    assert Formula("a / b").evaluate({"a": Decimal(1), "b": Decimal(0)}) is None
    assert Formula("a + b").evaluate({"a": Decimal(1), "b": None}) is None
    assert Formula("__import__('os')").evaluate({}) is None
