"""Forms of records: one record per form, values computed while typing, drafts, merges, pickers, the way back.

They go through the pages, as a browser would, with and without its scripts.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.world import Business, Person, World

ORDER = "kitchen.order"
SAVE = {"X-Diwan-Save": "page"}


class Desk:
    """A person at the forms of a business."""

    def __init__(self, business: Business, person: Person | None = None) -> None:
        self.business = business
        self.browser = business.client(person)
        self.base = f"{business.url}/kitchen/order"
        self.csrf = ""

    def get(self, path: str) -> Any:
        answer = self.browser.get(path if path.startswith("/") else f"{self.base}/{path}")
        if found := re.search(r'csrf-token" content="([^"]+)', answer.text):
            self.csrf = found[1]
        return answer

    def post(self, path: str, values: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
        if not self.csrf:
            self.get("new")
        place = path if path.startswith("/") else f"{self.base}/{path}"
        return self.browser.post(place, data={"csrf_token": self.csrf, **values}, headers=headers or {})

    def make(self, **values: Any) -> str:
        with self.business.acting(), unit_of_work():
            made = resources.create(current.lineup.resources[ORDER], {"subject": "Lunch", **values})
            return str(made.id)

    def stored(self, id: str) -> dict[str, Any]:
        with self.business.acting(), unit_of_work():
            order = current.lineup.resources[ORDER]
            record = resources.get(order, id)
            rows = resources.store.parts_of(order.parts["line"], record)
            return {
                **resources.store.values_of(order, record),
                "items": [row.item for row in rows],
                "v": record.version,
            }

    def form(self, id: str) -> dict[str, str]:
        """The named values that the form of a record holds, as a browser reads them (no choices)."""
        html = self.get(id).text
        html = html[html.index('id="record-form"') : html.index("save-bar")].split("<template>")[0]
        found = re.findall(r'<input[^>]*?\bname="([^"]+)"[^>]*', html)
        values = {}
        for name in found:
            tag = re.search(rf'<input[^>]*\bname="{re.escape(name)}"[^>]*', html)
            value = re.search(r'value="([^"]*)"', tag[0]) if tag else None
            if tag and not ("checkbox" in tag[0] and "checked" not in tag[0]):
                values[name] = value[1] if value else ""
        return {name: value for name, value in values.items() if not name.endswith("-delete")}


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world.business("kitchen"))


def test_a_form_sent_twice_makes_one_record(desk: Desk) -> None:
    page = desk.get("new").text
    key = re.search(r'name="form_key" value="([^"]+)"', page)
    assert key
    values = {"subject": "Dinner", "form_key": key[1]}
    first, second = desk.post("new", values), desk.post("new", values)
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    third = desk.post("new", {**values, "form_key": "another"})
    assert third.location != first.location


def test_what_is_typed_after_a_lost_answer_is_not_lost(desk: Desk) -> None:
    """The record was made, the answer never came: the person types on and saves again."""
    values = {"subject": "Dinner", "form_key": "tunnel", "line-0-item": "Rice"}
    made = desk.post("new", values).location
    again = desk.post("new", {**values, "note": "With plates"})
    assert again.location == f"{made}?draft=restore"
    page = desk.get(again.location).text
    assert "With plates" in page
    assert page.count('value="Rice"') == 1


def test_two_clicks_at_once_make_one_record(desk: Desk) -> None:
    desk.get("new")
    twin = Desk(desk.business)
    twin.get("new")
    values = {"subject": "Dinner", "form_key": "clicks"}
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda at: at.post("new", values), (desk, twin))
    assert first.location == second.location
    with desk.business.acting():
        assert resources.count(current.lineup.resources[ORDER]).number == 1


def test_a_refused_form_may_be_sent_again_with_its_key(desk: Desk) -> None:
    refused = desk.post("new", {"subject": "", "form_key": "k1", "note": "<b>kept</b>"})
    assert refused.status_code == 422
    assert "&lt;b&gt;kept&lt;/b&gt;" in refused.text
    assert 'name="form_key" value="k1"' in refused.text
    assert desk.post("new", {"subject": "Now", "form_key": "k1"}).status_code == 303


def test_lists_come_back_as_they_were_chosen(world: World) -> None:
    desk = Desk(world.business("contacts"))
    desk.base = f"{desk.business.url}/contacts/contact"
    refused = desk.post("new", {"name": "", "roles": "supplier"}).text
    assert re.search(r'value="supplier" checked', refused)
    assert not re.search(r'value="customer" checked', refused)


def test_another_person_cannot_claim_a_key(desk: Desk) -> None:
    other = Desk(desk.business, desk.business.member("kitchen.*"))
    mine = desk.post("new", {"subject": "Mine", "form_key": "same"})
    theirs = other.post("new", {"subject": "Theirs", "form_key": "same"})
    assert mine.location != theirs.location


def test_a_script_is_told_where_to_go(desk: Desk) -> None:
    made = desk.post("new", {"subject": "By script"}, SAVE)
    assert made.status_code == 200
    assert made.json["href"].startswith(desk.base)
    assert "was created" in desk.get(made.json["href"]).text


def test_values_are_computed_as_they_are_typed_and_nothing_is_saved(desk: Desk) -> None:
    values = {
        "subject": "x", "currency": "USD",
        "line-0-item": "Rice", "line-0-quantity": "2", "line-0-price": "1.5",
        "line-4-item": "Fish", "line-4-quantity": "1", "line-4-price": "4", "line-2-item": "gone", "line-2-delete": "1",
        "line-5-item": "half", "line-5-quantity": "1", "line-5-price": "4x",
    }  # fmt: skip
    answer = desk.post("compute?check=line-5-price,subject", values)
    assert answer.status_code == 200
    shown = answer.json["shown"]
    assert "3.00" in shown["line-0-amount"]
    assert "4.00" in shown["line-4-amount"]
    assert "line-2-amount" not in shown
    assert "7.00" in shown["total"]
    assert answer.json["errors"]["line-5-price"]
    assert answer.json["errors"]["subject"] == ""
    blank = desk.post("compute?check=subject", {"subject": " "})
    assert blank.json["errors"]["subject"] == "A value is required."
    with desk.business.acting():
        assert resources.count(current.lineup.resources[ORDER]).number == 0


def test_asking_needs_the_right_to_save(desk: Desk) -> None:
    id = desk.make()
    reader = Desk(desk.business, desk.business.member("kitchen.order.read"))
    reader.get(id)
    for place in ("compute", "draft", f"{id}/compute", f"{id}/draft", "quick"):
        assert reader.post(place, {"title": "x"}).status_code == 403, place
    stranger = Desk(desk.business, desk.business.member("core.member.read"))
    stranger.get(desk.business.url)
    assert stranger.post("compute", {}).status_code == 403


def test_what_is_typed_is_kept_and_offered_again(desk: Desk) -> None:
    id = desk.make()
    typed = {"version": "1", "subject": "Half <typed", "note": "long", "line-0-item": "Tea", "line-0-quantity": "3"}
    assert desk.post(f"{id}/draft", typed).status_code == 204
    page = desk.get(id).text
    assert "You have unsaved changes" in page
    assert "Half" not in page
    restored = desk.get(f"{id}?draft=restore").text
    assert 'value="Half &lt;typed"' in restored
    assert 'value="Tea"' in restored
    assert "data-unsaved" in restored
    other = Desk(desk.business, desk.business.member("kitchen.*"))
    assert "You have unsaved changes" not in other.get(id).text
    assert desk.post(id, typed).status_code == 303
    assert "You have unsaved changes" not in desk.get(id).text
    assert desk.stored(id)["items"] == ["Tea"]


def test_a_draft_is_dropped(desk: Desk) -> None:
    desk.post("draft", {"subject": "Half"})
    assert "You have unsaved changes" in desk.get("new").text
    assert desk.post("draft?discard=1", {}).location == f"{desk.base}/new"
    assert "You have unsaved changes" not in desk.get("new").text


def test_changes_of_different_fields_are_merged_by_one_click(desk: Desk) -> None:
    id = desk.make(note="old")
    form = desk.form(id)
    assert desk.post(id, {**form, "note": "theirs", "state": "draft", "priority": "normal"}).status_code == 303
    stale = desk.post(id, {**form, "subject": "Mine", "note": "old", "state": "draft", "priority": "normal"})
    assert stale.status_code == 409
    assert "Keep both changes" in stale.text
    assert "theirs</textarea>" in stale.text
    assert 'value="Mine"' in stale.text
    merged = desk.post(
        id, {**form, "version": "2", "subject": "Mine", "note": "theirs", "state": "draft", "priority": "normal"}
    )
    assert merged.status_code == 303
    assert (desk.stored(id)["subject"], desk.stored(id)["note"]) == ("Mine", "theirs")


def test_the_same_field_is_chosen_side_by_side(desk: Desk) -> None:
    id = desk.make(note="old", line=[{"item": "One"}])
    form = {**desk.form(id), "state": "draft", "priority": "normal"}
    line = form["line-0-id"]
    desk.post(id, {**form, "note": "theirs", "line-0-item": "Theirs"})
    stale = desk.post(id, {**form, "note": "mine", "line-0-item": "Mine"})
    assert stale.status_code == 409
    assert "Keep both changes" not in stale.text
    assert 'name="keep-note"' in stale.text
    assert 'name="keep-line"' in stale.text
    assert 'name="keep-subject"' not in stale.text
    answer = desk.post(id, {**form, "version": "2", "note": "mine", "keep-note": "theirs", "keep-line": "mine",
                            "line-0-item": "Mine", "line-0-id": line})  # fmt: skip
    assert answer.status_code == 303
    assert (desk.stored(id)["note"], desk.stored(id)["items"]) == ("theirs", ["Mine"])


def test_lines_that_others_removed_come_back_as_new_ones(desk: Desk) -> None:
    id = desk.make(line=[{"item": "One"}, {"item": "Two"}])
    form = {**desk.form(id), "state": "draft", "priority": "normal"}
    desk.post(id, {**form, "line-1-delete": "1"})
    stale = desk.post(id, {**form, "line-1-item": "Two and a half"})
    assert stale.status_code == 409
    assert form["line-1-id"] not in stale.text
    mine = {**form, "version": "2", "keep-line": "mine", "line-1-id": "", "line-1-item": "Two and a half"}
    assert desk.post(id, mine).status_code == 303
    assert desk.stored(id)["items"] == ["One", "Two and a half"]


def test_lines_keep_their_order(desk: Desk) -> None:
    id = desk.make(line=[{"item": "A"}, {"item": "B"}, {"item": "C"}])
    form = {**desk.form(id), "state": "draft", "priority": "normal"}
    moved = {
        **form,
        "line-0-id": form["line-2-id"],
        "line-0-item": "C",
        "line-2-id": form["line-0-id"],
        "line-2-item": "A",
    }
    assert desk.post(id, moved).status_code == 303
    assert desk.stored(id)["items"] == ["C", "B", "A"]


def test_prices_of_lines_have_the_decimals_of_their_currency(desk: Desk) -> None:
    dinars = desk.make(currency="KWD", line=[{"item": "A", "price": "1.5"}])
    yen = desk.make(currency="JPY", line=[{"item": "A", "price": "1500"}])
    assert desk.form(dinars)["line-0-price"] == "1.500"
    assert desk.form(yen)["line-0-price"] == "1500"


def test_tabs_and_the_tab_with_the_error(desk: Desk) -> None:
    page = desk.get("new").text
    assert page.count('role="tab"') == page.count('role="tabpanel"') == 3
    wrong = desk.post("new", {"subject": "x", "due_on": "never"}).text
    tab = re.search(r'<button type="button" role="tab"[^>]*aria-selected="true"[^>]*>', wrong)
    assert tab
    assert "wrong" in tab[0]


def test_a_copy_has_no_number_and_new_lines(desk: Desk) -> None:
    id = desk.make(note="same", line=[{"item": "Rice"}])
    page = desk.get(f"new?copy={id}").text
    assert ">same</textarea>" in page
    assert 'value="Rice"' in page
    assert desk.stored(id)["number"] not in page
    assert re.search(r'name="line-0-id" value=""', page)
    reader = Desk(desk.business, desk.business.member("kitchen.order.create"))
    assert reader.get(f"new?copy={id}").status_code == 403


def test_the_way_through_the_list(desk: Desk) -> None:
    ids = {name: desk.make(subject=name) for name in ("A", "B", "C", "D")}
    query = quote('sort=-subject&where=[["subject","ne","B"]]')
    page = desk.get(f"{ids['C']}?from={query}").text
    before, after = re.search(r'href="([^"]+)" rel="prev"', page), re.search(r'href="([^"]+)" rel="next"', page)
    assert before
    assert after
    assert ids["D"] in before[1]
    assert ids["A"] in after[1]
    assert "from=" in after[1]
    assert "sort=-subject" in page  # the way back
    assert "from=sort" in desk.post(f"{ids['C']}?from={query}", {"version": "1", "subject": "C"}).location
    for forged in ("where=[", "sort=nothing", "view=00000000-0000-0000-0000-000000000000", 'where=[["x","eq",1]]'):
        assert desk.get(f"{ids['C']}?from={quote(forged)}").status_code == 200


def test_a_picker_creates_by_name_and_narrows(desk: Desk) -> None:
    clients = f"{desk.business.url}/kitchen/client"
    made = desk.post(f"{clients}/quick", {"title": "Acme <b>"})
    assert made.json["label"] == "Acme <b>"
    found = desk.get(f"{clients}/options?q=acme").json
    assert [item["id"] for item in found["items"]] == [made.json["id"]]
    assert found["create"]["quick"].endswith("/quick")
    assert desk.get(f"{clients}/options?f.city=Aqaba").json["items"] == []
    assert desk.get(f"{clients}/options?f.secret=1").status_code == 400
    assert desk.post(f"{clients}/quick", {"title": " "}).status_code == 400
    only = Desk(desk.business, desk.business.member("kitchen.client.read"))
    assert only.get(f"{clients}/options").json["create"] is None


def test_a_dialog_gets_the_form_and_then_the_record(desk: Desk) -> None:
    page = desk.get("new?dialog=1&subject=Acme").text
    assert "<html" not in page
    assert 'id="dialog-form"' in page
    assert 'value="Acme"' in page
    made = desk.post("new", {"subject": "Acme"}, {"X-Diwan-Save": "record"})
    assert made.json["label"] == "Acme"
    wrong = desk.post("new", {"subject": ""}, {"X-Diwan-Save": "record"})
    assert wrong.status_code == 422
    assert 'id="dialog-form"' in wrong.text


def test_a_reference_must_fit_what_stands_beside_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk.business.acting(), unit_of_work():
        order = current.lineup.resources[ORDER]
        clients = current.lineup.resources["kitchen.client"]
        one, two = (resources.create(clients, {"name": name}).id for name in ("One", "Two"))
        parent = resources.create(order, {"subject": "Parent", "client": one}).id
    monkeypatch.setattr(order.fields["parent"], "filter", {"client": "$client"})
    monkeypatch.setattr(order.fields["guests"], "show_when", {"urgent": True})
    page = desk.get("new").text
    assert "data-filter=" in page
    assert re.search(r'data-show-when="[^"]+" data-off', page)
    refused = desk.post("new", {"subject": "x", "client": str(two), "parent": str(parent)})
    assert refused.status_code == 422
    assert "does not fit what is chosen beside it" in refused.text
    made = desk.post("new", {"subject": "x", "client": str(one), "parent": str(parent)})
    assert made.status_code == 303
    moved = desk.post(made.location, {"version": "1", "client": str(two)})
    assert moved.status_code == 422
