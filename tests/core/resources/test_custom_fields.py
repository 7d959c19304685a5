"""Fields that a business adds: they behave as declared ones in records, lists, files, search and audit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from diwan import resources
from diwan.audit.models import AuditEntry
from diwan.db import current, unit_of_work
from diwan.errors import BadRequest, Invalid, NotFound, Refuse
from diwan.resources import custom, store
from diwan.resources.bulk import Change, create_many, delete_many, update_many
from diwan.resources.lookup import find_by_id, find_by_key
from diwan.testing.world import Business, World

FIELDS: tuple[dict[str, Any], ...] = (
    {"kind": "text", "label": {"en": "Shoe size", "ar": "مقاس الحذاء"}, "search": True},
    {"kind": "integer", "label": {"en": "Age"}},
    {"kind": "money", "label": {"en": "Credit"}},
    {"kind": "date", "label": {"en": "Birthday"}},
    {"kind": "boolean", "label": {"en": "Vip"}},
    {"kind": "choice", "label": {"en": "Team"},
     "choices": [{"label": {"en": "Red", "ar": "أحمر"}}, {"label": {"ar": "أزرق"}}]},
    {"kind": "choices", "label": {"en": "Days"}, "choices": [{"label": {"en": "Mon"}}, {"label": {"en": "Tue"}}]},
    {"kind": "tags", "label": {"en": "Words"}},
    {"kind": "reference", "label": {"en": "Boss"}, "ref": "kitchen.client"},
    {"kind": "datetime", "label": {"en": "Seen"}},
)  # fmt: skip
RECORD: dict[str, Any] = {
    "x_shoe_size": "44", "x_age": "36", "x_credit": "12.500", "x_birthday": "1815-12-10", "x_vip": "yes",
    "x_team": "red", "x_days": ["mon"], "x_words": "a, b", "x_seen": "2026-11-24T08:00+00:00",
}  # fmt: skip


@pytest.fixture
def kitchen(world: World) -> Business:
    made = world.business("kitchen")
    with made.acting(), unit_of_work():
        for values in FIELDS:
            custom.create_field(clients(), values)
    return made


def clients() -> Any:
    return current.lineup.resources["kitchen.client"]


@pytest.fixture
def acting(kitchen: Business) -> Iterator[Business]:
    with kitchen.acting(), unit_of_work():
        yield kitchen


def test_only_that_business_has_them_and_they_have_names(acting: Business, other_business: Business) -> None:
    assert [name for name in clients().fields if name.startswith("x_")] == [
        "x_shoe_size", "x_age", "x_credit", "x_birthday", "x_vip", "x_team", "x_days", "x_words", "x_boss", "x_seen",
    ]  # fmt: skip
    assert clients().sections[-1].fields[0] == "x_shoe_size"
    assert list(clients().fields["x_team"].choices) == ["red", "ازرق"] or len(clients().fields["x_team"].choices) == 2
    assert "x_age" not in resources.store.current.lineup.resources["kitchen.order"].fields


def test_a_record_keeps_them_typed(acting: Business) -> None:
    boss = store.create(clients(), {"name": "Boss"})
    made = store.create(clients(), {"name": "Ada", **RECORD, "x_boss": str(boss.id)})
    current.session.expire_all()
    values = store.values_of(clients(), store.get(clients(), made.id))
    assert (values["x_age"], values["x_credit"], values["x_birthday"]) == (36, Decimal("12.5"), date(1815, 12, 10))
    assert (values["x_vip"], values["x_team"], values["x_days"], values["x_words"]) == (
        True,
        "red",
        ["mon"],
        ["a", "b"],
    )
    assert values["x_boss"] == boss.id
    store.update(clients(), made.id, {"x_age": "", "x_vip": False})
    values = store.values_of(clients(), store.get(clients(), made.id))
    assert (values["x_age"], values["x_vip"], values["x_shoe_size"]) == (None, False, "44")
    entry = current.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "update", AuditEntry.record_id == made.id)
    ).one()
    assert (entry.before, entry.after) == ({"x_age": 36, "x_vip": True}, {"x_age": None, "x_vip": False})
    with pytest.raises(Refuse, match="refer"):
        store.delete(clients(), boss.id)


@pytest.mark.parametrize(
    ("name", "value"),
    [("x_age", "old"), ("x_team", "green"), ("x_birthday", "soon"), ("x_boss", "00000000-0000-0000-0000-000000000000"),
     ("x_credit", "1.2345678"), ("x_nothing", 1)],
)  # fmt: skip
def test_what_does_not_fit_is_refused_at_the_field(acting: Business, name: str, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        store.create(clients(), {"name": "Ada", name: value})
    assert set(caught.value.errors) == {name}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (["x_age", "gt", 30], ["Ada"]), (["x_age", "in", [36, 20]], ["Ada", "Bob"]), (["x_vip", "eq", True], ["Ada"]),
        (["x_vip", "eq", False], ["Bob", "Cid"]), (["x_credit", "le", "12.5"], ["Ada"]),
        (["x_team", "eq", "red"], ["Ada"]),
        (["x_birthday", "lt", "1900-01-01"], ["Ada"]), (["x_days", "has", "mon"], ["Ada"]),
        (["x_shoe_size", "contains", "4"], ["Ada"]),
        (["x_days", "empty"], ["Bob", "Cid"]), (["x_words", "has", "b"], ["Ada"]), (["x_age", "empty"], ["Cid"]),
        (["x_seen", "filled"], ["Ada"]), (["x_boss", "empty"], ["Ada", "Bob", "Cid"]),
    ],
)  # fmt: skip
def test_lists_filter_sort_and_show_them(acting: Business, where: Any, found: list[str]) -> None:
    create_many(clients(), [{"name": "Bob", "x_age": 20}, {"name": "Cid"}])
    store.create(clients(), {"name": "Ada", **RECORD})
    page = resources.list_page(clients(), ["name", "x_age", "x_credit", "x_days"], where, sort="name")
    assert [row[1] for row in page.rows] == found
    assert resources.count(clients(), where).number == len(found)
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = resources.list_page(clients(), ["name", "x_age"], sort="-x_age", limit=1, cursor=cursor)
        names += [row[1] for row in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert names == ["Cid", "Ada", "Bob"]


def test_they_are_found_by_search_and_written_in_bulk(acting: Business) -> None:
    made = create_many(
        clients(), [{"name": "Ada", "x_shoe_size": "Fortytwo", "x_credit": Decimal("1.5")}, {"name": "Bob"}]
    )
    ids = [outcome.id for outcome in made]  # type: ignore[union-attr]
    assert [row[1] for row in resources.list_page(clients(), ["name"], search="fortytwo").rows] == ["Ada"]
    records = find_by_id(clients(), ids, lock=True)
    assert records[ids[0]].values["x_credit"] == Decimal("1.5")
    update_many(clients(), [Change(records[ids[0]], {"x_shoe_size": "41"}), Change(records[ids[1]], {"x_age": 7})])
    records = find_by_id(clients(), ids)
    assert records[ids[0]].custom == {"x_shoe_size": "41", "x_credit": "1.5"}
    assert records[ids[1]].custom == {"x_age": 7}
    assert [row[1] for row in resources.list_page(clients(), ["name"], search="41").rows] == ["Ada"]
    assert find_by_key(clients(), "x_shoe_size", {"41"}).keys() == {"41"}
    delete_many(clients(), list(records.values()))


def test_the_kind_stays_once_there_is_data_and_an_archived_field_keeps_it(kitchen: Business) -> None:
    with kitchen.acting(), unit_of_work():
        made = store.create(clients(), {"name": "Ada", "x_age": 36})
        fields = {field.name: field for field in custom.list_fields("kitchen.client")}
        custom.update_field(clients(), fields["x_shoe_size"].id, {"kind": "integer"})
        with pytest.raises(Invalid) as caught:
            custom.update_field(clients(), fields["x_age"].id, {"kind": "text"})
        assert set(caught.value.errors) == {"kind"}
        custom.archive_field(fields["x_age"].id)
        key: UUID = made.id
    with kitchen.acting(), unit_of_work():
        assert "x_age" not in clients().fields
        store.update(clients(), key, {"x_words": ["new"]})
        with pytest.raises(BadRequest):
            resources.list_page(clients(), ["x_age"])
        [archived] = custom.list_fields("kitchen.client", archived=True)
        again = custom.create_field(clients(), {"kind": "text", "label": {"en": "Age"}})
        assert again.name == "x_age_2"
        custom.restore_field(archived.id)
    with kitchen.acting(), unit_of_work():
        assert store.values_of(clients(), store.get(clients(), key))["x_age"] == 36


def test_a_required_field_applies_to_new_saves_only(kitchen: Business) -> None:
    with kitchen.acting(), unit_of_work():
        old = store.create(clients(), {"name": "Ada"}).id
        custom.create_field(clients(), {"kind": "text", "label": {"en": "Badge"}, "required": True})
    with kitchen.acting(), unit_of_work():
        assert store.update(clients(), old, {"city": "Basra"}).city == "Basra"
        for raw in ({"name": "Bob"}, {"name": "Bob", "x_badge": " "}):
            with pytest.raises(Invalid) as caught:
                store.create(clients(), raw)
            assert set(caught.value.errors) == {"x_badge"}


def test_order_names_and_choices(acting: Business) -> None:
    fields = custom.list_fields("kitchen.client")
    custom.move_field(fields[2].id, -2)
    assert [f.name for f in custom.list_fields("kitchen.client")][:3] == ["x_credit", "x_shoe_size", "x_age"]
    team = next(f for f in fields if f.kind == "choice")
    first = team.options["choices"][0]
    custom.update_field(
        clients(),
        team.id,
        {"choices": [{"value": first["value"], "label": {"en": "Crimson"}}, {"label": {"en": "Red"}}]},
    )
    assert [c["value"] for c in team.options["choices"]] == ["red", "red_2"]
    for wrong in (
        {"kind": "file", "label": {"en": "A"}}, {"kind": "text", "label": {}}, {"kind": "choice", "label": {"en": "A"}},
        {"kind": "reference", "label": {"en": "A"}, "ref": "no.such"},
    ):  # fmt: skip
        with pytest.raises(Invalid):
            custom.create_field(clients(), wrong)
    for lost in ("x", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(NotFound):
            custom.get_field(lost)


def test_model_add_knows_them(acting: Business) -> None:
    made = clients().model.add(name="Ada", x_age=36)
    assert made.custom == {"x_age": 36}
