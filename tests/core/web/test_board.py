"""Boards: the same records as the list in columns, moves that are refused or undone, and nothing that others may not.

What happens in the browser (dragging, keys) is in tests/browser.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.world import Business, World
from diwan.web import board

STATES = ["draft", "draft", "open", "done"]


class Desk:
    """A business with some orders, and a person in front of their board."""

    def __init__(self, business: Business) -> None:
        self.business, self.client = business, business.client()
        self.base = f"{business.url}/kitchen/order"
        with business.acting(), unit_of_work():
            orders = current.lineup.resources["kitchen.order"]
            self.ids = [
                resources.create(orders, {"subject": f"Order {n} <b>", "state": state, "guests": n + 1}).id
                for n, state in enumerate(STATES)
            ]

    def move(self, number: int, value: str, version: int = 1, client: FlaskClient | None = None, **more: str) -> Any:
        form = {"shape": "board", "field": "state", "value": value, "version": str(version), **more}
        return (client or self.client).post(
            f"{self.base}/{self.ids[number]}/move?as=board", data=form, headers={"Accept": "application/json"}
        )

    def state(self, number: int) -> str:
        with self.business.acting():
            return str(resources.get(current.lineup.resources["kitchen.order"], self.ids[number]).state)


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world.business("kitchen"))


def columns(html: str) -> dict[str, tuple[str, int]]:
    """Each column's count as it says it, and the number of cards in it."""
    found = re.findall(r'data-column="([^"]+)".*?data-count>([\d,]+)(.*?)</section>', html, re.DOTALL)
    return {key: (count, body.count('class="kcard"')) for key, count, body in found}


def test_columns_hold_what_the_list_holds(desk: Desk) -> None:
    page = desk.client.get(f"{desk.base}?as=board").text
    assert columns(page) == {"draft": ("2", 2), "open": ("1", 1), "done": ("1", 1), "cancelled": ("0", 0)}
    assert "Order 0 &lt;b&gt;" in page
    assert "<b>" not in page.partition("<ui-board")[2].partition("</ui-board>")[0].replace("<b>Test", "")


def test_search_and_filter_apply(desk: Desk) -> None:
    page = desk.client.get(f"{desk.base}?as=board&f.state=open").text
    assert columns(page)["open"] == ("1", 1)
    assert columns(page)["draft"] == ("0", 0)


def test_a_move_is_saved_counted_and_undone(desk: Desk) -> None:
    answer = desk.move(0, "open").json
    assert (answer["version"], answer["columns"]["open"]["count"], answer["columns"]["draft"]["count"]) == (2, "2", "1")
    assert desk.state(0) == "open"
    assert desk.client.post(answer["undo"]).status_code == 303
    assert desk.state(0) == "draft"
    assert "Undone: 1 record is as it was." in desk.client.get(desk.base).text


def test_a_stale_move_is_refused_with_the_reason(desk: Desk) -> None:
    assert desk.move(0, "open").status_code == 200
    answer = desk.move(0, "done", version=1)
    assert answer.status_code == 409
    assert "Somebody else has changed this record" in answer.json["error"]
    assert desk.state(0) == "open"


@pytest.mark.parametrize(
    "form", [{"value": "nonsense"}, {"field": "subject"}, {"field": "note"}, {"field": "nothing"}, {"shape": ""}]
)
def test_forged_moves_are_refused(desk: Desk, form: dict[str, str]) -> None:
    value = form.pop("value", "open")
    assert desk.move(0, value, **form).status_code in (400, 422)
    assert desk.state(0) == "draft"


def test_without_a_script_a_move_comes_back_to_the_page(desk: Desk) -> None:
    form = {"shape": "board", "field": "state", "value": "open", "version": "1"}
    answer = desk.client.post(f"{desk.base}/{desk.ids[0]}/move", data=form)
    assert answer.status_code == 303
    assert desk.state(0) == "open"


def test_who_may_only_read_sees_no_way_to_move(desk: Desk) -> None:
    reader = desk.business.client(desk.business.member("kitchen.order.read"))
    page = reader.get(f"{desk.base}?as=board").text
    assert "data-movable" not in page
    assert "data-card-menu" not in page
    assert desk.move(0, "open", client=reader).status_code == 403


