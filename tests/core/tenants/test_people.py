"""Members and invitations: joining, roles, disabling, and that an owner always remains."""

import re
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from diwan import jobs
from diwan.access import service as access
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.errors import Denied, Invalid, NotFound, Refuse
from diwan.tenants import people
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business, Person


def invite(business: Business, email: str, *roles: str) -> None:
    with business.acting(), unit_of_work():
        if not any(role.key == "member" for role in access.roles()):
            access.create_role("member", ["core.member.read"])
        people.invite(email, roles or ["member"])
    with business.acting():
        jobs.run_pending()


def membership(business: Business, person: Person) -> people.Member:
    return next(member for member in people.members() if member.user_id == person.id)


def test_a_new_person_joins(app: Flask, business: Business) -> None:
    visitor = Visitor(app)
    invite(business, visitor.email)
    assert business.tenant.name in visitor.newest()
    link = visitor.link()
    page = visitor.get(link)
    assert page.status_code == 200
    assert visitor.email in page.text
    answer = visitor.post(link, name="Omar", password="seven quiet otters")
    assert answer.location == business.url
    assert visitor.get(f"{business.url}/people").status_code == 200
    assert visitor.get(f"{business.url}/settings").status_code == 403
    with business.acting(), unit_of_work():
        joined = next(member for member in people.members() if member.email == visitor.email)
        assert [role.key for role in joined.roles] == ["member"]


def test_somebody_with_an_account_joins(app: Flask, business: Business) -> None:
    visitor = Visitor(app)
    visitor.sign_up()
    visitor.post("/logout")
    invite(business, visitor.email)
    link = visitor.link()
    answer = visitor.get(link)
    assert answer.location.startswith("/login?next=%2Finvitation%2F")
    visitor.log_in(next=link)
    assert visitor.get(link).status_code == 200
    assert visitor.post(link).location == business.url
    assert visitor.get(business.url).status_code == 200


def test_an_invitation_is_for_one_person(app: Flask, business: Business) -> None:
    invited, other = Visitor(app), Visitor(app)
    other.sign_up()
    invite(business, invited.email)
    link = invited.link()
    assert "somebody else" in other.get(link).text
    answer = other.post(link)
    assert answer.status_code == 422
    assert other.get(business.url).status_code == 404


def test_a_used_revoked_or_old_invitation_is_dead(app: Flask, business: Business) -> None:
    used, revoked, old = Visitor(app), Visitor(app), Visitor(app)
    for visitor in (used, revoked, old):
        invite(business, visitor.email)
    used.get(used.link())
    used.post(used.link(), name="Omar", password="seven quiet otters")
    with business.acting(), unit_of_work() as session:
        people.revoke_invitation(next(i.id for i in people.invitations() if i.email == revoked.email))
        session.execute(
            text("UPDATE core.invitation SET expires_at = :past WHERE email = :email"),
            {"past": now() - timedelta(minutes=1), "email": old.email},
        )
    texts = set()
    for visitor in (used, revoked, old):
        stranger = Visitor(app)
        answer = stranger.get(visitor.link())
        assert answer.status_code == 404
        texts.add(re.search(r"data-error-message>([^<]+)<", answer.text)[1])  # type: ignore[index]
        stranger.get("/login")
        assert stranger.post(visitor.link(), name="X", password="seven quiet otters").status_code == 404
    assert len(texts) == 1


def test_sending_again_ends_the_old_link(app: Flask, business: Business) -> None:
    visitor = Visitor(app)
    invite(business, visitor.email)
    first = visitor.link()
    client = business.client()
    with business.acting(), unit_of_work():
        invitation_id = next(i.id for i in people.invitations() if i.email == visitor.email)
    assert client.post(f"{business.url}/people/invitations/{invitation_id}/resend").status_code == 303
    with business.acting():
        jobs.run_pending()
    assert visitor.link() != first
    assert visitor.get(first).status_code == 404
    assert visitor.get(visitor.link()).status_code == 200


def test_a_member_is_not_invited_twice(business: Business) -> None:
    member = business.member("contacts.*")
    with business.acting(), unit_of_work():
        role = access.create_role("x", [])
        with pytest.raises(Invalid, match="works here already"):
            people.invite(member.email.upper(), [role.key])
        with pytest.raises(Invalid):
            people.invite("nonsense", [role.key])
        with pytest.raises(Invalid):
            people.invite("a@example.com", [])
        with pytest.raises(Invalid):
            people.invite("a@example.com", ["no such role"])


def test_nobody_invites_into_a_role_above_their_own(business: Business) -> None:
    clerk = business.member("core.member.invite", "contacts.contact.read")
    with business.acting(), unit_of_work():
        strong, weak = access.create_role("strong", ["*"]), access.create_role("weak", ["contacts.contact.read"])
    with business.acting(clerk), unit_of_work():
        people.invite("weak@example.com", [weak.key])
        for key in (strong.key, "owner"):
            with pytest.raises(Denied):
                people.invite("strong@example.com", [key])


