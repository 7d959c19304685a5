"""Documents, jobs and actions with several records over the API: one's own only, as the specification says."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from diwan import jobs, resources
from diwan.db import current, unit_of_work
from diwan.testing.world import Business

LOANS = "/api/v1/loans/loan"


@pytest.fixture
def office(world: Any) -> Business:
    return world.business("contacts", "loans")


@pytest.fixture
def loans(app: Any, office: Business, program: Any) -> Any:
    return program(app.test_client(), office.token())


def lend_out(office: Business, number: int) -> list[str]:
    """Loans of an item each to one borrower."""
    with office.acting(), unit_of_work():
        known = current.lineup.resources
        borrower = resources.create(known["contacts.contact"], {"name": "Site office"}).id
        ids = []
        for _turn in range(number):
            item = resources.create(known["loans.item"], {"name": "Drill"}).id
            ids.append(str(resources.create(known["loans.loan"], {"item": item, "borrower": borrower}).id))
        return ids


def test_documents_are_listed_and_printed(loans: Any, office: Business, app: Any, program: Any) -> None:
    [id] = lend_out(office, 1)
    items = loans("GET", f"{LOANS}/{id}/documents").json["items"]
    assert [(each["key"], each["label"]) for each in items] == [("record", "Loan"), ("slip", "Loan slip")]
    for each in items:
        answer = loans("GET", each["href"] + "?lang=ar")
        assert (answer.status_code, answer.content_type) == (200, "application/pdf")
        assert answer.data.startswith(b"%PDF-")
    assert loans("GET", f"{LOANS}/{id}/documents/nothing.pdf").status_code == 404
    assert loans("GET", f"{LOANS}/{uuid4()}/documents").status_code == 404
    assert loans("GET", f"{LOANS}/{id}/documents/slip.pdf?lang=xx").status_code == 400
    stranger = program(app.test_client(), office.token(grants=["contacts.*"]))
    assert stranger("GET", f"{LOANS}/{id}/documents").status_code == 403
    assert stranger("GET", f"{LOANS}/{id}/documents/slip.pdf").status_code == 403


def test_an_action_is_done_with_several(loans: Any, office: Business) -> None:
    one, two, three = lend_out(office, 3)
    done = loans("POST", f"{LOANS}/bulk/lend", {"ids": [one, two]})
    assert done.status_code == 200, done.json
    assert [each["state"] for each in done.json["data"]] == ["out", "out"]
    all_or_none = loans("POST", f"{LOANS}/bulk/lend", {"ids": [three, one]})
    assert all_or_none.status_code == 422
    assert loans("GET", f"{LOANS}/{three}").json["state"] == "draft"
    each = loans("POST", f"{LOANS}/bulk/lend?partial=true", {"ids": [three, one]})
    assert (each.status_code, each.json["succeeded"], each.json["failed"]) == (207, 1, 1)
    assert loans("GET", f"{LOANS}/{three}").json["state"] == "out"
    later = loans("POST", f"{LOANS}/bulk/extend", {"ids": [one, two], "values": {"until": "2099-01-01"}})
    assert [each["due"] for each in later.json["data"]] == ["2099-01-01"] * 2


def test_wrong_requests_with_several_are_refused(loans: Any, office: Business, app: Any, program: Any) -> None:
    [id] = lend_out(office, 1)
    for body, status in (
        ({}, 400), ({"ids": id}, 400), ({"ids": []}, 400), ({"ids": [id], "until": 1}, 400),
        ({"ids": [id], "values": []}, 400), ({"ids": ["x"]}, 422), ({"ids": [id, id]}, 422),
        ({"ids": [id], "values": {"nothing": 1}}, 422),
    ):  # fmt: skip
        assert loans("POST", f"{LOANS}/bulk/lend", body).status_code == status, body
    assert loans("POST", f"{LOANS}/bulk/nothing", {"ids": [id]}).status_code == 404
    stranger = program(app.test_client(), office.token(grants=["loans.loan.read"]))
    assert stranger("POST", f"{LOANS}/bulk/lend", {"ids": [id]}).status_code == 403


def test_a_person_reads_their_own_jobs_only(loans: Any, office: Business, app: Any, program: Any, world: Any) -> None:
    with office.acting(), unit_of_work():
        mine = jobs.enqueue("core.nothing.here")
    found = loans("GET", f"/api/v1/jobs/{mine}")
    assert (found.status_code, found.json["id"], found.json["state"]) == (200, str(mine), "waiting")
    for person in (office.member("*"),):
        other = program(app.test_client(), office.token(person))
        assert other("GET", f"/api/v1/jobs/{mine}").status_code == 404
    elsewhere = program(app.test_client(), world.business("contacts").token())
    assert elsewhere("GET", f"/api/v1/jobs/{mine}").status_code == 404
    assert loans("GET", f"/api/v1/jobs/{uuid4()}").status_code == 404
    assert loans("GET", "/api/v1/jobs/x").status_code == 404


def test_the_specification_has_them(loans: Any) -> None:
    paths = loans("GET", "/api/v1/openapi.json").json["paths"]
    key = paths[f"{LOANS}/{{id}}/documents/{{key}}.pdf"]["parameters"][-1]
    assert key["schema"]["enum"] == ["record", "slip"]
    assert "application/pdf" in paths[f"{LOANS}/{{id}}/documents/{{key}}.pdf"]["get"]["responses"]["200"]["content"]
    assert {"get"} <= set(paths[f"{LOANS}/{{id}}/documents"]) & set(paths["/api/v1/jobs/{id}"])
    body = paths[f"{LOANS}/bulk/extend"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["required"]) == {"ids", "values"}