def test_another_business_moves_nothing(desk: Desk, other_business: Business) -> None:
    stranger = other_business.client()
    assert desk.move(0, "open", client=stranger).status_code in (403, 404)
    assert desk.state(0) == "draft"


def test_long_columns_come_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "CARDS", 1)
    page = desk.client.get(f"{desk.base}?as=board").text
    assert columns(page)["draft"] == ("2", 1)
    [more] = re.findall(r'hx-get="([^"]+/cards[^"]+)"', page)
    rest = desk.client.get(more.replace("&amp;", "&")).text
    assert rest.count('class="kcard"') == 1
    assert "kmore" not in rest


@pytest.mark.parametrize("place", ["/cards?column=nonsense", "/cards?column=open&cursor=forged", "?as=nothing"])
def test_forged_addresses_are_4xx(desk: Desk, place: str) -> None:
    assert desk.client.get(f"{desk.base}{place}").status_code == 400


def test_columns_by_another_field_and_sums(desk: Desk) -> None:
    page = desk.client.get(f"{desk.base}?as=board&group=priority&o.sum=guests").text
    assert columns(page)["normal"] == ("4", 4)
    assert re.search(r'data-column="normal".*?data-sum dir="ltr">10<', page, re.DOTALL)


def test_a_full_column_is_marked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk.business.acting():
        monkeypatch.setattr(current.lineup.resources["kitchen.order"], "limits", {"draft": 1})
    page = desk.client.get(f"{desk.base}?as=board").text
    assert re.search(r'class="kcol over" data-column="draft"', page)
    assert desk.move(0, "open").json["columns"]["draft"]["over"] is False


def test_the_number_of_statements_does_not_grow_with_the_cards(desk: Desk, statements: Any) -> None:
    desk.client.get(f"{desk.base}?as=board")
    few = statements(lambda: desk.client.get(f"{desk.base}?as=board"))
    with desk.business.acting(), unit_of_work():
        orders = current.lineup.resources["kitchen.order"]
        for n in range(20):
            resources.create(orders, {"subject": f"More {n}", "state": STATES[n % 4]})
    assert statements(lambda: desk.client.get(f"{desk.base}?as=board")) == few


@pytest.fixture
def loans(world: World) -> Any:
    """A business that lends, with one loan of one item."""
    business = world.business("loans", "contacts")
    with business.acting(), unit_of_work():
        known = current.lineup.resources
        borrower = resources.create(known["contacts.contact"], {"name": "Cedar Furniture House"})
        item = resources.create(known["loans.item"], {"name": "Drill"})
        loan = resources.create(known["loans.loan"], {"borrower": borrower.id, "item": item.id, "due": "2030-01-01"})
        return business, loan.id


def hand_over(loans: Any, value: str, version: int = 1, client: FlaskClient | None = None) -> Any:
    business, id = loans
    form = {"shape": "board", "field": "state", "value": value, "version": str(version)}
    return (client or business.client()).post(
        f"{business.url}/loans/loan/{id}/move", data=form, headers={"Accept": "application/json"}
    )


def test_columns_of_a_life_cycle_say_where_their_cards_may_go(loans: Any) -> None:
    business, _id = loans
    page = business.client().get(f"{business.url}/loans/loan").text  # it opens as a board
    found = dict(re.findall(r'data-column="(\w+)" data-targets="([^"]*)"', page))
    assert found == {"draft": "out", "out": "back draft", "back": ""}


def test_a_move_is_a_transition(loans: Any) -> None:
    answer = hand_over(loans, "out")
    assert answer.status_code == 200, answer.text
    business, id = loans
    with business.acting():
        assert resources.get(current.lineup.resources["loans.loan"], id).state == "out"
    business.client().post(answer.json["undo"])  # the transition that takes it back
    with business.acting():
        assert resources.get(current.lineup.resources["loans.loan"], id).state == "draft"


def test_no_way_leads_there(loans: Any) -> None:
    answer = hand_over(loans, "back")
    assert answer.status_code == 422
    assert "No way leads" in answer.json["error"]


def test_a_transition_needs_its_own_right(loans: Any) -> None:
    business, _id = loans
    clerk = business.client(business.member("loans.loan.read", "loans.loan.update"))
    assert hand_over(loans, "out", client=clerk).status_code == 403
    assert 'data-targets=""' in clerk.get(f"{business.url}/loans/loan").text
