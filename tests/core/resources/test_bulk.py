"""Many records at once: the same as one by one, in a fraction of the statements, and one bad record harms no other.

It must compare what is stored, audited and found.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, text

from diwan.db import current, unit_of_work
from diwan.errors import Invalid, Refuse
from diwan.resources import Resource, bulk, list_page, store
from diwan.resources.bulk import Change, Written, create_many, delete_many, update_many
from diwan.resources.lookup import find_by_id, find_by_key, resolve_references
from diwan.testing.world import Business

DRAFTS: list[dict[str, Any]] = [
    {"name": "Müller & Söhne", "email": "info@x.org", "roles": ["customer"], "code": "1"},
    {"name": "مؤسسة النور", "phone": "+96522223333", "kind": "person"},
    {"name": "Plain"},
]


def contacts() -> Resource:
    resource: Resource = current.lineup.resources["contacts.contact"]
    return resource


def state(business: Business) -> dict[str, list[tuple[Any, ...]]]:
    """All that writing leaves behind, without ids and times."""
    queries = {
        "records": "SELECT name, email, phone, roles, code, kind, sort_title, version, created_by, archived_at"
        " FROM contacts.contact WHERE tenant_id = :t ORDER BY name",
        "audit": "SELECT action, resource, title, actor_id, jsonb_strip_nulls(before), jsonb_strip_nulls(after)"
        " FROM core.audit_entry WHERE tenant_id = :t ORDER BY action, title",
        "search": "SELECT resource, title, replace(words::text, '@' || (:t)::bigint || '.', '@T.')"
        " FROM core.search_entry WHERE tenant_id = :t ORDER BY title",
    }
    with business.acting(), unit_of_work() as session:
        found = {
            name: [tuple(row) for row in session.execute(text(query), {"t": business.tenant.id})]
            for name, query in queries.items()
        }
    for row in found["audit"]:
        for values in row[4:]:
            if values and "owner" in values:
                assert values.pop("owner") == str(business.owner.id)
            for name in [n for n, value in (values or {}).items() if value == []]:
                del values[name]
    owner = business.owner.id
    return {name: [tuple(str(v) for v in row if v != owner) for row in rows] for name, rows in found.items()}


def live_through(business: Business) -> None:
    """Create, change and delete records, as an import and its undoing do."""
    with business.acting(), unit_of_work():
        made = create_many(contacts(), DRAFTS)
        assert all(isinstance(outcome, Written) for outcome in made)
    ids = [outcome.id for outcome in made if isinstance(outcome, Written)]
    with business.acting(), unit_of_work():
        records = find_by_id(contacts(), ids, lock=True)
        changed = update_many(
            contacts(),
            [
                Change(records[ids[0]], {"name": "Müller GmbH", "roles": ["customer", "supplier"]}),
                Change(records[ids[1]], {"phone": "+96522223333"}),
            ],
        )
        assert [outcome.version for outcome in changed if isinstance(outcome, Written)] == [2, 1]
        assert [outcome.before for outcome in changed if isinstance(outcome, Written)] == [
            {"name": "Müller & Söhne", "roles": ["customer"]}, {},
        ]  # fmt: skip
    with business.acting(), unit_of_work():
        (gone,) = delete_many(contacts(), [find_by_id(contacts(), [ids[2]], lock=True)[ids[2]]])
        assert isinstance(gone, Written)


def test_together_is_the_same_as_one_by_one(
    business: Business, other_business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_through(business)
    monkeypatch.setattr(bulk, "listened", lambda *_: True)  # somebody wants a say: each goes through the store
    live_through(other_business)
    together, one_by_one = state(business), state(other_business)
    assert together == one_by_one
    assert len(together["records"]) == 2
    assert len(together["audit"]) == 5


def test_a_thousand_records_take_a_few_statements(business: Business, app: Any) -> None:
    from diwan.extensions import db

    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    with business.acting(), unit_of_work():
        event.listen(db.engine, "before_cursor_execute", note)
        outcomes = create_many(contacts(), [{"name": f"N{i}", "code": str(i)} for i in range(1000)])
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(outcomes) == 1000
    assert len(statements) <= 5, statements


def test_only_the_bad_ones_are_left_out(business: Business) -> None:
    with business.acting(), unit_of_work():
        create_many(contacts(), [{"name": "Old", "code": "7"}])
    with business.acting(), unit_of_work():
        drafts = [{"name": f"N{i}", "code": str(i)} for i in range(20)]
        drafts[11]["name"] = None  # type: ignore[assignment]
        outcomes = create_many(contacts(), drafts)
        assert [i for i, outcome in enumerate(outcomes) if not isinstance(outcome, Written)] == [7, 11]
        assert isinstance(outcomes[7], Invalid)
        assert outcomes[7].errors.keys() == {"code"}
    with business.acting(), unit_of_work():
        assert len(list_page(contacts(), ["name"], limit=100).rows) == 19


def test_what_others_refer_to_is_not_deleted(business: Business) -> None:
    with business.acting(), unit_of_work():
        acme = store.create(contacts(), {"name": "Acme"})
        free = store.create(contacts(), {"name": "Free"})
        store.create(contacts(), {"name": "Ada", "organisation": acme.id})
        records = find_by_id(contacts(), [acme.id, free.id], lock=True)
        first, second = delete_many(contacts(), [records[acme.id], records[free.id]])
        assert isinstance(first, Refuse)
        assert isinstance(second, Written)
    with business.acting(), unit_of_work():
        assert [row[1] for row in list_page(contacts(), ["name"]).rows] == ["Acme", "Ada"]


def test_keys_find_what_people_mean(business: Business, other_business: Business) -> None:
    with other_business.acting(), unit_of_work():
        create_many(contacts(), [{"name": "Acme", "email": "info@acme.org", "phone": "22223333", "code": "A1"}])
    with business.acting(), unit_of_work():
        create_many(
            contacts(),
            [{"name": "ÀCME", "email": "Info@acme.org", "phone": "+965 (22) 22-33 33", "code": "A1"}, {"name": "آمال"}],
        )

        def names(field: str, *keys: str) -> list[str]:
            found = find_by_key(contacts(), field, set(keys))
            return [record.values["name"] for records in found.values() for record in records]

        assert names("name", "acme", "nobody") == ["ÀCME"]
        assert names("name", "امال") == ["آمال"]
        assert names("email", "info@acme.org") == ["ÀCME"]
        assert names("phone", "96522223333") == ["ÀCME"]
        assert names("code", "A1", "a1") == ["ÀCME"]
        assert names("code", "a1", "'; DROP TABLE x") == []


def test_references_by_id_name_and_code(business: Business, other_business: Business) -> None:
    with other_business.acting(), unit_of_work():
        stranger = store.create(contacts(), {"name": "Stranger"})
    with business.acting(), unit_of_work():
        acme = store.create(contacts(), {"name": "Acme", "code": "A1"})
        field = contacts().fields["organisation"]
        found = resolve_references(field, {str(acme.id), "ACME", "A1", "Nobody", str(stranger.id)})
        assert {found[text] for text in (str(acme.id), "ACME", "A1")} == {acme.id}
        assert all("There is no" in str(found[text]) for text in ("Nobody", str(stranger.id)))
