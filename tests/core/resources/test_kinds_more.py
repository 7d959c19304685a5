# ruff: noqa: E501  (a case a line)
"""Money, quantities, durations, tags, formatted and bilingual texts and the rest: read, stored, filtered, sorted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.db.columns import Scaled, iso_span
from diwan.errors import BadRequest, Invalid, Refuse
from diwan.resources import store
from diwan.resources.bulk import Change, create_many, update_many
from diwan.resources.fields import Field
from diwan.resources.kinds import KINDS
from diwan.resources.kinds.texts import clean_html, plain_text
from diwan.resources.kinds.times import read_span
from diwan.resources.lookup import find_by_id
from diwan.testing.world import World


def field(kind: str, **options: Any) -> Field:
    return Field(label="x", kind=KINDS[kind], **options)


@pytest.fixture
def orders(world: World) -> Iterator[Any]:
    business = world.business("kitchen")
    with business.acting(), unit_of_work():
        yield current.lineup.resources["kitchen.order"]


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("money", "1,234.50", Decimal("1234.5")), ("money", "١٢٫٥", Decimal("12.5")), ("percent", "15 %", Decimal(15)),
        ("quantity", 0.125, Decimal("0.125")), ("duration", "1:30", timedelta(hours=1, minutes=30)),
        ("duration", "90m", timedelta(minutes=90)), ("duration", "1h 30m", timedelta(minutes=90)),
        ("duration", "PT1H30M", timedelta(minutes=90)), ("duration", "1.5h", timedelta(minutes=90)),
        ("duration", "٩٠ دقيقة", timedelta(minutes=90)), ("duration", "P1DT2H", timedelta(hours=26)),
        ("duration", "-0:15", timedelta(minutes=-15)), ("tags", "a, B ,a,á", ["a", "B"]), ("tags", ["x y"], ["x y"]),
        ("tags", "", []), ("colour", "ABC", "#aabbcc"), ("colour", "#12345F", "#12345f"), ("currency", "kwd", "KWD"),
        ("currency", "دينار كويتي", "KWD"), ("currency", "US Dollar", "USD"), ("references", [], []),
        ("address", {"street": "Main 1", "country": "الكويت", "city": " "}, {"street": "Main 1", "country": "KW"}),
        ("address", "Main 1", {"street": "Main 1"}), ("bilingual", "Ali", {"en": "Ali"}),
        ("bilingual", "علي", {"ar": "علي"}), ("bilingual", {"en": "A", "ar": None}, {"en": "A"}),
        ("bilingual", {"en": " "}, None), ("richtext", "a\n\nb", "<p>a</p><p>b</p>"), ("richtext", "<p> </p>", None),
        ("richtext", '<p onclick="x()">a<script>alert(1)</script></p>', "<p>a</p>"), ("phone", "+965 2222 3333", "+96522223333"),
        ("phone", "2222 3333", "2222 3333"),
    ],
)  # fmt: skip
def test_what_is_read(kind: str, typed: Any, value: Any) -> None:
    assert field(kind).parse(typed) == value


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("money", "1.23456"), ("money", "1e15"), ("money", True), ("money", "NaN"), ("quantity", "1e13"),
        ("percent", "half"), ("duration", "soon"), ("duration", 90), ("duration", "1:75"), ("duration", "P"),
        ("tags", "x" * 41), ("tags", [1]), ("tags", ["a"] * 101), ("colour", "red"), ("currency", "XYZW"),
        ("references", ["x"]), ("references", {"a": 1}), ("file", "name.pdf"), ("address", {"planet": "Mars"}),
        ("address", {"country": "Atlantis"}), ("address", 5), ("bilingual", {"fr": "x"}), ("bilingual", {"en": "x" * 301}),
        ("richtext", {}), ("address", ["a"]),
    ],
)  # fmt: skip
def test_what_is_refused(kind: str, typed: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        field(kind).parse(typed)


@given(st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1), st.sampled_from([4, 6]))
def test_numbers_come_back_as_they_were_stored(number: int, places: int) -> None:
    column = Scaled(places)
    value = column.from_stored(number)
    assert column.to_stored(value) == number
    assert "E" not in str(value) or abs(value) < 1


@given(st.integers(min_value=0, max_value=10**9))
def test_lengths_of_time_are_read_as_they_are_written(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    assert read_span(iso_span(span)) == span


def test_nothing_harmful_stays_in_formatted_text() -> None:
    for bad in (
        '<a href="javascript:alert(1)">x</a>', "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<style>*{}</style>",
        '<p style="position:fixed">x</p>', "<iframe src=//x></iframe>", "<math><mi//xlink:href='data:x,<script>'>",
    ):  # fmt: skip
        cleaned = clean_html(bad)
        assert not any(
            word in cleaned for word in ("javascript", "onerror", "<svg", "<style", "style=", "<iframe", "<math")
        )
    assert plain_text("<p>a &amp; b</p><ul><li>c</li></ul>") == "a & b\nc"


FULL: dict[str, Any] = {
    "subject": "Feast", "name": {"en": "Party", "ar": "حفلة"}, "length": "1:30", "currency": "KWD", "discount": "7.5",
    "deposit": "12.345", "tags": "urgent, كبير", "colour": "#abc", "weight": "0.125", "about": "<p>Hi</p>",
    "line": [{"item": "Rice", "quantity": "2", "price": "1.250"}, {"item": "Tea", "quantity": "0.5", "price": "3"}],
}  # fmt: skip


def test_a_record_with_every_kind_comes_back_as_it_was_written(orders: Any) -> None:
    made = store.create(orders, FULL)
    current.session.expire_all()
    values = store.values_of(orders, store.get(orders, made.id))
    assert (values["length"], values["deposit"], values["discount"]) == (
        timedelta(minutes=90), Decimal("12.345"), Decimal("7.5"))  # fmt: skip
    assert (values["tags"], values["name"]["ar"], values["weight"]) == (["urgent", "كبير"], "حفلة", Decimal("0.125"))
    raw = current.session.execute(text('SELECT deposit, length, weight FROM kitchen."order"')).one()
    assert tuple(raw) == (123450, 5400, 125000)
    store.update(orders, made.id, {"deposit": None, "tags": [], "name": None})
    values = store.values_of(orders, store.get(orders, made.id))
    assert (values["deposit"], values["tags"], values["name"]) == (None, [], None)
    assert resources.count(orders, ["name", "empty"]).number == 1


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (["deposit", "gt", "12.344"], 1), (["deposit", "gt", "12.345"], 0), (["deposit", "in", ["12.345", "1"]], 1),
        (["deposit", "empty"], 0), (["length", "ge", "90m"], 1), (["length", "lt", "PT1H"], 0),
        (["tags", "has", "urgent"], 1), (["tags", "hasnot", "urgent"], 0), (["tags", "filled"], 1),
        (["name", "contains", "حفل"], 1), (["name", "contains", "party"], 1), (["name", "filled"], 1),
        (["colour", "eq", "#aabbcc"], 1), (["weight", "le", "0.125"], 1), (["total", "eq", "4"], 1),
        (["image", "empty"], 1), (["others", "empty"], 1), (["currency", "eq", "KWD"], 1),
    ],
)  # fmt: skip
def test_filters(orders: Any, where: Any, found: int) -> None:
    store.create(orders, FULL)
    assert resources.count(orders, where).number == found


@pytest.mark.parametrize(
    "where",
    [
        ["deposit", "gt", "1.23456"],
        ["deposit", "gt", "x"],
        ["length", "gt", 5],
        ["name", "eq", "x"],
        ["image", "eq", "x"],
    ],
)
def test_bad_filters(orders: Any, where: Any) -> None:
    with pytest.raises(BadRequest):
        resources.count(orders, where)


@pytest.mark.parametrize("sort", ["deposit", "-deposit", "length", "-total", "weight,-deposit"])
def test_pages_follow_each_other_in_every_order(orders: Any, sort: str) -> None:
    create_many(
        orders,
        [{"subject": f"O{n}", "deposit": Decimal(n) / 10 if n % 3 else None, "length": timedelta(minutes=n % 4), "weight": Decimal(n % 2)}
         for n in range(11)],
    )  # fmt: skip
    columns = ["subject", "deposit", "length"]
    whole = resources.list_page(orders, columns, sort=sort).rows
    assert all(isinstance(row[2], Decimal | None) and isinstance(row[3], timedelta) for row in whole)
    seen: list[Any] = []
    cursor: str | None = None
    while True:
        page = resources.list_page(orders, columns, sort=sort, limit=3, cursor=cursor)
        seen += page.rows
        cursor = page.next
        if cursor is None:
            break
    assert seen == list(whole)


def test_money_has_the_decimals_of_its_currency(orders: Any) -> None:
    for currency, amount, fits in (
        ("KWD", "1.234", True), ("KWD", "1.2345", False), ("USD", "1.23", True), ("USD", "1.234", False),
        ("JPY", "5", True), ("JPY", "5.5", False), (None, "1.234", True),
    ):  # fmt: skip
        raw = {"subject": "A", "currency": currency, "deposit": amount}
        if fits:
            store.create(orders, raw)
        else:
            with pytest.raises(Invalid) as caught:
                store.create(orders, raw)
            assert set(caught.value.errors) == {"deposit"}
    made = store.create(orders, {"subject": "A", "currency": "KWD", "deposit": "1.234"})
    with pytest.raises(Invalid):  # the currency alone changes
        store.update(orders, made.id, {"currency": "USD"})
    with pytest.raises(Invalid) as caught:
        store.create(orders, {"subject": "A", "currency": "USD", "line": [{"item": "x", "price": "1.234"}]})
    assert set(caught.value.errors) == {"line.0.price"}


def test_bulk_writes_what_the_store_writes(orders: Any) -> None:
    made = create_many(
        orders,
        [{"subject": "A", "deposit": Decimal("1.5"), "length": timedelta(hours=1), "tags": ["x"]}, {"subject": "B"}],
    )
    ids = [outcome.id for outcome in made]  # type: ignore[union-attr]
    records = find_by_id(orders, ids, lock=True)
    assert records[ids[0]].values["deposit"] == Decimal("1.5")
    update_many(orders, [Change(records[i], {"deposit": Decimal("2.25"), "name": {"en": "N"}}) for i in ids])
    current.session.expire_all()
    values = store.values_of(orders, store.get(orders, ids[1]))
    assert (values["deposit"], values["length"], values["name"]) == (Decimal("2.25"), None, {"en": "N"})


def test_several_references_are_there_and_keep_their_records(orders: Any) -> None:
    clients = current.lineup.resources["kitchen.client"]
    ada, bob = (store.create(clients, {"name": name}).id for name in ("Ada", "Bob"))
    made = store.create(orders, {"subject": "A", "others": [str(ada), str(bob), str(ada)]})
    assert made.others == [ada, bob]
    assert resources.count(orders, ["others", "has", str(bob)]).number == 1
    with pytest.raises(Refuse, match="refer"):
        store.delete(clients, bob)
    with pytest.raises(Invalid) as caught:
        store.update(orders, made.id, {"others": [str(ada), str(made.id)]})
    assert set(caught.value.errors) == {"others"}
    store.update(orders, made.id, {"others": [str(ada)]})
    store.delete(clients, bob)


def test_search_finds_both_languages_tags_and_numbers(orders: Any) -> None:
    made = store.create(orders, FULL)
    for phrase in ("party", "حفله", "كبير", "urgent", made.number):
        assert [row[0] for row in resources.list_page(orders, search=phrase).rows] == [made.id], phrase