def test_only_an_owner_makes_owners(business: Business) -> None:
    admin = business.member("*")
    with business.acting(admin), unit_of_work():
        mine = membership(business, admin)
        with pytest.raises(Denied, match="owner"):
            people.set_roles(mine.id, ["owner"])
        with pytest.raises(Denied, match="owner"):
            people.disable_member(membership(business, business.owner).id)
    with business.acting(), unit_of_work():
        people.set_roles(membership(business, admin).id, ["owner"])
        assert len(access.owners()) == 2


def test_the_last_owner_stays(business: Business) -> None:
    with business.acting(), unit_of_work():
        role = access.create_role("x", [])
        me = membership(business, business.owner)
        with pytest.raises(Refuse, match="needs an owner"):
            people.set_roles(me.id, [role.key])
        with pytest.raises(Refuse, match="yourself"):
            people.disable_member(me.id)
        with pytest.raises(Invalid):
            people.set_roles(me.id, [])


def test_a_disabled_owner_does_not_count(business: Business) -> None:
    other = business.member("*")
    with business.acting(), unit_of_work():
        people.set_roles(membership(business, other).id, ["owner"])
        people.disable_member(membership(business, other).id)
        with pytest.raises(Refuse, match="needs an owner"):
            people.set_roles(membership(business, business.owner).id, [access.create_role("x", []).key])


def test_two_owners_cannot_disable_one_another_at_once(business: Business) -> None:
    """The second waits for the first one's lock and then finds that the business would be without an owner."""
    other = business.member("*")
    with business.acting(), unit_of_work():
        people.set_roles(membership(business, other).id, ["owner"])
        ids = {p.id: membership(business, p).id for p in (business.owner, other)}
        replacement = access.create_role("x", []).key
    barrier, problems = threading.Barrier(2), []

    def step_down(person: Person) -> None:
        with business.acting(person):
            try:
                with unit_of_work():
                    barrier.wait()
                    people.set_roles(ids[person.id], [replacement])
            except Refuse as refused:
                problems.append(refused)

    threads = [threading.Thread(target=step_down, args=(p,)) for p in (business.owner, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(problems) == 1
    with business.acting(), unit_of_work():
        assert len(access.owners()) == 1


def test_disabled_member_is_out_at_once_and_may_come_back(business: Business) -> None:
    member = business.member("core.member.read")
    client, admin = business.client(member), business.client()
    assert client.get(f"{business.url}/people").status_code == 200
    with business.acting(), unit_of_work():
        member_id = membership(business, member).id
    assert admin.post(f"{business.url}/people/{member_id}/disable").status_code == 303
    assert client.get(f"{business.url}/people").status_code == 404
    assert client.get("/choose").status_code == 200
    assert business.tenant.name not in client.get("/choose").text
    assert admin.post(f"{business.url}/people/{member_id}/enable").status_code == 303
    assert client.get(f"{business.url}/people").status_code == 200


def test_pages_check_permissions(business: Business) -> None:
    client = business.client(business.member("core.member.read"))
    with business.acting(), unit_of_work():
        owner_id = membership(business, business.owner).id
    base = f"{business.url}/people"
    assert client.get(base).status_code == 200
    for answer in (
        client.post(f"{base}/invitations", data={"email": "a@example.com", "roles": "owner"}),
        client.get(f"{base}/{owner_id}"),
        client.post(f"{base}/{owner_id}", data={"roles": "owner"}),
        client.post(f"{base}/{owner_id}/disable"),
        client.post(f"{base}/invitations/{uuid4()}/revoke"),
        client.get(f"{business.url}/settings"),
        client.post(f"{business.url}/settings", data={"name": "Mine"}),
        client.get(f"{business.url}/modules"),
        client.post(f"{business.url}/modules/contacts/disable"),
        client.get(f"{business.url}/tokens"),
        client.get(f"{business.url}/audit"),
    ):
        assert answer.status_code == 403


def test_another_business_has_no_such_member(business: Business, other_business: Business) -> None:
    with business.acting(), unit_of_work():
        member_id = membership(business, business.owner).id
    with other_business.acting(), unit_of_work():
        for act in (people.find_member, people.disable_member, people.enable_member, people.revoke_invitation):
            with pytest.raises(NotFound):
                act(member_id)
        assert current.tenant.id == other_business.tenant.id


def test_everything_is_in_the_audit_log(app: Flask, business: Business) -> None:
    visitor = Visitor(app)
    invite(business, visitor.email)
    visitor.get(visitor.link())
    visitor.post(visitor.link(), name="Omar", password="seven quiet otters")
    visitor.get(business.url)
    with business.acting(), unit_of_work() as session:
        joined = next(member for member in people.members() if member.email == visitor.email)
        people.set_roles(joined.id, [access.create_role("x", []).key])
        people.disable_member(joined.id)
        rows = session.execute(text("SELECT action, actor_name, title FROM core.audit_entry ORDER BY id")).all()
    found = {(row.action, row.actor_name) for row in rows}
    for action, actor in (
        ("invited", "Test Person"),
        ("joined", "Omar"),
        ("signed_in", "Omar"),
        ("roles_changed", "Test Person"),
        ("disabled", "Test Person"),
    ):
        assert (action, actor) in found
    page = business.client().get(f"{business.url}/audit")
    assert page.status_code == 200
    assert "Omar" in page.text
