"""The closing of a business by its owner, the time in which it can be kept, and what works meanwhile: nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from diwan import jobs
from diwan.db import current, scope, unit_of_work
from diwan.db.base import now
from diwan.errors import Denied, Invalid, NotFound, Refuse
from diwan.jobs import schedules
from diwan.leaving import closing
from diwan.tenants.models import Tenant
from diwan.testing.world import PASSWORD, Business, World
from diwan.users.models import User
from diwan.users.passwords import hash_password


def close(business: Business) -> None:
    with business.acting(), unit_of_work():
        closing.close(business.tenant.slug)


def state(business: Business) -> Tenant:
    with business.world.app.app_context(), scope(), unit_of_work() as session:
        found = session.get_one(Tenant, business.tenant.id)
        session.expunge(found)
        return found


def give_password(business: Business) -> None:
    with business.acting(), unit_of_work() as session:
        session.get_one(User, business.owner.id).password_hash = hash_password(PASSWORD)


def test_a_closed_business_is_due_after_its_days(business: Business) -> None:
    close(business)
    tenant = state(business)
    assert tenant.state == "closing"
    assert tenant.closed_by == business.owner.id
    assert tenant.closes_at is not None
    assert abs(tenant.closes_at - now() - timedelta(days=30)) < timedelta(minutes=1)


def test_only_an_owner_who_typed_the_address_closes(business: Business) -> None:
    admin = business.member("*")
    with business.acting(admin), unit_of_work(), pytest.raises(Denied):
        closing.close(business.tenant.slug)
    with business.acting(), unit_of_work(), pytest.raises(Invalid):
        closing.close("another")
    assert state(business).state == "active"


def test_pages_tokens_jobs_and_schedules_stop_and_mail_still_goes(business: Business) -> None:
    member, stranger = business.member("contacts.*"), business.world.business("contacts")
    secret = business.token()
    close(business)
    page = business.client(member).get(f"{business.url}/contacts/contact")
    assert page.status_code == 403
    assert "is closed" in page.text
    assert "/keep" not in page.text
    assert f"/closed/{business.tenant.slug}/keep" in business.client().get(business.url).text
    assert stranger.client().get(business.url).status_code == 404
    api = business.world.app.test_client().get(
        f"/api/v1/{business.tenant.slug}/contacts/contact", headers={"Authorization": f"Bearer {secret}"}
    )
    assert api.status_code in (401, 403)
    with business.acting():
        assert business.tenant.id not in {tenant.id for tenant in schedules.tenants()}
        with unit_of_work() as session:
            waiting = session.connection().exec_driver_sql(
                "SELECT id, kind FROM core.outbox WHERE tenant_id = %s AND state = 'ready'", (business.tenant.id,)
            )
            rows = waiting.all()
        assert {row.kind for row in rows} == {"mail"}
        with unit_of_work():
            job = jobs.enqueue("core.mail.send", {})
        assert [jobs.deliver(business.tenant.id, row.id) for row in rows] == ["done"]
        assert jobs.deliver(business.tenant.id, job) == "skipped"


def test_an_owner_keeps_it_and_nobody_else(business: Business) -> None:
    admin, slug = business.member("*"), business.tenant.slug
    close(business)
    with business.world.app.app_context():
        with scope(), unit_of_work(), pytest.raises(Denied):
            closing.keep(slug, admin.id)
        with scope(), unit_of_work(), pytest.raises(NotFound):
            closing.keep(slug, business.world.business("contacts").owner.id)
    answer = business.client().post(f"/closed/{slug}/keep")
    assert (answer.status_code, answer.location) == (303, f"/t/{slug}")
    tenant = state(business)
    assert (tenant.state, tenant.closes_at) == ("active", None)
    assert business.client().get(business.url).status_code == 200


def test_what_is_due_cannot_be_kept(business: Business) -> None:
    with business.world.app.app_context(), scope(), unit_of_work():
        closing.close_for_operator(business.tenant.slug, at_once=True)
    with business.world.app.app_context(), scope(), unit_of_work(), pytest.raises(Refuse, match="being erased"):
        closing.keep_for_operator(business.tenant.slug)
    page = business.client().get(business.url)
    assert "being erased" in page.text
    assert "/keep" not in page.text


def test_the_page_asks_for_address_and_password(business: Business) -> None:
    give_password(business)
    client, url = business.client(), f"{business.url}/settings/data/close"
    assert "Close the business" in client.get(url).text
    wrong = client.post(url, data={"address": business.tenant.slug, "password": "not this one at all"})
    assert (wrong.status_code, "This is not your password." in wrong.text) == (422, True)
    wrong = client.post(url, data={"address": "other", "password": PASSWORD})
    assert (wrong.status_code, "to confirm" in wrong.text) == (422, True)
    assert state(business).state == "active"
    assert client.post(url, data={"address": business.tenant.slug, "password": PASSWORD}).status_code == 303
    assert state(business).state == "closing"


def test_the_pages_are_for_who_may_take_everything(business: Business, world: World) -> None:
    member = business.member("contacts.*", "core.tenant.update")
    for method, place in (
        ("get", ""), ("post", ""), ("get", "/close"), ("post", "/close"),
        ("get", "/01900000-0000-7000-8000-000000000000/download"),
    ):  # fmt: skip
        answer = getattr(business.client(member), method)(f"{business.url}/settings/data{place}")
        assert answer.status_code == 403, place
    assert (
        business.client(business.member("core.tenant.export")).get(f"{business.url}/settings/data").status_code == 200
    )
    assert "danger-zone" not in business.client(business.member("*")).get(f"{business.url}/settings/data").text
    other = world.business("contacts")
    assert other.client().get(f"{business.url}/settings/data").status_code == 404


def test_a_download_asks_again_and_comes_once_one_has_proven_who_one_is(business: Business) -> None:
    client, url = business.client(), f"{business.url}/settings/data"
    assert client.post(url).status_code == 303
    with business.acting():
        jobs.run_pending()
    page = client.get(url)
    [place] = {part.split('"')[0] for part in page.text.split('href="') if "/download" in part.split('"')[0]}
    with business.acting(), unit_of_work() as session:
        session.connection().exec_driver_sql(
            "UPDATE core.session SET created_at = created_at - interval '1 hour' WHERE user_id = %s",
            (business.owner.id,),
        )
    asked = client.get(place)
    assert asked.status_code == 303
    assert asked.location.startswith("/account/confirm?")
    give_password(business)
    back = client.post(asked.location, data={"way": "password", "password": PASSWORD})
    assert (back.status_code, "?take=" in back.location) == (303, True)
    assert place in client.get(back.location).text
    answer = client.get(place)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.data[:2] == b"PK"
    with business.acting(), unit_of_work():
        assert current.session.connection().exec_driver_sql(
            "SELECT count(*) FROM core.audit_entry WHERE tenant_id = %s AND action = 'download_everything'",
            (business.tenant.id,),
        ).scalar() == 1  # fmt: skip
