"""Life-cycles: where a record may go, what a way needs, what cannot be written around it; derived statuses."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.db.clock import in_sql, today
from diwan.errors import Denied, Invalid, Refuse, Stale
from diwan.resources import Resource, lifecycle, store
from diwan.testing.world import Business, World


@pytest.fixture
def office(world: World) -> Business:
    return world.business("contacts", "loans")


def loans() -> Resource:
    found: Resource = current.lineup.resources["loans.loan"]
    return found


def make(office: Business, **values: Any) -> UUID:
    with office.acting(), unit_of_work():
        item = resources.create(current.lineup.resources["loans.item"], {"name": "Drill"})
        borrower = resources.create(current.lineup.resources["contacts.contact"], {"name": "Site"})
        id: UUID = resources.create(loans(), {"item": item.id, "borrower": borrower.id, **values}).id
        return id


def move(office: Business, id: UUID, state: str, version: int | None = None, person: Any = None) -> None:
    with office.acting(person), unit_of_work():
        lifecycle.move(loans(), id, state, version)


def targets(office: Business, id: UUID, person: Any = None) -> list[str]:
    with office.acting(person):
        return [target.state.key for target in lifecycle.targets(loans(), store.get(loans(), id))]


def test_a_record_goes_only_where_a_way_leads(office: Business) -> None:
    id = make(office)
    assert targets(office, id) == ["out"]
    with pytest.raises(Refuse, match="No way leads from “Draft” to “Returned”"):
        move(office, id, "back")
    with pytest.raises(Refuse, match="no such state"):
        move(office, id, "sold")
    move(office, id, "out", 1)
    assert set(targets(office, id)) == {"back", "draft"}
    with office.acting():
        assert {way.state.key for way in lifecycle.ways(loans(), "out")} == {"back", "draft"}


def test_who_may_not_go_is_not_offered_the_way(office: Business) -> None:
    id = make(office)
    lender = office.member("loans.loan.read", "loans.loan.update", "loans.loan.lend")
    assert targets(office, id, lender) == ["out"]
    move(office, id, "out", person=lender)
    assert targets(office, id, lender) == []
    with pytest.raises(Denied):
        move(office, id, "back", person=lender)


def test_a_move_minds_the_version_and_what_is_required(office: Business) -> None:
    id = make(office, item=None)
    with pytest.raises(Stale):
        move(office, id, "out", 9)
    with pytest.raises(Invalid) as caught:
        move(office, id, "out")
    assert list(caught.value.errors) == ["item"]


def test_the_state_is_written_by_ways_alone(office: Business) -> None:
    id, client = make(office), office.client()
    for write in (
        lambda: resources.create(loans(), {"state": "out"}),
        lambda: resources.update(loans(), id, {"state": "out"}),
    ):
        with office.acting(), pytest.raises(Invalid) as caught, unit_of_work():
            write()
        assert "state" in caught.value.errors
    client.post(f"{office.url}/loans/loan/{id}", data={"state": "out", "version": "1"})
    with office.acting():
        assert store.get(loans(), id).state == "draft"
        assert not loans().fields["state"].required


def test_the_bar_shows_where_it_is_and_where_it_may_go(office: Business) -> None:
    id, client = make(office), office.client()
    page = client.get(f"{office.url}/loans/loan/{id}").text
    bar = page[page.index('class="status-bar"') :].partition("</nav>")[0]
    assert bar.count("<li") == 3
    assert bar.count('aria-current="step"') == 1
    assert f"/loans/loan/{id}/do/lend" in bar
    assert "give_back" not in bar
    new = client.get(f"{office.url}/loans/loan/new").text
    assert 'class="status-bar"' in new


def test_required_fields_are_marked_on_the_form(office: Business) -> None:
    id = make(office, item=None)
    answer = office.client().post(f"{office.url}/loans/loan/{id}/do/lend")
    assert answer.status_code == 422
    assert "Hand out" in answer.text
    assert 'id="f-item-error"' in answer.text


def test_a_derived_status_is_read_filtered_and_grouped_but_not_written(office: Business) -> None:
    late = make(office, due=now().date() - timedelta(days=9))
    make(office)
    move(office, late, "out")
    with office.acting():
        assert store.get(loans(), late).standing == "late"
        page = resources.list_page(loans(), ["standing"], [["standing", "in", ["late"]]])
        assert page.rows == [(late, "late")]
        assert resources.count(loans(), [["standing", "empty", True]]).number == 1
    with office.acting(), pytest.raises(Invalid), unit_of_work():
        resources.update(loans(), late, {"standing": "late"})
    client = office.client()
    listed = client.get(f"{office.url}/loans/loan?as=list&standing=late")
    assert listed.status_code == 200
    assert listed.text.count("L-") >= 1
    head = {"Authorization": f"Bearer {office.token()}"}
    found = office.world.app.test_client().get("/api/v1/loans/loan?standing=late&fields=standing", headers=head).json
    assert found["data"] == [{"id": str(late), "standing": "late"}]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])  # 26 hours apart: never on the same day
def test_a_derived_status_knows_the_day_of_the_business(office: Business, zone: str) -> None:
    with office.acting(), unit_of_work() as session:
        session.execute(text("UPDATE core.tenant SET timezone = :zone WHERE id = :id"),
                        {"zone": zone, "id": office.tenant.id})  # fmt: skip
    with office.acting():
        day = today()
    due_yesterday, due_today = make(office, due=day - timedelta(days=1)), make(office, due=day)
    for id in (due_yesterday, due_today):
        move(office, id, "out")
    with office.acting():
        assert store.get(loans(), due_yesterday).standing == "late"
        assert store.get(loans(), due_today).standing is None
        assert resources.list_page(loans(), ["number"], [["standing", "eq", "late"]]).rows[0][0] == due_yesterday
        with in_sql():
            sum_up = select(today() - timedelta(days=30))  # type: ignore[call-overload]
        written = sum_up.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
        assert current.session.execute(text(str(written))).scalar_one().date() == day - timedelta(days=30)


def test_bulk_writes_leave_derived_fields_alone(office: Business) -> None:
    ids = [make(office), make(office)]
    client = office.client()
    base = f"{office.url}/loans/loan/bulk"
    sent = {"id": [str(id) for id in ids], "field": "due", "value": "2031-02-03", "do": "apply"}
    assert client.post(f"{base}/edit", data=sent).status_code == 303
    with office.acting():
        assert [store.get(loans(), id).due for id in ids] == [date(2031, 2, 3)] * 2


THING = """
@plugin.resource(label="Thing", labels="Things", lifecycle=Lifecycle("state", {states}, {ways}))
class Thing(Model):
    name: Mapped[str] = field("Name")
    state: Mapped[str] = field("State")
