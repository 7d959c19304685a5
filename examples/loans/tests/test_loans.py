"""Equipment loans as a business uses them: numbers, states, rules, settings, paper; in fewer than 150 lines."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from diwan import collaboration, notifications, resources
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.errors import Invalid, Refuse
from diwan.resources import actions
from diwan.testing.world import Business, World

import diwan_loans
from diwan_loans import demo


@pytest.fixture
def office(world: World) -> Business:
    return world.business("contacts", "loans")


def make(office: Business, state: str = "draft", **values: Any) -> UUID:
    """A loan of a new item to a new contact."""
    with office.acting(), unit_of_work():
        if "item" not in values:
            values["item"] = diwan_loans.Item.add(name="Drill").id
        if "borrower" not in values:
            contact = current.lineup.resources["contacts.contact"]
            values["borrower"] = resources.create(contact, {"name": "Site office"}).id
        loan = diwan_loans.Loan.add(**values)
        if state != "draft":
            actions.act(loan, "lend")
        return loan.id


def test_the_plugin_has_less_than_150_lines() -> None:
    folder = Path(diwan_loans.__file__).parent
    files = [folder / "__init__.py", folder / "plugin.toml"]
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) < 150


def test_a_loan_goes_from_draft_to_returned(office: Business) -> None:
    id = make(office)
    client, place = office.client(), f"{office.url}/loans/loan/{id}"
    page = client.get(place).text
    assert f"L-{now().date().year}-0001" in page
    assert "/do/lend" in page
    assert "/do/give_back" not in page
    assert client.post(f"{place}/do/lend").status_code == 303
    page = client.get(place).text
    assert "/do/give_back" in page
    assert "/do/lend" not in page
    assert client.post(f"{place}/do/give_back").status_code == 303
    with office.acting():
        assert diwan_loans.Loan.get(id).state == "back"


def test_an_item_is_lent_once(office: Business) -> None:
    first = make(office, "out")
    with office.acting():
        item = diwan_loans.Loan.get(first).item
    second = make(office, item=item)
    with office.acting(), pytest.raises(Refuse, match="already out") as caught, unit_of_work():
        actions.act(diwan_loans.Loan.get(second), "lend")
    assert caught.value.field == "item"


def test_a_loan_needs_an_item_before_it_goes_out(office: Business) -> None:
    id = make(office, item=None)
    with office.acting(), pytest.raises(Invalid) as caught, unit_of_work():
        actions.act(diwan_loans.Loan.get(id), "lend")
    assert list(caught.value.errors) == ["item"]


def test_the_usual_length_is_a_setting(office: Business) -> None:
    client = office.client()
    answer = client.post(f"{office.url}/settings/loans", data={"days": "3", "version": "0", "most": ""})
    assert answer.status_code == 303
    id = make(office)
    with office.acting():
        assert diwan_loans.Loan.get(id).due == now().date() + timedelta(days=3)


def test_late_loans_are_found_and_counted(office: Business) -> None:
    late = make(office, "out", due=now().date() - timedelta(days=3))
    make(office, "out", due=now().date() + timedelta(days=3))
    with office.acting():
        loans = current.lineup.resources["loans.loan"]
        page = resources.list_page(loans, ["number", "standing"], [["standing", "eq", "late"]])
        assert [row[0] for row in page.rows] == [late]
    assert ">1<" in office.client().get(f"{office.url}/widgets/loans.overdue").text


def test_a_contact_with_equipment_stays(office: Business) -> None:
    with office.acting():
        borrower = diwan_loans.Loan.get(make(office, "out")).borrower
    client = office.client()
    client.post(f"{office.url}/contacts/contact/{borrower}/delete")
    assert client.get(f"{office.url}/contacts/contact/{borrower}").status_code == 200


def test_the_slip_names_item_and_borrower(office: Business) -> None:
    id = make(office)
    answer = office.client().get(f"{office.url}/loans/loan/{id}/documents/slip.pdf")
    assert answer.status_code == 200
    page = "\n".join(p.extract_text() for p in PdfReader(io.BytesIO(answer.data)).pages)
    for word in ("Loan slip", "Drill", "Site office"):
        assert word in page


def test_demo_data_stands(office: Business) -> None:
    with office.acting(), unit_of_work():
        demo.loans()
        assert {state: diwan_loans.Loan.count(state=state) for state in ("draft", "out", "back")} == {
            "draft": 3,
            "out": 9,
            "back": 24,
        }
        assert diwan_loans.Loan.count(diwan_loans.Loan.due < now().date(), state="out")


def test_on_the_day_after_a_loan_was_due_people_are_reminded(office: Business) -> None:
    follower = office.member("loans.loan.read")
    late = make(office, "out", due=now().date() - timedelta(days=1))
    followed = make(office, "out", due=now().date() - timedelta(days=1))
    make(office, "out", due=now().date())
    make(office, "out", due=now().date() - timedelta(days=2))
    with office.acting(), unit_of_work():
        collaboration.follow(current.lineup.resources["loans.loan"], followed, [follower.id])
        diwan_loans.remind()
        [told] = notifications.latest()
        assert (told.record_id, told.title) == (late, f"{diwan_loans.Loan.get(late).number} is late")
    with office.acting(follower), unit_of_work():
        assert [told.record_id for told in notifications.latest()] == [followed]
