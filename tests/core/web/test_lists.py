"""Lists as a person uses them: columns, order, filters, views, groups, totals, cells; all from the address."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from diwan import preferences
from diwan.db import current, unit_of_work
from diwan.extensions import db
from diwan.resources import bulk, create, list_page, store
from diwan.testing.world import Business, World
from diwan.web.state import ListState

ORDER = "kitchen.order"
CSRF = re.compile(r'name="csrf-token" content="([^"]+)"')


class Lists:
    """A person in front of the list of orders."""

    def __init__(self, business: Business, client: FlaskClient | None = None) -> None:
        self.business, self.client = business, client or business.client()
        self.base = f"{business.url}/kitchen/order"
        self.csrf = ""

    def get(self, place: str = "", status: int = 200, **arguments: Any) -> str:
        pairs = [(n.replace("__", "."), v) for n, v in arguments.items() if not isinstance(v, list)]
        pairs += [(n.replace("__", "."), one) for n, v in arguments.items() if isinstance(v, list) for one in v]
        answer = self.client.get(f"{self.base}{place}?{urlencode(pairs)}")
        assert answer.status_code == status, answer.text[:3000]
        if found := CSRF.search(answer.text):
            self.csrf = found[1]
        return answer.text

    def post(self, place: str, status: int = 303, **form: Any) -> Any:
        if not self.csrf:
            self.get()
        answer = self.client.post(f"{self.base}{place}", data={**form, "csrf_token": self.csrf})
        assert answer.status_code == status, answer.text[:3000]
        return answer

    def declared(self) -> list[str]:
        with self.business.acting():
            return list(current.lineup.resources[ORDER].columns)

    def titles(self, **arguments: Any) -> list[str]:
        return titles(self.get(**arguments))

    def order(self, subject: str, **values: Any) -> str:
        with self.business.acting(), unit_of_work():
            resource = current.lineup.resources[ORDER]
            return str(store.create(resource, {"subject": subject, **values}).id)


def titles(page: str) -> list[str]:
    return re.findall(r'data-row-link href="[^"]*"><bdi>([^<]*)</bdi>', page)


def headers(page: str) -> list[str]:
    return re.findall(r'<th scope="col"[^>]* data-name="([^"]+)"', page)


@pytest.fixture
def lists(world: Any) -> Lists:
    return Lists(world.business("kitchen"))


def where(*tests: Any) -> str:
    return orjson.dumps(list(tests)).decode()


# Columns


def test_columns_come_from_the_address_then_the_person_then_the_declaration(lists: Lists) -> None:
    lists.order("One", guests=3)
    assert headers(lists.get()) == lists.declared()
    assert headers(lists.get(columns="subject,guests,created_at")) == ["subject", "guests", "created_at"]
    lists.post("/columns", column=["guests", "subject"])
    page = lists.get()
    assert headers(page) == ["guests", "subject"]
    assert re.search(r"data-row-link[^>]*><span[^>]*>3</span>", page), re.findall(r"<tr data-row.*?</tr>", page)
    other = Lists(lists.business, lists.business.client(lists.business.member("kitchen.*")))
    assert headers(other.get()) == lists.declared()
    lists.post("/columns", do="reset")
    assert headers(lists.get()) == lists.declared()


@pytest.mark.parametrize("columns", ["nothing", "tenant_id", "subject,version", "subject;drop"])
def test_columns_that_do_not_exist_are_refused(lists: Lists, columns: str) -> None:
    assert columns.rpartition(",")[2][:60] in lists.get(status=400, columns=columns)
    lists.post("/columns", status=400, column=columns.split(","))


def test_widths_are_kept_for_the_person(lists: Lists) -> None:
    lists.order("One")
    lists.post("/columns/width", status=204, column="subject", width="333")
    assert '<col width="333">' in lists.get()
    lists.post("/columns/width", status=204, column="subject", width="9999")
    assert '<col width="800">' in lists.get()
    lists.post("/columns/width", status=204, column="subject", width="")
    assert '<col width="800">' not in lists.get()
    lists.post("/columns/width", status=400, column="subject", width="-5")
    lists.post("/columns/width", status=400, column="nothing", width="100")


# Order


def test_several_levels_of_order_from_the_panel_and_the_headers(lists: Lists) -> None:
    for subject, guests in (("B", 2), ("A", 2), ("C", 1)):
        lists.order(subject, guests=guests)
    assert lists.titles(by=["guests", "-subject"], columns="subject,guests") == ["C", "B", "A"]
    page = lists.get(sort="-guests,subject", columns="subject,guests")
    assert titles(page) == ["A", "B", "C"]
    assert re.search(r"Guests.*<sup>1</sup>", page)
    also = re.search(r'data-also="([^"]+)"', page)
    assert also
    assert "sort=-guests%2C-subject" in also[1]
    assert "cannot be sorted" in lists.get(status=400, sort="note")


# Filters


def test_filters_in_the_address_are_applied_and_told_in_words(lists: Lists) -> None:
    lists.order("Party", guests=20, state="open", urgent=True)
    lists.order("Tea", guests=2, state="done")
    page = lists.get(where=where(["guests", "ge", 10], {"or": [["state", "eq", "open"], ["urgent", "eq", False]]}))
    assert titles(page) == ["Party"]
    assert "Guests is at least 10" in page
    assert "State is Open or Urgent is No" in page
    page = lists.get(where=where(["due_on", "within", "this_month"], ["subject", "empty"]))
    assert titles(page) == []
    assert "Due on is in this month" in page
    assert "Nothing matches" in page


@pytest.mark.parametrize(
    "wrong",
    ["{", "1", '"x"', '[["nothing","eq",1]]', '[["subject","like","x"]]', '[["guests","eq","many"]]', '{"xor":[]}',
     '[["due_on","within","never"]]', "[[[[[[[[[[1]]]]]]]]]]"],
)  # fmt: skip
def test_a_wrong_filter_is_refused_with_its_reason(lists: Lists, wrong: str) -> None:
    lists.get(status=400, where=wrong)


def test_the_builder_adds_removes_and_applies(lists: Lists) -> None:
    page = lists.get("/filter", sort="-subject")
    assert "Add a condition" in page
    state = re.search(r'name="state" value="([^"]*)"', page)
    assert state
    assert state[1] == "sort=-subject"
    form: dict[str, Any] = {"state": state[1], "join-0": "and", "row": ["r0"], "r0__field": "state"}
    page = lists.get("/filter", **form, do="")
    assert "is one of" in page
    form |= {"r0__was": "state", "r0__op": "in", "r0__value": ["open", "done"]}
    page = lists.get("/filter", **form, do="group")
    assert "Any of these" in page
    form |= {"group": "1", "join-1": "or", "row": ["r0", "r1", "r2"], "r1__group": "1", "r1__field": "guests"}
    form |= {"r1__was": "guests", "r1__op": "gt", "r1__value": "5", "r2__group": "1", "r2__field": "urgent"}
    form |= {"r2__was": "urgent", "r2__op": "eq", "r2__value": "1"}
    assert 'value="r1"' not in lists.get("/filter", **{**form, "row": ["r0"]}, do="drop:1")
    answer = lists.client.get(f"{lists.base}/filter?{urlencode(_pairs({**form, 'do': 'apply'}))}")
    assert answer.status_code == 303
    with lists.business.acting():
        made = ListState.of_query(current.lineup.resources[ORDER], answer.location.partition("?")[2])
    expected = [["state", "in", ["open", "done"]], {"or": [["guests", "gt", "5"], ["urgent", "eq", "1"]]}]
    assert (made.where, made.sort) == (expected, "-subject")
    assert "Remove the group" in lists.client.get(answer.location.replace("order?", "order/filter?")).text


def test_the_builder_says_what_is_wrong(lists: Lists) -> None:
    form = {"state": "", "row": "r0", "r0__field": "guests", "r0__was": "guests", "r0__op": "gt", "r0__value": "x"}
    assert "Enter a whole number" in lists.get("/filter", status=422, **form, do="apply")
    assert "needs a value" in lists.get("/filter", status=422, **{**form, "r0__value": ""}, do="apply")
    lists.get("/filter", status=422, **{**form, "r0__field": "nothing", "r0__was": "nothing"}, do="apply")


def test_every_field_and_operator_of_the_builder_has_a_control(lists: Lists) -> None:
    from diwan.web import filter_builder

    with lists.business.acting():
        resource = current.lineup.resources[ORDER]
        pairs = [
            (name, operator)
            for name in filter_builder.filterable(resource)
            for operator in filter_builder.described(resource, name).kind.operators
        ]
    assert len(pairs) > 40
    for name, operator in pairs:
        form = {"state": "", "row": "r0", "r0__field": name, "r0__was": name, "r0__op": operator}
        page = lists.get("/filter", **form, do="")
        assert ('name="r0.value"' in page) == (operator not in ("empty", "filled")), (name, operator)


def _pairs(form: dict[str, Any]) -> list[tuple[str, str]]:
    pairs = [(n.replace("__", "."), v) for n, v in form.items()]
    return [(n, one) for n, v in pairs for one in (v if isinstance(v, list) else [v])]


# Views


def test_a_view_is_saved_opened_changed_and_removed(lists: Lists) -> None:
    lists.order("Party", state="open")
    lists.order("Tea", state="done")
    assert "Save as a new view" in lists.get()
    made = lists.post("/views/new", name="Open ones", state="f.state=open&columns=subject,state")
    view = made.location.partition("?")[2]
    page = lists.client.get(made.location).text
    assert (titles(page), headers(page)) == (["Party"], ["subject", "state"])
    assert "Open ones</a>" in page
    edited = lists.client.get(f"{lists.base}?{view}&edited=1&f.state=done").text
    assert titles(edited) == ["Tea"]
    assert "Open ones *" in edited
    id = view.removeprefix("view=")
    lists.post(f"/views/{id}/save", state=f"{view}&edited=1&f.state=done")
    assert titles(lists.client.get(made.location).text) == ["Tea"]
    lists.post(f"/views/{id}", name="Done ones", shared="1")
    other = Lists(lists.business, lists.business.client(lists.business.member("kitchen.order.read")))
    assert "Done ones" in other.get()
    other.post(f"/views/{id}/delete", status=403)
    other.post("/views/new", status=403, name="Mine", shared="1", state="")
    assert "Give the view a name" in lists.post("/views/new", status=422, name=" ", state="").text
    lists.post(f"/views/{id}/delete")
    lists.get(status=404, view=id)


def test_the_list_opens_in_the_chosen_view_and_can_be_seen_without(lists: Lists) -> None:
    lists.order("Party", state="open")
    lists.order("Tea", state="done")
    made = lists.post("/views/new", name="Open ones", default="1", state="f.state=open")
    assert lists.titles() == ["Party"]
    assert set(lists.titles(view="all")) == {"Party", "Tea"}
    assert lists.titles(f__state="done") == ["Tea"]
    page = lists.get()
    cleared = re.search(r'class="link xs" href="([^"]+)"', page)
    assert cleared
    assert set(titles(lists.client.get(cleared[1].replace("&amp;", "&")).text)) == {"Party", "Tea"}
    lists.post("/views/default", view="all")
    assert set(lists.titles()) == {"Party", "Tea"}
    lists.post("/views/default", status=400, view="nothing")
    assert made.status_code == 303


def test_a_view_that_names_a_field_that_is_gone_shows_what_is_left(lists: Lists) -> None:
    lists.order("Party", state="open")
    lists.order("Tea", state="done")
    definition = {
        "where": [["state", "eq", "open"], ["gone", "eq", 1], {"or": [["lost", "empty"]]}], "sort": "gone,-subject",
        "columns": ["subject", "gone"], "group": "", "quick": {"lost": "1"},
    }  # fmt: skip
    with lists.business.acting(), unit_of_work():
        id = preferences.make_view(ORDER, "Old", definition).id
    page = lists.get(view=str(id))
    assert (titles(page), headers(page)) == (["Party"], ["subject"])
    assert "gone, lost" in page


# Groups and totals


def test_groups_have_counts_and_sums_and_load_their_rows(lists: Lists) -> None:
    for subject, guests, state in (("A", 2, "open"), ("B", 3, "open"), ("C", 10, "done")):
        lists.order(subject, guests=guests, state=state)
    page = lists.get(group="state", columns="subject,guests")
    assert titles(page) == []
    pattern = r'data-group="([^"]+)".*?<span class="count">(\d+)</span>.*?<td[^>]*>(\d+)</td>'
    found = re.findall(pattern, page, re.DOTALL)
    assert [(count, total) for _href, count, total in found] == [("2", "5"), ("1", "10")]
    rows = lists.client.get(found[0][0].replace("&amp;", "&")).text
    assert set(titles(rows)) == {"A", "B"}
    for key in ("created_at:month", "urgent", "client", "due_on"):
        assert "data-group" in lists.get(group=key)
    for wrong in ("note", "nothing", "state:month", "created_at:minute"):
        lists.get(status=400, group=wrong)


def test_the_totals_are_those_of_all_that_match(lists: Lists) -> None:
    for number in range(5):
        lists.order(f"N{number}", guests=100, state="open" if number else "done")
    page = lists.get("/totals", columns="subject,guests", f__state="open")
    assert "Total" in page
    assert ">400<" in page
    assert "data-load" not in lists.get(columns="subject,state")


# A cell in its place


def test_a_cell_is_edited_in_its_place(lists: Lists) -> None:
    id = lists.order("Party", guests=3)
    form = lists.get(f"/{id}/cell/guests")
    assert 'name="guests"' in form
    assert 'name="version" value="1"' in form
    saved = lists.post(f"/{id}/cell/guests", status=200, guests="1,250", version="1")
    assert "1,250" in saved.text
    late = lists.post(f"/{id}/cell/guests", status=409, guests="9", version="1")
    assert "Test Person has changed it" in late.text
    assert 'name="version" value="2"' in late.text
    wrong = lists.post(f"/{id}/cell/guests", status=422, guests="many", version="2")
    assert "Enter a whole number" in wrong.text
    assert 'value="many"' in wrong.text
    title = lists.post(f"/{id}/cell/subject", status=200, subject="<b>Feast</b>", version="2", title="1")
    assert "&lt;b&gt;Feast" in title.text
    assert "data-row-link" in title.text


def test_a_cell_needs_the_right_and_a_field_that_fits(lists: Lists) -> None:
    id = lists.order("Party")
    reader = Lists(lists.business, lists.business.client(lists.business.member("kitchen.order.read")))
    assert "data-edit" not in reader.get()
    reader.get(f"/{id}/cell/guests", status=403)
    reader.post(f"/{id}/cell/guests", status=403, guests="1", version="1")
    for field in ("note", "created_at", "nothing", "tenant_id"):
        lists.get(f"/{id}/cell/{field}", status=404)


# Statements


@pytest.mark.parametrize("arguments", [{}, {"group": "client"}, {"columns": "subject,client,parent,created_at"}])
def test_a_list_takes_a_fixed_number_of_statements(lists: Lists, arguments: dict[str, str]) -> None:
    with lists.business.acting(), unit_of_work():
        clients = current.lineup.resources["kitchen.client"]
        client = str(store.create(clients, {"name": "Ada"}).id)
    first = lists.order("First", client=client)
    counts = []
    for more in (1, 30):
        for number in range(more):
            lists.order(f"N{number}", client=client, parent=first)
        lists.get(**arguments)
        counts.append(_statements(lists, arguments))
    assert counts[0] == counts[1]
    assert counts[0] <= 6


def _statements(lists: Lists, arguments: dict[str, str]) -> int:
    seen: list[str] = []

    def note(*parts: Any) -> None:
        seen.append(parts[2])

    with lists.business.acting():
        event.listen(db.engine, "before_cursor_execute", note)
    try:
        lists.get(**arguments)
    finally:
        with lists.business.acting():
            event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)


def test_a_filtered_list_does_not_wait_for_its_count(world: World) -> None:
    business = world.business("contacts")
    with business.acting(), unit_of_work():
        contacts = current.lineup.resources["contacts.contact"]
        bulk.create_many(contacts, [{"name": f"Firm {n:03}", "city": "Doha"} for n in range(90)])
        bulk.create_many(contacts, [{"name": f"Other {n:03}"} for n in range(5)])
    browser, place = business.client(), f"{business.url}/contacts/contact"
    where = '?where=[["city","eq","Doha"]]'
    page = browser.get(place + where).text
    assert f"{place}/count?where=" in page
    assert "Select all that match" in page
    assert browser.get(f"{place}/count{where}").text == "90"
    few = browser.get(f'{place}?where=[["name","starts","Other"]]').text
    assert "/count?" not in few
    assert business.client(business.member("core.member.read")).get(f"{place}/count").status_code == 403


def test_the_order_by_age_is_that_of_the_ids(world: World) -> None:
    business = world.business("contacts")
    with business.acting(), unit_of_work():
        contacts = current.lineup.resources["contacts.contact"]
        made = [create(contacts, {"name": name}).id for name in ("b", "c", "a")]
    with business.acting():
        page = list_page(contacts, ["name"], sort="-created_at", limit=2)
        assert [row[0] for row in page.rows] == made[:0:-1]
        rest = list_page(contacts, ["name"], sort="-created_at", limit=2, cursor=page.next)
        assert [row[0] for row in rest.rows] == made[:1]
