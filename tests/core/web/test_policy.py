"""The page of a business's policy, the reset of a member's factors, and what the door costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Flask
from sqlalchemy import text

from diwan import mail
from diwan.audit import service as log
from diwan.db import scope, unit_of_work
from diwan.db.base import now
from diwan.tenants.models import Tenant
from diwan.tenants.policy import Policy
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business, Person
from diwan.users.factors import recovery, totp

HERE = "127.0.0.1"
FORM = {"second_factor_required": "nobody", "addresses": HERE, "session_hours": "8", "idle_minutes": "30"}


def give_app(business: Business, person: Person) -> None:
    """Give somebody an app, as if they had enrolled it."""
    with business.world.app.app_context(), scope(), unit_of_work() as session:
        values = {"user": person.id, "secret": totp._seal(person.id, totp.new_secret()), "at": now()}
        session.execute(text("INSERT INTO core.totp VALUES (:user, :secret, 0, :at)"), values)
        recovery.make(person.id)


def has_app(app: Flask, person: Person) -> bool:
    with app.app_context(), scope(), unit_of_work() as session:
        count = text("SELECT (SELECT count(*) FROM core.totp WHERE user_id = :id)"
                     " + (SELECT count(*) FROM core.recovery_code WHERE user_id = :id)")  # fmt: skip
        return bool(session.scalar(count, {"id": person.id}))


def test_a_policy_is_set_on_its_page(business: Business) -> None:
    client = business.client()
    page = client.get(f"{business.url}/settings/policy")
    assert page.status_code == 200
    assert f"You come from {HERE}" in page.text
    assert client.post(f"{business.url}/settings/policy", data=FORM).status_code == 303
    again = client.get(f"{business.url}/settings/policy").text
    assert '<option value="8" selected>' in again
    assert ">127.0.0.1/32</textarea>" in again
    assert "Log in again after hours" in client.get(f"{business.url}/audit").text


def test_what_would_shut_oneself_out_is_said_and_what_was_typed_stays(business: Business) -> None:
    client = business.client()
    answer = client.post(f"{business.url}/settings/policy", data={**FORM, "addresses": "198.51.100.0/24"})
    assert answer.status_code == 422
    assert "you would shut yourself out" in answer.text
    assert ">198.51.100.0/24</textarea>" in answer.text
    answer = client.post(f"{business.url}/settings/policy", data={**FORM, "second_factor_required": "everybody"})
    assert answer.status_code == 422
    with business.acting(), unit_of_work() as session:
        assert session.get_one(Tenant, business.tenant.id).policy == {}


def test_only_who_may_change_settings_sees_the_page(business: Business) -> None:
    client = business.client(business.member("core.member.read"))
    assert client.get(f"{business.url}/settings/policy").status_code == 403
    assert client.post(f"{business.url}/settings/policy", data=FORM).status_code == 403


def test_the_door_costs_no_statement(
    app: Flask, business: Business, statements: Callable[[Callable[[], Any]], int]
) -> None:
    client = business.client()
    client.get(f"{business.url}/people")
    free = statements(lambda: client.get(f"{business.url}/people"))
    with app.app_context(), scope(), unit_of_work() as session:
        demanded = {**asdict(Policy(session_hours=8, idle_minutes=30)), "addresses": ["127.0.0.0/8"]}
        session.get_one(Tenant, business.tenant.id).policy = demanded
    client.get(f"{business.url}/people")
    assert statements(lambda: client.get(f"{business.url}/people")) == free


# --- help for who lost a factor


def newest_mail(app: Flask, person: Person) -> Any:
    return Visitor(app, email=person.email).mails()[-1]


def member_id(business: Business, person: Person) -> str:
    with business.acting(), unit_of_work() as session:
        found = text("SELECT id FROM core.membership WHERE tenant_id = :tenant AND user_id = :user")
        return str(session.scalar(found, {"tenant": business.tenant.id, "user": person.id}))


def test_an_administrator_resets_the_factors_of_a_member(app: Flask, business: Business) -> None:
    member = business.member("contacts.contact.read")
    theirs, client = business.client(member), business.client()
    page = f"{business.url}/people/{member_id(business, member)}"
    assert "reset-factors" not in client.get(page).text
    give_app(business, member)
    assert "reset-factors" in client.get(page).text
    assert client.post(f"{page}/reset-factors").status_code == 303
    assert not has_app(app, member)
    assert theirs.get(business.url).location.startswith("/login")
    with business.acting(), unit_of_work() as session:
        entry = log.entries(action="factors_reset")[0]
        sealed = session.scalar(text("SELECT payload->>'sealed' FROM core.outbox WHERE name = :job"), {"job": mail.JOB})
        assert entry.title == member.name
        mail.deliver(str(sealed))
    sent = newest_mail(app, member)
    assert "two-step sign-in was reset" in sent["Subject"]
    assert "Test Person of Test business removed" in sent.get_body(("plain",)).get_content()


def test_factors_of_stronger_or_foreign_people_stay(app: Flask, business: Business, other_business: Business) -> None:
    helper = business.member("core.member.update", "core.member.read")
    shared = business.member()
    with app.app_context(), scope(tenant=other_business.tenant), unit_of_work() as session:
        session.execute(
            text("INSERT INTO core.membership (tenant_id, id, user_id, created_at)"
                 " VALUES (:tenant, gen_random_uuid(), :user, :at)"),
            {"tenant": other_business.tenant.id, "user": shared.id, "at": now()},
        )  # fmt: skip
    for person in (business.owner, shared, helper):
        give_app(business, person)
        client = business.client(helper)
        client.post(f"{business.url}/people/{member_id(business, person)}/reset-factors")
        assert has_app(app, person), person
    reader = business.client(business.member("core.member.read"))
    page = f"{business.url}/people/{member_id(business, helper)}/reset-factors"
    assert reader.post(page).status_code == 403
    assert other_business.client().post(page.replace(business.url, other_business.url)).status_code == 404
    assert has_app(app, helper)