"""
STATES = '[State("a", "A"), State("b", "B")]'
WRONG = [
    ("[]", "[]", "needs states"),
    ('[State("a", "A"), State("a", "B")]', "[]", "each with a key of its own"),
    ('[State("a", "A", "loud")]', "[]", "state 'a': tone 'loud'"),
    (STATES, '[Transition("go", "Go", "a", "c")]', "transition 'go': 'c' is not a state; known: a, b"),
    (
        STATES,
        '[Transition("go", "Go", "a", "b"), Transition("go", "Go", "b", "a")]',
        "transition 'go': the name stands",
    ),
    (STATES, '[Transition("update", "Go", "a", "b")]', "transition 'update': this name is taken"),
    (STATES, '[Transition("go", "Go", "a", "b", requires=["colour"])]', "requires 'colour', which is not a field"),
    (STATES, '[Transition("go", "Go", "a", "b", undo="back")]', "undo names 'back'"),
]


@pytest.mark.parametrize(("states", "ways", "reason"), WRONG)
def test_a_mistake_is_named_with_plugin_model_and_way(shelf: Any, states: str, ways: str, reason: str) -> None:
    package = shelf.write("sample", THING.format(states=states, ways=ways))
    (package / "migrations").mkdir()
    entry = shelf.load()["sample"]
    assert entry.state == "broken"
    text = "\n".join(entry.problems)
    assert reason in text
    assert "sample" in text
