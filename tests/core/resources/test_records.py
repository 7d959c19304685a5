"""Writing and reading records through the resource layer, on the contacts plugin.

The database is real; each test has a business of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, select

from diwan import resources
from diwan.audit.models import AuditEntry
from diwan.db import current, direct, unit_of_work
from diwan.errors import BadRequest, Invalid, NotFound, Refuse, Stale
from diwan.extensions import db
from diwan.testing.world import Business


@pytest.fixture
def contacts(business: Business) -> Iterator[Any]:
    with business.acting(), unit_of_work():
        yield current.lineup.resources["contacts.contact"]


def add(contacts: Any, name: str, **values: Any) -> Any:
    return resources.create(contacts, {"name": name, **values})


def names(page: resources.Page) -> list[str]:
    return [row[1] for row in page.rows]


def test_a_new_record_has_its_values_defaults_and_audit(contacts: Any) -> None:
    made = add(contacts, "  Zahra \u200f Textiles ", country="الكويت", roles=["customer"], email="Info@ZAHRA.com")
    assert (made.name, made.kind, made.country, made.roles, made.version) == (
        "Zahra \u200f Textiles", "organisation", "KW", ["customer"], 1)  # fmt: skip
    assert made.email == "Info@zahra.com"
    entry = current.session.scalars(select(AuditEntry).where(AuditEntry.record_id == made.id)).one()
    assert (entry.action, entry.title, entry.after["country"]) == ("create", made.name, "KW")
    assert entry.actor_id == current.user.id


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "name"),
        ({"name": "x" * 10_000}, "name"),
        ({"name": "A", "email": "no at sign"}, "email"),
        ({"name": "A", "roles": ["king"]}, "roles"),
        ({"name": "A", "kind": "alien"}, "kind"),
        ({"name": "A", "country": "Atlantis"}, "country"),
        ({"name": "A", "website": "javascript:alert(1)"}, "website"),
        ({"name": "A", "phone": "call me"}, "phone"),
        ({"name": "A", "organisation": "00000000-0000-0000-0000-000000000000"}, "organisation"),
        ({"name": "A", "tenant_id": 1}, "tenant_id"),
        ({"name": "A", "no_such": 1}, "no_such"),
        ({"name": "A", "address": [{"city": "Basra"}]}, "address.0.street"),
        ({"name": "A", "address": "Basra"}, "address"),
        ({"name": {"a": 1}}, "name"),
    ],
)
def test_bad_values_are_refused_at_their_field(contacts: Any, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as raised:
        resources.create(contacts, values)
    assert list(raised.value.errors) == [field]
    assert str(raised.value.errors[field])


def test_a_code_is_unique_in_a_business_and_free_in_another(business: Business, other_business: Business) -> None:
    for each in (business, other_business):
        with each.acting(), unit_of_work():
            add(current.lineup.resources["contacts.contact"], "A", code="C-1")
    with business.acting(), pytest.raises(Invalid, match="already"), unit_of_work():
        add(current.lineup.resources["contacts.contact"], "B", code="C-1")


def test_child_rows_are_added_changed_and_removed_with_their_parent(contacts: Any) -> None:
    made = add(contacts, "A", address=[{"street": "One"}, {"street": "Two"}])
    one, two = resources.store.parts_of(contacts.parts["address"], made)
    resources.update(contacts, made.id, {"address": [{"id": str(one.id), "street": "First"}, {"street": "Three"}]})
    assert [r.street for r in resources.store.parts_of(contacts.parts["address"], made)] == ["First", "Three"]
    other = add(contacts, "B")
    with pytest.raises(Invalid):
        resources.update(contacts, other.id, {"address": [{"id": str(one.id), "street": "Stolen"}]})
    assert made.version == 2
    assert two.id != one.id


def test_a_stale_save_tells_what_differs_and_changes_nothing(contacts: Any) -> None:
    made = add(contacts, "A", city="Basra")
    resources.update(contacts, made.id, {"city": "Kuwait"}, version=1)
    with pytest.raises(Stale) as raised:
        resources.update(contacts, made.id, {"city": "Doha", "name": "A"}, version=1)
    assert raised.value.changed == {"city": "Doha"}
    assert raised.value.current["city"] == "Kuwait"
    assert resources.get(contacts, made.id).city == "Kuwait"


def test_saving_without_a_change_writes_nothing(contacts: Any) -> None:
    made = add(contacts, "A", roles=["customer"])
    again = resources.update(contacts, made.id, {"name": "A", "roles": ["customer"]}, version=1)
    assert again.version == 1
    entries = current.session.scalars(select(AuditEntry).where(AuditEntry.record_id == made.id)).all()
    assert [entry.action for entry in entries] == ["create"]


def test_archive_hides_restore_shows_delete_erases(contacts: Any) -> None:
    made = add(contacts, "Oryx")
    resources.archive(contacts, made.id)
    assert names(resources.list_page(contacts)) == []
    assert names(resources.list_page(contacts, archived=True)) == ["Oryx"]
    resources.restore(contacts, made.id)
    assert names(resources.list_page(contacts)) == ["Oryx"]
    resources.delete(contacts, made.id)
    assert names(resources.list_page(contacts, search="oryx")) == []
    with pytest.raises(NotFound):
        resources.get(contacts, made.id)


def test_what_others_refer_to_is_not_deleted(contacts: Any) -> None:
    company = add(contacts, "Company")
    add(contacts, "Person", kind="person", organisation=str(company.id))
    with pytest.raises(Refuse, match="refer"):
        resources.delete(contacts, company.id)
    assert resources.get(contacts, company.id).name == "Company"


def test_search_folds_case_accents_and_arabic_letters(contacts: Any) -> None:
    add(contacts, "Émile Zola", city="Besançon")
    add(contacts, "مؤسسة الأمل", name_ar="مُؤَسَّسَة الأمل")
    add(contacts, "شركة الفلاح", phone="+965 2222 3333")
    for phrase, found in {
        "emile": "Émile Zola", "ZOL": "Émile Zola", "besanc": "Émile Zola", "zola emil": "Émile Zola",
        "موسسه": "مؤسسة الأمل", "الامل": "مؤسسة الأمل", "96522223333": "شركة الفلاح", "2222": "شركة الفلاح",
    }.items():  # fmt: skip
        assert names(resources.list_page(contacts, search=phrase)) == [found], phrase
    assert names(resources.list_page(contacts, search="emile nobody")) == []
    assert len(names(resources.list_page(contacts, search="!!! '"))) == 3


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ([["country", "eq", "KW"]], ["A", "C"]),
        ([["country", "ne", "KW"]], ["B", "D"]),
        ([["country", "empty"]], ["D"]),
        ([["roles", "has", "customer"]], ["A", "B"]),
        ([["roles", "hasnot", "customer"]], ["C", "D"]),
        ([["roles", "empty"]], ["C", "D"]),
        ({"or": [["country", "eq", "FR"], ["name", "eq", "D"]]}, ["B", "D"]),
        ({"and": [["country", "eq", "KW"], {"or": [["name", "eq", "A"], ["name", "eq", "B"]]}]}, ["A"]),
        ([["name", "in", ["A", "D"]]], ["A", "D"]),
        ([["city", "contains", "%"]], []),
        ([["city", "starts", "BAS"]], ["A"]),
        ([["created_at", "gt", "2020-01-01"]], ["A", "B", "C", "D"]),
    ],
)
def test_filters(contacts: Any, where: Any, found: list[str]) -> None:
    add(contacts, "A", country="KW", roles=["customer"], city="Basra")
    add(contacts, "B", country="FR", roles=["customer", "supplier"])
    add(contacts, "C", country="KW")
    add(contacts, "D")
    assert names(resources.list_page(contacts, where=where)) == found
    assert resources.count(contacts, where) == resources.Count(len(found), False)


@pytest.mark.parametrize(
    "where",
    [
        [["tenant_id", "eq", 1]], [["name", "~", "x"]], [["name"]], [["name", "eq"]], {"xor": [["name", "eq", "x"]]},
        "x", [["name", "in", "x"]], [["created_at", "gt", "never"]], {"and": []}, [["roles", "has", "king"]], [1, 2],
    ],
)  # fmt: skip
def test_a_bad_filter_says_what_is_wrong(contacts: Any, where: Any) -> None:
    with pytest.raises(BadRequest):
        resources.list_page(contacts, where=where)


@pytest.mark.parametrize("sort", ["name", "-name", "city,-name", "-city", "-created_at", "country,-city,name"])
def test_every_order_pages_through_all_rows_both_ways(contacts: Any, sort: str) -> None:
    for number in range(23):
        add(contacts, f"N{number % 7}", city=["Basra", "Doha", None][number % 3], country=["KW", None][number % 2])
    forward, cursor = [], None
    while True:
        page = resources.list_page(contacts, ["name"], sort=sort, cursor=cursor, limit=5)
        forward.append([row[0] for row in page.rows])
        if page.next is None:
            break
        cursor = page.next
    flat = [id for rows in forward for id in rows]
    assert len(flat) == len(set(flat)) == 23
    whole = resources.list_page(contacts, ["name"], sort=sort, limit=100)
    assert [row[0] for row in whole.rows] == flat
    backward = [forward[-1]]
    while page.previous is not None:
        page = resources.list_page(contacts, ["name"], sort=sort, cursor=page.previous, limit=5)
        backward.insert(0, [row[0] for row in page.rows])
    assert backward == forward


@pytest.mark.parametrize("cursor", ["x", "", "W10", "bnVsbA", "eyJhIjoxfQ", "WyJ4IiwibmFtZSIsMSwyXQ"])
def test_a_forged_cursor_is_refused(contacts: Any, cursor: str) -> None:
    if cursor:
        with pytest.raises(BadRequest):
            resources.list_page(contacts, cursor=cursor)


def test_a_list_outside_a_transaction_sees_only_this_business_and_leaves_nothing_open(
    business: Business, other_business: Business
) -> None:
    for each, name in ((business, "Mine"), (other_business, "Theirs")):
        with each.acting(), unit_of_work():
            add(current.lineup.resources["contacts.contact"], name)
    with business.acting():
        contacts = current.lineup.resources["contacts.contact"]
        assert names(resources.list_page(contacts)) == ["Mine"]
        assert resources.count(contacts) == resources.Count(1, False)
        assert not current.session.in_transaction()
        with pytest.raises(Exception, match=r"read-only|app\.tenant_id"):
            direct.read_rows(("DELETE FROM contacts.contact", {}))
        assert names(resources.list_page(contacts)) == ["Mine"]  # the connection came back whole


def test_a_list_takes_one_statement_whatever_its_length(business: Business) -> None:
    with business.acting():
        contacts = current.lineup.resources["contacts.contact"]
        with unit_of_work():
            for number in range(30):
                add(contacts, f"N{number}")
        statements: list[str] = []
        with unit_of_work():
            current.session.connection()
            event.listen(db.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
            resources.list_page(contacts)
        assert len(statements) == 1, statements
