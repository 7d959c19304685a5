"""Tags in lists: as a condition, as a column, in exports and the API, and put on many records at once."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from diwan import collaboration, resources
from diwan.db import current, unit_of_work
from diwan.errors import BadRequest
from diwan.resources import Resource
from diwan.resources.aggregate import aggregate
from diwan.testing.world import Business, World

LIST = "/contacts/contact"


def contact() -> Resource:
    found: Resource = current.lineup.resources["contacts.contact"]
    return found


@pytest.fixture
def business(world: World) -> Business:
    return world.business("contacts")


@pytest.fixture
def ids(business: Business) -> list[UUID]:
    """Three contacts: A has both tags, B one, C none."""
    with business.acting(), unit_of_work():
        made = [resources.create(contact(), {"name": f"Tagged {letter}"}).id for letter in "ABC"]
        assert collaboration.add_tag_to(contact(), made[:2], "VIP") == 2
        collaboration.add_tag(contact(), made[0], "Tagged A", "<b>Café</b>")
    return made


def names(where: Any) -> list[str]:
    return [row[1] for row in resources.list_page(contact(), ["name"], where, sort="name").rows]


def test_a_condition_finds_a_tag_however_it_is_spelled(business: Business, ids: list[UUID]) -> None:
    with business.acting():
        assert names([["@tags", "has", "vip"]]) == ["Tagged A", "Tagged B"]
        assert names([["@tags", "has", "<b>CAFE</b>"]]) == ["Tagged A"]
        assert names([["@tags", "hasnot", "vip"]]) == ["Tagged C"]
        assert names([["@tags", "empty"]]) == ["Tagged C"]
        assert names([["@tags", "filled"]]) == ["Tagged A", "Tagged B"]
        assert names({"or": [["@tags", "has", "nobody's"], ["name", "eq", "Tagged C"]]}) == ["Tagged C"]
        assert resources.count(contact(), [["@tags", "has", "vip"]]).number == 2
        for wrong in (
            ["@tags", "has", 5],
            ["@tags", "has", ""],
            ["@tags", "has"],
            ["@tags", "eq", "x"],
            ["@x", "empty"],
        ):
            with pytest.raises(BadRequest):
                names([wrong])
        with pytest.raises(BadRequest):
            resources.list_page(contact(), ["name"], sort="@tags")


def test_another_business_sees_nothing_of_it(world: World, business: Business, ids: list[UUID]) -> None:
    other = world.business("contacts")
    with other.acting(), unit_of_work():
        resources.create(contact(), {"name": "Theirs"})
        assert names([["@tags", "has", "vip"]]) == []
        assert names([["@tags", "hasnot", "vip"]]) == ["Theirs"]


def test_a_column_shows_the_tags_as_chips_and_escapes_them(business: Business, ids: list[UUID]) -> None:
    client = business.client()
    page = client.get(f"{business.url}{LIST}?columns=name,@tags").text
    row = re.search(rf'id="row-{ids[0]}".*?</tr>', page, re.DOTALL)
    assert row
    assert re.search(r'<span class="badge (?!mute)\w+">VIP</span>', row[0])
    assert "&lt;b&gt;Café&lt;/b&gt;" in row[0]
    assert "<b>Café" not in page
    assert "Tagged C" in page


def test_the_tags_of_a_page_take_no_further_statement_but_one(business: Business, ids: list[UUID]) -> None:
    with business.acting():
        page = resources.list_page(contact(), ["name", "@tags"], sort="name")
        assert [row[2] for row in page.rows] == [["<b>Café</b>", "VIP"], ["VIP"], []]
        assert resources.list_page(contact(), ["@tags"], sort="name", limit=1).next


def test_the_api_filters_by_tags_and_gives_them_when_asked(business: Business, ids: list[UUID]) -> None:
    client, headers = business.client(), {"Authorization": f"Bearer {business.token()}"}
    base = "/api/v1/contacts/contact"
    answer = client.get(
        base, query_string={"where": '[["@tags","has","vip"]]', "fields": "name,@tags"}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    found = {row["name"]: row["@tags"] for row in answer.json["data"]}
    assert found == {"Tagged A": ["<b>Café</b>", "VIP"], "Tagged B": ["VIP"]}
    short = client.get(base, query_string={"@tags": "café", "fields": "name"}, headers=headers)
    assert short.status_code == 200
    one = client.get(f"{base}/{ids[1]}", query_string={"fields": "name,@tags"}, headers=headers)
    assert one.status_code < 500
    document = client.get("/api/v1/openapi.json", headers=headers).json
    assert document["components"]["schemas"]["contacts.contact"]["properties"]["@tags"]["readOnly"]
    forged = client.get(base, query_string={"where": '[["@tags","has",{"a":1}]]'}, headers=headers)
    assert forged.status_code == 400


def test_an_export_holds_the_tags(business: Business, ids: list[UUID]) -> None:
    client = business.client()
    answer = client.get(f"{business.url}{LIST}/export?columns=name,@tags&format=csv")
    assert answer.status_code == 200
    assert "VIP" in answer.text


def test_a_pivot_groups_by_tags(business: Business, ids: list[UUID]) -> None:
    with business.acting():
        found = aggregate(contact(), ["@tags"], (), ["count"])
        assert {key[0][0]: values[0] for key, values in found.cells.items() if key[0]} == {
            "VIP": 2, "<b>Café</b>": 1, None: 1,
        }  # fmt: skip


def test_the_builder_offers_tags_and_the_chip_says_it(business: Business, ids: list[UUID]) -> None:
    client = business.client()
    page = client.get(f"{business.url}{LIST}/filter").text
    assert 'value="@tags"' in page
    where = '[["@tags","has","vip"]]'
    assert client.get(f"{business.url}{LIST}/filter", query_string={"where": where}).status_code == 200
    shown = client.get(f"{business.url}{LIST}", query_string={"where": where}).text
    assert "Tags includes vip" in shown
    assert "Tagged C" not in shown


def csrf(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found
    return found[1]


def test_many_records_get_a_tag_once_and_the_log_names_each(business: Business, ids: list[UUID]) -> None:
    client = business.client()
    base = f"{business.url}{LIST}"
    page = client.get(base).text
    assert f'formaction="{base}/bulk/tag"' in page
    form = {"csrf_token": csrf(page), "state": "", "id": [str(id) for id in ids]}
    asked = client.post(f"{base}/bulk/tag", data=form)
    assert asked.status_code == 200
    assert "Add a tag to 3 records" in asked.text
    assert client.post(f"{base}/bulk/tag", data={**form, "do": "apply", "tag": " "}).status_code == 422
    assert client.post(f"{base}/bulk/tag", data={**form, "do": "apply", "tag": "vip"}).status_code == 303
    assert "1 record has the tag now." in client.get(base).text
    with business.acting():
        marks = collaboration.tags_for("contacts.contact", ids)
        assert [[mark.name for mark in marks[id]] for id in ids] == [["<b>Café</b>", "VIP"], ["VIP"], ["VIP"]]
        entries = current.session.execute(
            text("""SELECT record_id FROM core.audit_entry WHERE tenant_id = :t AND action = 'tag'
                AND after->>'tag' = 'VIP'"""),
            {"t": current.tenant.id},
        ).scalars()  # fmt: skip
        assert sorted(entries) == sorted(ids)


def test_a_thousand_records_take_few_statements(business: Business) -> None:
    with business.acting(), unit_of_work():
        made = resources.bulk.create_many(contact(), [{"name": f"N{n:04}"} for n in range(1_000)])
        wanted = [each.id for each in made]  # type: ignore[union-attr]
        assert collaboration.add_tag_to(contact(), wanted, "All") == 1_000
        assert collaboration.add_tag_to(contact(), wanted, "ALL") == 0
        assert resources.count(contact(), [["@tags", "has", "all"]]).number == 1_000


def test_only_who_may_change_records_may_tag_them(business: Business, ids: list[UUID]) -> None:
    reader = business.client(business.member("contacts.contact.read"))
    base = f"{business.url}{LIST}"
    page = reader.get(base).text
    assert "/bulk/tag" not in page
    form = {"csrf_token": csrf(page), "id": [str(ids[2])], "do": "apply", "tag": "vip"}
    assert reader.post(f"{base}/bulk/tag", data=form).status_code == 403
