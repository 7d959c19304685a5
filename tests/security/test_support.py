"""Support access: an operator gets in only where and when a business lets them, and does no more than its level allows.

Every address is walked in test_support_walk.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from diwan import resources
from diwan.config import Config
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.db.context import Actor, replace_scope
from diwan.errors import Denied, Invalid, NotFound
from diwan.jobs import principals
from diwan.kit.ids import uuid7
from diwan.operators import support
from diwan.operators.models import SupportGrant
from diwan.testing.world import Business, Person, World
from diwan.users import tokens

SECRET = "Falcon Auto Parts"


@pytest.fixture
def operator(world: World) -> Person:
    return world.operator()


@pytest.fixture
def desk(world: World, operator: Person) -> FlaskClient:
    return world.desk(operator)


@pytest.fixture
def contact(business: Business) -> UUID:
    with business.acting(), unit_of_work():
        made = resources.create(current.lineup.resources["contacts.contact"], {"name": SECRET, "code": "F-1"})
        return made.id  # type: ignore[no-any-return]


def give(business: Business, level: str = "read", hours: int = 1) -> UUID:
    with business.acting(), unit_of_work():
        return support.give(level, hours, "The totals look wrong").id


def change(business: Business, grant: UUID, **values: Any) -> None:
    with business.acting(), unit_of_work() as session:
        stored = session.get(SupportGrant, (business.tenant.id, grant))
        for name, value in values.items():
            setattr(stored, name, value)


def did(business: Business) -> list[tuple[str, str, str]]:
    """What support did according to the business's audit log: action, resource, title."""
    with business.acting(), unit_of_work():
        return [(e.action, e.resource, e.title) for e in reversed(support.doings(limit=500))]


def log(business: Business, operator: Person) -> list[str]:
    with business.acting(), unit_of_work() as session:
        rows = session.execute(
            text("SELECT action FROM core.operator_entry WHERE business_id = :id AND operator_id = :who ORDER BY id"),
            {"id": business.tenant.id, "who": operator.id},
        )
        return [row[0] for row in rows]


def notified(business: Business, person: Person) -> list[str]:
    with business.acting(person), unit_of_work() as session:
        rows = session.execute(
            text("SELECT title FROM core.notification WHERE user_id = :id AND kind = 'support' ORDER BY id"),
            {"id": person.id},
        )
        return [row[0] for row in rows]


def test_without_a_grant_an_operator_finds_nothing(desk: FlaskClient, business: Business, contact: UUID) -> None:
    for place in ("", "/contacts/contact", f"/contacts/contact/{contact}", "/people", "/audit", "/settings"):
        answer = desk.get(f"{business.url}{place}")
        assert answer.status_code == 404, place
        assert SECRET not in answer.text
    assert desk.post(f"{business.url}/contacts/contact/new", data={"name": "x"}).status_code == 404
    assert did(business) == []


def test_a_grant_opens_one_business_and_no_other(
    desk: FlaskClient, business: Business, other_business: Business, contact: UUID
) -> None:
    give(business)
    assert SECRET in desk.get(f"{business.url}/contacts/contact").text
    assert desk.get(f"{other_business.url}/contacts/contact").status_code == 404
    assert desk.get(other_business.url).status_code == 404
    assert other_business.client().get(f"{business.url}/contacts/contact").status_code == 404
    plain = business.world.business("contacts").client()
    assert plain.get(business.url).status_code == 404  # a grant is for operators alone


def test_a_grant_for_one_operator_is_not_for_another(
    world: World, operator: Person, desk: FlaskClient, business: Business
) -> None:
    change(business, give(business), operator_id=operator.id)
    assert desk.get(business.url).status_code == 200
    assert world.desk().get(business.url).status_code == 404


def test_expired_and_revoked_end_at_the_next_request(desk: FlaskClient, business: Business) -> None:
    grant = give(business)
    assert desk.get(business.url).status_code == 200
    change(business, grant, expires_at=now() - timedelta(seconds=1))
    assert desk.get(business.url).status_code == 404
    grant = give(business)
    assert desk.get(business.url).status_code == 200
    assert business.client().post(f"{business.url}/settings/support/{grant}/revoke").status_code == 303
    assert desk.get(business.url).status_code == 404


