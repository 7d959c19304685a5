"""The policy of a business at its door: pages, programs, sessions; and it holds nowhere else."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from diwan.db import scope, unit_of_work
from diwan.db.base import now
from diwan.tenants.models import Tenant
from diwan.tenants.policy import Policy
from diwan.testing.two_steps import Careful
from diwan.testing.world import Business, Person, World

PASSWORD = "seven quiet otters"
OFFICE = "203.0.113.0/24"


def demand(app: Flask, slug: str, **values: Any) -> None:
    """Set the policy of a business, whoever would be shut out."""
    with app.app_context(), scope(), unit_of_work() as session:
        found = session.query(Tenant).filter(Tenant.slug == slug).one()
        found.policy = {**asdict(Policy(**values)), "addresses": list(values.get("addresses", ()))}


def age(app: Flask, person: Person, **changes: timedelta) -> None:
    """Make the sessions of a person older, or longer unused."""
    with app.app_context(), scope(), unit_of_work() as session:
        for column, back in changes.items():
            session.execute(
                text(f"UPDATE core.session SET {column} = :at WHERE user_id = :id"),
                {"at": now() - back, "id": person.id},
            )


def at(client: FlaskClient, ip: str) -> FlaskClient:
    client.environ_base["REMOTE_ADDR"] = ip
    return client


# --- addresses


def test_pages_open_from_allowed_networks_only(app: Flask, business: Business) -> None:
    demand(app, business.tenant.slug, addresses=(OFFICE,))
    client = business.client()
    for path in ("", "/people", "/contacts/contact", "/notifications/bell"):
        answer = at(client, "198.51.100.7").get(business.url + path)
        assert answer.status_code == 403, path
        assert "198.51.100.7 is not one of them" in answer.text
        assert at(client, "203.0.113.50").get(business.url + path).status_code == 200
    posted = at(client, "198.51.100.7").post(f"{business.url}/settings", data={"name": "Mine now"})
    assert posted.status_code == 403
    assert at(client, "198.51.100.7").get("/choose").status_code == 200, "the account itself is not the business's"


def test_programs_too(app: Flask, business: Business) -> None:
    headers = {"Authorization": f"Bearer {business.token()}"}
    demand(app, business.tenant.slug, addresses=(OFFICE,))
    path, client = "/api/v1/contacts/contact", app.test_client()
    refused = at(client, "198.51.100.7").get(path, headers=headers)
    assert refused.status_code == 403
    assert refused.json["code"] == "denied"
    assert at(client, "203.0.113.50").get(path, headers=headers).status_code == 200


def test_a_forged_header_is_no_address(app: Flask, business: Business) -> None:
    demand(app, business.tenant.slug, addresses=(OFFICE,))
    client = at(business.client(), "198.51.100.7")
    forged = {"X-Forwarded-For": "203.0.113.50", "X-Real-IP": "203.0.113.50", "Forwarded": "for=203.0.113.50"}
    assert client.get(business.url, headers=forged).status_code == 403


def test_strangers_do_not_learn_of_a_policy(app: Flask, business: Business, other_business: Business) -> None:
    demand(app, business.tenant.slug, addresses=(OFFICE,), second_factor_required="everybody")
    assert at(other_business.client(), "198.51.100.7").get(business.url).status_code == 404
    assert at(app.test_client(), "198.51.100.7").get(business.url).location.startswith("/login?next=")


# --- second factor


def test_who_has_no_second_factor_sets_one_up_and_comes_back(app: Flask) -> None:
    person = Careful(app)
    home = person.sign_up()
    demand(app, home.rpartition("/")[2], second_factor_required="everybody")
    sent = person.get(f"{home}/people?q=a").location
    assert sent == f"/account/second-step?next=%2Ft%2F{home.rpartition('/')[2]}%2Fpeople%3Fq%3Da"
    assert "/account/security/app" in person.get(sent).text
    assert person.enrol().location == "/account/security/codes"
    assert person.post("/account/security/codes/done").location == f"{home}/people?q=a"
    assert person.get(f"{home}/people?q=a").status_code == 200


def test_who_has_one_proves_it_in_this_session(app: Flask) -> None:
    person = Careful(app)
    home = person.sign_up()
    elsewhere = Careful(app, email=person.email)
    elsewhere.log_in(PASSWORD)  # before there was a second factor
    person.enrol()
    elsewhere.secret = person.secret
    demand(app, home.rpartition("/")[2], second_factor_required="administrators")
    assert elsewhere.get(home).location.startswith("/account/second-step?next=")
    asked = elsewhere.get(elsewhere.get(home).location).location
    assert asked.startswith("/account/confirm?")
    page = elsewhere.get(asked)
    assert "way=password" not in page.text
    refused = elsewhere.post("/account/confirm", way="password", password=PASSWORD, next=home, second="1")
    assert refused.status_code == 422, "the password is not a second factor"
    before = elsewhere.cookie()
    assert elsewhere.post("/account/confirm", way="app", code=person.code(), next=home, second="1").location == home
    assert elsewhere.cookie() != before
    assert elsewhere.get(home).status_code == 200
    assert person.get(home).status_code == 200, "who enrolled in this session has proven it"


def test_the_password_alone_is_not_the_step_that_is_asked(app: Flask) -> None:
    person = Careful(app)
    home = person.sign_up()
    person.enrol()
    plain = Careful(app, email=person.email)
    with app.app_context(), scope(), unit_of_work() as session:
        session.execute(text("UPDATE core.session SET data = data - 'second' WHERE ip = :ip"), {"ip": person.ip})
    demand(app, home.rpartition("/")[2], second_factor_required="everybody")
    person.get("/account/confirm")
    assert person.post("/account/confirm", way="password", password=PASSWORD, next=home).location == home
    assert person.get(home).location.startswith("/account/second-step")
    assert plain.get(home).location.startswith("/login")


def test_removing_the_last_factor_ends_its_proof_everywhere(app: Flask) -> None:
    person = Careful(app)
    home = person.sign_up()
    person.enrol()
    other = Careful(app, email=person.email)
    other.log_in(PASSWORD)
    other.second(person.code())
    demand(app, home.rpartition("/")[2], second_factor_required="everybody")
    assert other.get(home).status_code == 200
    assert person.post("/account/security/app/off").location == "/account/security"
    for browser in (person, other):
        assert browser.get(home).location.startswith("/account/second-step")


def test_members_without_power_are_spared_where_only_administrators_must(app: Flask, business: Business) -> None:
    demand(app, business.tenant.slug, second_factor_required="administrators")
    member = business.member("contacts.contact.read")
    assert business.client(member).get(f"{business.url}/contacts/contact").status_code == 200
    assert business.client().get(business.url).location.startswith("/account/second-step")


# --- length of sessions


@pytest.mark.parametrize(
    ("policy", "column", "short", "long"),
    [
        ({"session_hours": 8}, "created_at", timedelta(hours=7), timedelta(hours=9)),
        ({"idle_minutes": 30}, "seen_at", timedelta(minutes=20), timedelta(minutes=31)),
    ],
)
def test_an_old_or_idle_session_logs_in_again(
    app: Flask, business: Business, policy: dict[str, int], column: str, short: timedelta, long: timedelta
) -> None:
    demand(app, business.tenant.slug, **policy)
    client = business.client()
    age(app, business.owner, **{column: short})
    assert client.get(f"{business.url}/people").status_code == 200
    age(app, business.owner, **{column: long})
    answer = client.get(f"{business.url}/people?q=1")
    assert answer.location == f"/login?other=1&next=%2Ft%2F{business.tenant.slug}%2Fpeople%3Fq%3D1"
    page = client.get(answer.location)
    assert "business asks you to log in again" in page.text


def test_logging_in_again_leads_back(app: Flask) -> None:
    person = Careful(app)
    home = person.sign_up()
    demand(app, home.rpartition("/")[2], session_hours=1)
    with app.app_context(), scope(), unit_of_work() as session:
        values = {"at": now() - timedelta(hours=2), "ip": person.ip}
        session.execute(text("UPDATE core.session SET created_at = :at WHERE ip = :ip"), values)
    sent = person.get(f"{home}/people").location
    person.get(sent)
    assert (
        person.post("/login", email=person.email, password=PASSWORD, next=f"{home}/people").location == f"{home}/people"
    )
    assert person.get(f"{home}/people").status_code == 200


def test_a_pause_is_not_forgotten_by_opening_something_else(app: Flask, business: Business) -> None:
    demand(app, business.tenant.slug, idle_minutes=30)
    client = business.client()
    age(app, business.owner, seen_at=timedelta(hours=1))
    assert client.get("/choose").status_code in (200, 303)
    assert client.get(business.url).location.startswith("/login?other=1")


def test_a_page_that_asks_by_itself_is_no_person(app: Flask, business: Business) -> None:
    def unused_for() -> timedelta:
        with app.app_context(), scope(), unit_of_work() as session:
            seen = text("SELECT seen_at FROM core.session WHERE user_id = :id")
            return now() - session.execute(seen, {"id": business.owner.id}).scalar_one()

    demand(app, business.tenant.slug, idle_minutes=30)
    client, page = business.client(), f"http://localhost{business.url}/people"
    part = {"HX-Request": "true", "HX-Current-URL": page}
    client.get(page)
    age(app, business.owner, seen_at=timedelta(minutes=20))
    assert client.get(f"{business.url}/notifications/bell", headers=part).status_code == 200
    assert unused_for() > timedelta(minutes=19)
    age(app, business.owner, seen_at=timedelta(minutes=31))
    answer = client.get(f"{business.url}/notifications/bell", headers=part)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == f"/login?other=1&next=%2Ft%2F{business.tenant.slug}%2Fpeople"


def test_parts_of_pages_do_not_lead_to_other_sites(app: Flask, business: Business) -> None:
    demand(app, business.tenant.slug, session_hours=1)
    client = business.client()
    age(app, business.owner, created_at=timedelta(hours=2))
    answer = client.get(business.url, headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/login"})
    assert "evil" not in answer.headers["HX-Redirect"]


# --- elsewhere


def test_the_policy_of_one_business_holds_in_that_one_only(app: Flask, world: World) -> None:
    strict, easy = world.business("contacts"), world.business("contacts")
    with app.app_context(), scope(tenant=easy.tenant), unit_of_work() as session:
        session.execute(
            text("INSERT INTO core.membership (tenant_id, id, user_id, created_at)"
                 " VALUES (:tenant, gen_random_uuid(), :user, :at)"),
            {"tenant": easy.tenant.id, "user": strict.owner.id, "at": now()},
        )  # fmt: skip
    demand(app, strict.tenant.slug, second_factor_required="everybody", addresses=(OFFICE,), session_hours=1)
    client = at(strict.client(), "198.51.100.7")
    assert client.get(strict.url).status_code == 403
    assert client.get(easy.url).status_code == 200
