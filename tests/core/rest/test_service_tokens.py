"""A token of the business does all that the API offers, though nobody stands behind it; its jobs are its own."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from diwan import jobs
from diwan.db import current, scope, unit_of_work
from diwan.db.context import Actor
from diwan.db.direct import fetch_row
from diwan.users import tokens

CONTACTS = "/api/v1/contacts/contact"


@pytest.fixture
def shop(app: Flask, business: Any, program: Any) -> Any:
    with business.acting(), unit_of_work():
        return program(app.test_client(), tokens.create_service("Shop", ["contacts.*", "core.member.read"])[1])


def test_every_operation_works(shop: Any) -> None:
    assert shop("GET", "/api/v1/").json["user"] == {"id": None, "name": "Shop", "email": ""}
    made = shop("POST", CONTACTS, {"name": "Acme"})
    assert made.status_code == 201, made.text
    one = made.headers["Location"]
    id, version = made.json["id"], made.json["version"]
    steps = [
        ("GET", CONTACTS, None, 200),
        ("GET", f"{CONTACTS}?format=csv", None, 200),
        ("GET", f"{CONTACTS}?search=acme&count=true&archived=true", None, 200),
        ("GET", one, None, 200),
        ("PATCH", one, {"name": "Acme Ltd", "version": version}, 200),
        ("POST", f"{one}/comments", {"body": "Hello"}, 201),
        ("GET", f"{one}/comments", None, 200),
        ("GET", f"{one}/attachments", None, 200),
        ("GET", f"{one}/documents", None, 200),
        ("POST", f"{one}/archive", None, 200),
        ("POST", f"{one}/restore", None, 200),
        ("POST", CONTACTS, [{"name": "One"}, {"name": "Two"}], 201),
        ("POST", f"{CONTACTS}/archive", {"ids": [id]}, 200),
        ("POST", f"{CONTACTS}/restore", {"ids": [id]}, 200),
        ("GET", "/api/v1/openapi.json", None, 200),
    ]
    for method, path, body, status in steps:
        answer = shop(method, path, body)
        assert answer.status_code == status, (method, path, answer.text)
    version = shop("GET", one).json["version"]
    assert shop("PATCH", CONTACTS, [{"id": id, "name": "Acme", "version": version}]).status_code == 200
    assert shop("DELETE", one).status_code == 204


def test_records_and_log_name_the_token(shop: Any, business: Any) -> None:
    shop("POST", CONTACTS, {"name": "Acme"})
    with business.acting(), unit_of_work() as session:
        row = session.execute(
            text("SELECT actor_id, actor_kind, actor_name FROM core.audit_entry WHERE resource = 'contacts.contact'")
        ).one()
        assert row.actor_kind == "service"
        assert row.actor_name == "Shop"
        assert session.scalar(text("SELECT count(*) FROM core.follower")) == 0


def test_keys_of_two_tokens_are_apart(app: Flask, shop: Any, business: Any, program: Any) -> None:
    with business.acting(), unit_of_work():
        other = program(app.test_client(), tokens.create_service("Other", ["contacts.*"])[1])
    body = {"name": "Acme"}
    first, again, others = (each("POST", CONTACTS, body, **{"Idempotency-Key": "k-1"}) for each in (shop, shop, other))
    assert first.json["id"] == again.json["id"] != others.json["id"]
    assert again.headers["Idempotent-Replayed"] == "true"


# --- jobs


def actor_of(business: Any, token: str) -> Actor:
    with business.world.app.app_context(), scope():
        return tokens.open_token(token)[1]


def run_as(business: Any, token: str, between: Any = None) -> Actor | None:
    """Start a job as the token, and return as whom it ran."""
    seen: list[Actor] = []
    jobs.register("core.test.who", lambda: seen.append(current.user))
    actor = actor_of(business, token)
    with business.acting():
        with scope(tenant=business.tenant, user=actor, lineup=current.lineup), unit_of_work():
            id = jobs.enqueue("core.test.who")
        if between:
            between()
        jobs.deliver(business.tenant.id, id)
    return seen[0] if seen else None


def test_a_job_has_the_rights_of_the_token_that_started_it(business: Any) -> None:
    narrow = run_as(business, business.token(grants=["contacts.contact.read"]))
    assert narrow is not None
    assert (narrow.id, narrow.kind) == (business.owner.id, "token")
    assert narrow.can("contacts.contact.read")
    assert not narrow.can("contacts.contact.update")
    wide = run_as(business, business.token())
    assert wide is not None
    assert wide.can("contacts.contact.update")


def test_a_job_of_a_token_of_the_business_is_not_the_system(business: Any) -> None:
    with business.acting(), unit_of_work():
        token = tokens.create_service("Shop", ["contacts.contact.read"])[1]
    ran = run_as(business, token)
    assert ran is not None
    assert (ran.id, ran.kind, ran.name) == (None, "service", "Shop")
    assert ran.can("contacts.contact.read")
    assert not ran.can("contacts.contact.update")
    assert not ran.can("core.role.update")


def test_jobs_that_a_job_starts_stay_narrow(business: Any) -> None:
    actor = actor_of(business, business.token(grants=["contacts.contact.read"]))
    seen: list[Actor] = []
    jobs.register("core.test.inner", lambda: seen.append(current.user))
    jobs.register("core.test.outer", lambda: jobs.enqueue("core.test.inner"))
    with business.acting():
        with scope(tenant=business.tenant, user=actor, lineup=current.lineup), unit_of_work():
            outer = jobs.enqueue("core.test.outer")
        jobs.deliver(business.tenant.id, outer)
        with unit_of_work() as session:
            inner = session.scalar(text("SELECT id FROM core.outbox WHERE name = 'core.test.inner'"))
        jobs.deliver(business.tenant.id, inner)
    assert [(ran.can("contacts.contact.read"), ran.can("contacts.contact.update")) for ran in seen] == [(True, False)]


@pytest.mark.parametrize("kind", ["personal", "service"])
def test_a_revoked_token_takes_the_rights_of_its_waiting_jobs_along(business: Any, kind: str) -> None:
    with business.acting(), unit_of_work():
        make = tokens.create if kind == "personal" else tokens.create_service
        token, secret = make("Shop", ["contacts.*"])

    def revoke() -> None:
        with unit_of_work():
            tokens.revoke(token.id, anybodys=True)

    ran = run_as(business, secret, revoke)
    assert ran is not None
    assert not ran.can("contacts.contact.read")


def test_a_token_sees_its_own_jobs_only(app: Flask, shop: Any, business: Any, program: Any) -> None:
    actor = actor_of(business, shop.headers["Authorization"].removeprefix("Bearer "))
    with business.acting(), scope(tenant=business.tenant, user=actor, lineup=current.lineup), unit_of_work():
        id = jobs.enqueue("core.test.who")
    assert shop("GET", f"/api/v1/jobs/{id}").status_code == 200
    with business.acting(), unit_of_work():
        other = program(app.test_client(), tokens.create_service("Other", ["contacts.*"])[1])
    assert other("GET", f"/api/v1/jobs/{id}").status_code == 404
    assert program(app.test_client(), business.token())("GET", f"/api/v1/jobs/{id}").status_code == 404


def test_disabling_a_member_stops_their_token_at_once(app: Flask, business: Any, program: Any) -> None:
    member = business.member("contacts.contact.read")
    theirs = program(app.test_client(), business.token(member))
    assert theirs("GET", CONTACTS).status_code == 200
    with app.app_context(), scope(tenant=business.tenant):
        fetch_row("SELECT 1", ())  # the pool has a connection that knows nothing of the change
    with business.acting(), unit_of_work() as session:
        session.execute(text("UPDATE core.membership SET state = 'disabled' WHERE user_id = :id"), {"id": member.id})
    assert theirs("GET", CONTACTS).status_code == 401