def test_who_is_no_operator_any_more_or_proved_nothing_is_out(
    world: World, operator: Person, desk: FlaskClient, business: Business
) -> None:
    give(business)
    sent = business.client(operator).get(f"{business.url}/people")
    assert (sent.status_code, sent.location) == (
        303,
        f"/account/second-step?next=%2Ft%2F{business.tenant.slug}%2Fpeople",
    )
    assert desk.get(business.url).status_code == 200
    with psycopg.connect(world.app.config["DIWAN"].database_owner_url) as owner:
        owner.execute("DELETE FROM core.operator WHERE user_id = %s", (operator.id,))
    assert desk.get(business.url).status_code == 404


def test_look_only_shows_records_and_not_what_runs_the_business(
    desk: FlaskClient, business: Business, contact: UUID
) -> None:
    give(business)
    page = desk.get(f"{business.url}/contacts/contact/{contact}")
    assert page.status_code == 200
    assert "Support is looking at this business until" in page.text
    assert "The totals look wrong" in page.text
    closed = ("/people", "/people/roles/new", "/tokens", "/tokens/all", "/audit", "/settings", "/modules",
              "/settings/support", "/settings/policy", "/contacts/contact/export", "/contacts/contact/new")  # fmt: skip
    for place in closed:
        assert desk.get(f"{business.url}{place}").status_code in (403, 404), place


def test_look_and_change_works_in_modules_but_not_on_people_tokens_or_support(
    desk: FlaskClient, business: Business, contact: UUID
) -> None:
    grant = give(business, "full")
    there = f"{business.url}/contacts/contact/{contact}"
    version = 1
    assert desk.post(there, data={"name": "Mended", "version": version}).status_code == 303
    with business.acting(), unit_of_work():
        assert resources.get(current.lineup.resources["contacts.contact"], contact).name == "Mended"
    assert ("update", "contacts.contact", "Mended") in did(business)
    assert desk.get(f"{business.url}/settings").status_code == 200
    member = business.member("contacts.*")
    for place, data in (
        ("/people/invite", {"email": "me@example.com"}),
        (f"/people/{member.id}/remove", {}),
        ("/people/roles/new", {"name": "x"}),
        ("/tokens", {"name": "x"}),
        ("/settings/support", {"reason": "more", "level": "full", "hours": "72"}),
        (f"/settings/support/{grant}/revoke", {}),
        ("/settings/policy", {}),
    ):
        assert desk.post(f"{business.url}{place}", data=data).status_code in (403, 404, 405), place
    for place in ("/tokens", "/tokens/all", "/settings/support", "/settings/policy"):
        assert desk.get(f"{business.url}{place}").status_code in (403, 404), place
    with business.acting(), unit_of_work() as session:
        assert session.scalar(text("SELECT count(*) FROM core.api_token")) == 0
        assert session.scalar(text("SELECT count(*) FROM core.visit")) == 0


def test_both_logs_tell_and_the_owners_hear(
    desk: FlaskClient, operator: Person, business: Business, contact: UUID
) -> None:
    give(business)
    bystander = business.member("contacts.*")
    for _again in range(2):
        desk.get(f"{business.url}/contacts/contact")
        desk.get(f"{business.url}/contacts/contact/{contact}")
    told = did(business)
    assert told == [
        ("support.entered", "core.support_grant", ""),
        ("support.looked", "contacts.contact", ""),
        ("support.looked", "contacts.contact", SECRET),
    ]
    assert notified(business, business.owner) == ["Support has come into your business"]
    assert notified(business, bystander) == []
    bell = business.client().get(f"{business.url}/notifications/bell").text
    assert "Support is inside until" in bell
    assert "Support is inside" not in business.client(bystander).get(f"{business.url}/notifications/bell").text

    assert desk.post(f"/operator/businesses/{business.tenant.id}/leave").status_code == 303
    assert did(business)[-1][0] == "support.left"
    assert log(business, operator) == ["support.entered", "support.left"]
    assert "Support is inside" not in business.client().get(f"{business.url}/notifications/bell").text
    desk.post(f"/operator/businesses/{business.tenant.id}/leave")  # twice is once
    assert log(business, operator) == ["support.entered", "support.left"]

    desk.get(business.url)  # again, by the same grant: noted, but no news
    assert [action for action, _resource, _title in did(business)].count("support.entered") == 2
    assert notified(business, business.owner) == ["Support has come into your business"]
    page = business.client().get(f"{business.url}/settings/support").text
    assert "Support: Olga Operator" in page
    assert SECRET in page


