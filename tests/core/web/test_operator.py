"""The operator's console: what it tells, what can be done in it, and what happens to a suspended business."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.kit.ids import uuid7
from diwan.operators import accounts, console
from diwan.testing.world import Business, World

SECRET = "Falcon Auto Parts owes 900"


@pytest.fixture
def desk(world: World) -> FlaskClient:
    """A browser in which an operator is signed in."""
    return world.desk()


def park(business: Business, error: str) -> UUID:
    """A job that failed as often as it may, whose payload and error quote a customer."""
    id = uuid7()
    with business.acting(), unit_of_work() as session:
        session.execute(
            text(
                "INSERT INTO core.outbox (tenant_id, id, kind, name, payload, state, attempts, available_at, error,"
                " created_at, finished_at) VALUES (:tenant, :id, 'job', 'contacts.sync', :payload, 'parked', 5, :at,"
                " :error, :at, :at)"
            ),
            {"tenant": business.tenant.id, "id": id, "payload": f'{{"name": "{SECRET}"}}', "error": error,
             "at": now()},
        )  # fmt: skip
    return id


def state_of(business: Business, id: UUID) -> str:
    with business.acting(), unit_of_work() as session:
        return str(session.scalar(text("SELECT state FROM core.outbox WHERE id = :id"), {"id": id}))


def actions(business: Business) -> list[tuple[str, str]]:
    """What the audit log of the business says of operators."""
    with business.acting(), unit_of_work() as session:
        rows = session.execute(text("SELECT action, actor_kind FROM core.audit_entry ORDER BY id"))
        return [(row[0], row[1]) for row in rows if row[1] == "operator"]


def test_the_overview_tells_the_health_of_everything(desk: FlaskClient, business: Business) -> None:
    page = desk.get("/operator")
    assert page.status_code == 200
    for word in ("PostgreSQL", "Valkey", "Workers", "Scheduler", "Queue", "Database structure", "Modules", "Versions"):
        assert word in page.text, word


def test_businesses_are_found_and_told_in_numbers(desk: FlaskClient, business: Business) -> None:
    business.member()
    page = desk.get(f"/operator/businesses?q={business.tenant.slug}").text
    assert page.count("<tbody>") == 1
    assert f"/operator/businesses/{business.tenant.id}" in page
    row = page[page.index("<tbody>") : page.index("</tbody>")]
    assert row.count("<tr>") == 1
    assert '<td class="end num">2</td>' in row  # the owner and the member
    assert "Kuwait" in row
    nothing = desk.get(f"/operator/businesses?q={business.tenant.slug}&state=suspended").text
    assert "<tbody>" not in nothing
    assert "<tbody>" not in desk.get(f"/operator/businesses?q={business.tenant.slug}&country=JO").text
    assert "<tbody>" not in desk.get("/operator/businesses?q=%25%25%25").text  # a sign of LIKE is only a sign


def test_pages_of_businesses_follow_one_another(
    desk: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "PAGE", 2)
    made = [world.business("contacts") for _ in range(3)]
    first = desk.get("/operator/businesses?country=KW").text
    assert [f"/businesses/{each.tenant.id}" in first for each in made] == [False, True, True]
    assert f"before={made[1].tenant.id}" in first
    second = desk.get(f"/operator/businesses?country=KW&before={made[1].tenant.id}").text
    assert f"/operator/businesses/{made[0].tenant.id}" in second


def test_one_business_takes_a_fixed_number_of_statements(
    desk: FlaskClient, business: Business, statements: Any
) -> None:
    def page() -> None:
        assert desk.get(f"/operator/businesses/{business.tenant.id}").status_code == 200

    page()
    few = statements(page)
    for _ in range(4):
        business.member()
        park(business, "ValueError: x")
    assert statements(page) == few <= 9


def test_suspending_closes_a_business_and_resuming_opens_it(desk: FlaskClient, business: Business) -> None:
    owner, token, there = business.client(), business.token(), f"/operator/businesses/{business.tenant.id}"
    api = {"Authorization": f"Bearer {token}"}
    assert owner.get(f"{business.url}/contacts/contact").status_code == 200
    assert desk.post(f"{there}/suspend", data={"reason": " "}).status_code == 422
    assert owner.get(business.url).status_code == 200

    assert desk.post(f"{there}/suspend", data={"reason": "Unpaid since May"}).status_code == 303
    for method in (owner.get, owner.post):
        closed = method(f"{business.url}/contacts/contact/new")
        assert closed.status_code == 403
        assert "is suspended" in closed.text
        assert "Unpaid" not in closed.text
    assert business.tenant.name in owner.get("/choose").text
    refused = owner.get("/api/v1/contacts/contact", headers=api)
    assert (refused.status_code, refused.content_type) == (403, "application/problem+json")
    assert owner.get("/api/v1/contacts/contact", headers={"Authorization": "Bearer dwn_x"}).status_code == 401
    stranger = business.world.business("contacts").client()
    assert stranger.get(business.url).status_code == 404
    assert desk.post(f"{there}/suspend", data={"reason": "again"}).status_code == 303  # refused: it is

    assert desk.post(f"{there}/resume").status_code == 303
    assert owner.get(f"{business.url}/contacts/contact").status_code == 200
    assert owner.get("/api/v1/contacts/contact", headers=api).status_code == 200
    assert actions(business) == [("suspended", "operator"), ("resumed", "operator")]
    log = desk.get("/operator/log").text
    assert log.index("resumed") < log.index("Unpaid since May")
    assert f"/operator/businesses/{business.tenant.id}" in log


def test_parked_jobs_show_class_and_place_and_are_tried_again_or_given_up(
    desk: FlaskClient, business: Business
) -> None:
    place = 'File "/srv/x/diwan_contacts/jobs.py", line 31, in sync'
    broken = park(business, f"KeyError: '{SECRET}'\n  {place}\n    {SECRET}\n")
    told = park(business, f"{SECRET}: refused")
    for page in (desk.get("/operator/jobs").text, desk.get(f"/operator/businesses/{business.tenant.id}").text):
        assert "contacts.sync" in page
        assert "KeyError" in page
        assert "diwan_contacts/jobs.py:31" in page
        assert "Falcon" not in page
    base = f"/operator/jobs/{business.tenant.id}"
    assert desk.post(f"{base}/{broken}/retry").status_code == 303
    assert state_of(business, broken) == "ready"
    assert desk.post(f"{base}/{told}/discard", data={"back": "business"}).status_code == 303
    assert state_of(business, told) == "cancelled"
    desk.post(f"{base}/{told}/retry")
    assert state_of(business, told) == "cancelled"  # it is not parked any more
    assert desk.post(f"/operator/jobs/{business.tenant.id + 10_000}/{told}/retry").status_code == 303
    assert actions(business) == [("job.retried", "operator"), ("job.discarded", "operator")]


def test_a_job_of_one_business_is_not_reached_through_another(
    desk: FlaskClient, business: Business, other_business: Business
) -> None:
    job = park(business, "ValueError: x")
    desk.post(f"/operator/jobs/{other_business.tenant.id}/{job}/retry")
    assert state_of(business, job) == "parked"
    assert actions(other_business) == []


def test_modules_stand_there_with_their_reasons(desk: FlaskClient, business: Business, shelf: Any) -> None:
    from diwan.kernel import catalogue

    shelf.case("import_error")
    catalogue.activate(shelf.load(everything=True))
    page = desk.get("/operator/modules").text
    assert "No module named &#39;a_module_that_does_not_exist&#39; (models.py, line 3)" in page
    assert "Needs attention" in desk.get("/operator").text


def test_the_console_speaks_arabic(desk: FlaskClient, business: Business) -> None:
    desk.post("/preferences/language", data={"language": "ar"})
    for place in ("", "/businesses", f"/businesses/{business.tenant.id}", "/jobs", "/modules", "/log"):
        page = desk.get(f"/operator{place}")
        assert page.status_code == 200, place
        assert 'lang="ar" dir="rtl"' in page.text, place


def test_nobody_else_finds_it(business: Business, world: World) -> None:
    unknown = business.client().get("/no-such-address")
    for client in (business.client(), world.app.test_client()):
        for place in ("", "/businesses", f"/businesses/{business.tenant.id}", "/jobs", "/modules", "/log"):
            answer = client.get(f"/operator{place}")
            assert answer.status_code == unknown.status_code == 404
    for place in ("suspend", "resume", "leave"):
        answer = business.client().post(f"/operator/businesses/{business.tenant.id}/{place}", data={"reason": "x"})
        assert answer.status_code == 404
    assert business.client().post(f"/operator/jobs/{business.tenant.id}/{uuid7()}/discard").status_code == 404
    assert business.client().get(business.url).status_code == 200


def test_operators_find_the_way_there_and_a_second_factor_leads_back(world: World, business: Business) -> None:
    assert 'href="/operator"' in world.desk().get("/choose").text
    assert 'href="/operator"' not in business.client().get("/choose").text
    client = business.client(world.operator())
    assert "/account/second-step?next=%2Foperator%2Fjobs" in client.get("/operator/jobs").text
    assert client.get("/account/second-step?next=%2Foperator%2Fjobs").status_code == 200
    proven = world.desk().get("/account/second-step?next=%2Foperator%2Fjobs")
    assert (proven.status_code, proven.location) == (303, "/operator/jobs")


def test_an_operator_without_a_second_factor_gets_no_further(world: World, business: Business) -> None:
    client = business.client(world.operator())
    for place in ("", "/businesses", "/log"):
        page = client.get(f"/operator{place}")
        assert page.status_code == 403
        assert "Protect your account first" in page.text
        assert business.tenant.name not in page.text
    answer = client.post(f"/operator/businesses/{business.tenant.id}/suspend", data={"reason": "x"})
    assert answer.status_code == 403
    assert business.client().get(business.url).status_code == 200


def test_removing_an_operator_works_at_the_next_click(world: World, business: Business) -> None:
    person = world.operator()
    client = world.desk(person)
    assert client.get("/operator").status_code == 200
    with psycopg.connect(world.app.config["DIWAN"].database_owner_url) as owner:
        assert accounts.remove(owner, person.email.upper(), "test")
        assert not accounts.remove(owner, person.email, "test")
    assert client.get("/operator").status_code == 404


def test_the_application_cannot_make_operators(business: Business) -> None:
    from sqlalchemy.exc import ProgrammingError

    for statement in (
        "INSERT INTO core.operator (user_id, since) VALUES (:id, now())",
        "UPDATE core.operator SET user_id = :id",
        "DELETE FROM core.operator",
        "UPDATE core.operator_entry SET action = 'x'",
        "DELETE FROM core.operator_entry",
    ):
        with business.acting(), pytest.raises(ProgrammingError, match="permission denied"), unit_of_work():
            current.session.execute(text(statement), {"id": business.owner.id})