def test_the_owners_hear_of_the_end(desk: FlaskClient, business: Business) -> None:
    unused, used = give(business), give(business, "full")
    desk.get(business.url)
    with business.acting(), unit_of_work():
        support.ended(unused)
        support.ended(used)
    assert notified(business, business.owner)[1:] == ["Support access has ended"]


def test_only_who_may_gives_and_ends_access(business: Business, world: World) -> None:
    member = business.member("contacts.*", "core.tenant.update")
    grant = give(business)
    client = business.client(member)
    assert client.get(f"{business.url}/settings/support").status_code == 403
    data = {"reason": "x", "level": "full", "hours": "1"}
    assert client.post(f"{business.url}/settings/support", data=data).status_code == 403
    assert client.post(f"{business.url}/settings/support/{grant}/revoke").status_code == 403
    with business.acting(member), pytest.raises(Denied), unit_of_work():
        support.give("read", 1, "x")
    with business.acting(), pytest.raises(Invalid) as wrong, unit_of_work():
        support.give("admin", 1000, " ")
    assert set(wrong.value.errors) == {"level", "hours", "reason"}
    other = world.business("contacts")
    with other.acting(), pytest.raises(NotFound), unit_of_work():
        support.revoke(grant)
    owner = business.client()
    assert owner.post(f"{business.url}/settings/support", data={"reason": ""}).status_code == 422
    assert owner.post(f"{business.url}/settings/support", data=data).status_code == 303


def test_the_functions_of_the_console_answer_operators_alone(
    config: Config, business: Business, operator: Person, contact: UUID
) -> None:
    give(business)
    calls = {
        "operator_tenants(%(who)s, now(), NULL, '', '', '', NULL, 1000)": True,
        "operator_grants(%(who)s, now(), NULL, 1000)": True,
        "operator_jobs(%(who)s, NULL, 1000)": True,
        "operator_parked(%(who)s, NULL, NULL, 1000)": False,
        "open_support(%(who)s, %(slug)s, now())": True,
    }
    with psycopg.connect(config.database_url) as sql:
        for call, some in calls.items():
            mine = {"who": operator.id, "slug": business.tenant.slug}
            found = sql.execute(f"SELECT * FROM core.{call}", mine).fetchall()
            assert bool(found) or not some, call
            assert SECRET not in repr(found), call
            assert business.owner.email not in repr(found), call
            for stranger in (business.owner.id, uuid7(), None):
                rows = sql.execute(f"SELECT * FROM core.{call}", {**mine, "who": stranger})
                assert rows.fetchall() == [], call
        records = "SELECT records FROM core.operator_records(%s, %s)"
        assert sql.execute(records, (operator.id, business.tenant.id)).fetchone() == (1,)
        assert sql.execute(records, (business.owner.id, business.tenant.id)).fetchone() == (0,)


def test_support_has_no_tokens(business: Business, operator: Person) -> None:
    give(business, "full")
    with business.acting():
        opened = support.open_for(operator.id, business.tenant.slug)
        assert opened is not None
        replace_scope(user=support.actor(opened, operator.actor))
        with pytest.raises(Denied), unit_of_work():
            tokens.create("x", ["*"])


def test_a_job_that_support_started_has_its_rights_while_the_grant_lives(business: Business, operator: Person) -> None:
    grant = give(business, "full")
    with business.acting(), unit_of_work():
        found = principals.supporting(Actor(operator.id, "Olga"), business.tenant)
        assert (found.kind, found.name) == ("support", "Support: Olga")
        assert found.can("contacts.contact.update")
        assert not found.can("core.member.update")
        stranger = Actor(uuid7(), "Nobody")
        assert principals.supporting(stranger, business.tenant) is stranger
    change(business, grant, level="read")
    with business.acting(), unit_of_work():
        assert not principals.supporting(Actor(operator.id, "Olga"), business.tenant).can("contacts.contact.read")
