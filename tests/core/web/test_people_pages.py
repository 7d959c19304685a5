"""The list of people: searching, filters, badges, what each reader is offered; many invitations at once."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from diwan import jobs
from diwan.access import service as access
from diwan.access import teams
from diwan.db import unit_of_work
from diwan.db.base import now
from diwan.errors import Denied
from diwan.tenants import directory, inviting, people
from diwan.testing.world import Business, Person, World
from diwan.users.throttle import Limit


def called(business: Business, person: Person, name: str, title: str = "") -> Person:
    with business.acting(), unit_of_work() as session:
        session.execute(text('UPDATE core."user" SET name = :name WHERE id = :id'), {"name": name, "id": person.id})
        session.execute(
            text("UPDATE core.membership SET job_title = :title WHERE user_id = :id"), {"title": title, "id": person.id}
        )
    return person


def shown(business: Business, query: str = "", person: Person | None = None) -> str:
    page = business.client(person).get(f"{business.url}/people?{query}").text
    return unescape(page.partition('aria-labelledby="members-title"')[2].partition("</section>")[0])


def role_of(business: Business, person: Person) -> UUID:
    with business.acting(), unit_of_work():
        return next(member for member in people.members() if member.user_id == person.id).roles[0].id


def test_people_are_found_by_name_mail_title_in_any_spelling(business: Business) -> None:
    ann = called(business, business.member(), "أحمد الأنصاري", "Sales lead")
    bob = called(business, business.member(), "Bob Müller")
    for query in ("q=احمد", "q=انصاري sales", f"q={ann.email[:8]}", "q=LEAD"):
        page = shown(business, query)
        assert ann.email in page
        assert bob.email not in page
    assert bob.email in shown(business, "q=muller")
    assert "Nobody fits" in shown(business, "q=zzz")


def test_filters(business: Business) -> None:
    ann, bob = business.member("core.member.read"), business.member()
    with business.acting(), unit_of_work() as session:
        team = teams.create_team("North", [ann.id])
        session.execute(text("UPDATE core.membership SET state = 'disabled' WHERE user_id = :id"), {"id": bob.id})
        add = text("INSERT INTO core.passkey (id, user_id, credential_id, public_key, sign_count, name, created_at)"
                   " VALUES (:id, :user, :cred, 'k', 0, 'Laptop', :at)")  # fmt: skip
        session.execute(add, {"id": uuid4(), "user": ann.id, "cred": uuid4().bytes, "at": now()})
        number = team.id
    for query, there in (
        (f"team={number}", ann), (f"role={role_of(business, ann)}", ann), ("state=disabled", bob),
        (f"team={number}&state=active", ann),
    ):  # fmt: skip
        page = shown(business, query)
        assert there.email in page
        assert ({ann, bob} - {there}).pop().email not in page
    page = shown(business, "factor=none")
    assert ann.email not in page
    assert business.owner.email in page
    assert ">2FA<" in shown(business)
    assert "North" in shown(business)
    for wrong in ("team=x", "role=1", "state=odd", "factor=odd", f"team={uuid4()}"):
        assert business.client().get(f"{business.url}/people?{wrong}").status_code == 200


def test_only_who_sees_to_people_is_told_of_second_factors(business: Business) -> None:
    reader = business.member("core.member.read")
    page = shown(business, "factor=none", reader)
    assert "Two-step" not in page
    assert reader.email in page
    assert "/leaving" not in page


def test_the_list_takes_as_many_statements_for_many(
    business: Business, statements: Callable[[Callable[[], Any]], int]
) -> None:
    client, place = business.client(), f"{business.url}/people"
    client.get(place)
    few = statements(lambda: client.get(place))
    for _each in range(5):
        person = business.member()
        with business.acting(), unit_of_work():
            teams.create_team(f"Team {person.id}", [person.id])
    assert statements(lambda: client.get(place)) == few


def test_no_more_than_the_page_bears(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "MOST", 2)
    for _each in range(3):
        business.member()
    page = shown(business)
    assert "The first 2 are shown" in page
    assert page.count("<li") == 2


PASTED = """Ann Smith <Ann@Example.com>; "Doe, Jane" <jane@example.com>
Karim\tkarim@example.com\tSales
one@example.com, two@example.com three@example.com
mailto:four@example.com
nonsense
ANN@example.com
wrong@
"""


def test_addresses_out_of_what_was_pasted() -> None:
    assert list(inviting.pieces(PASTED)) == [
        "Ann@Example.com", "jane@example.com", "karim@example.com", "one@example.com", "two@example.com",
        "three@example.com", "four@example.com", "nonsense", "ANN@example.com", "wrong@",
    ]  # fmt: skip


def role(business: Business, *grants: str) -> str:
    with business.acting(), unit_of_work():
        return access.create_role(f"Role {uuid4().hex[:6]}", list(grants or ("core.member.read",))).key


def invited(business: Business) -> list[str]:
    with business.acting(), unit_of_work():
        return sorted(invitation.email for invitation in people.invitations())


def test_many_are_invited_and_each_is_told(business: Business) -> None:
    here, gone = business.member(), business.member()
    with business.acting(), unit_of_work():
        people.disable_member(next(m.id for m in people.members() if m.user_id == gone.id))
    client, key = business.client(), role(business)
    form = {"email": f"old@example.com\n{here.email}", "roles": key}
    assert client.post(f"{business.url}/people/invitations", data=form).status_code == 200
    typed = f"old@example.com, new@example.com\n{here.email.upper()}\n{gone.email}\nnonsense <b>"
    answer = client.post(f"{business.url}/people/invitations", data={"email": typed, "roles": key})
    page = unescape(answer.text)
    assert answer.status_code == 200
    assert "2 invitations are on their way" in page
    for said in ("Invited already; sent again", "Works here already", "Was disabled here", "Not an e-mail address"):
        assert said in page
    left = page.partition("<textarea")[2].partition("</textarea>")[0]
    assert gone.email in left
    assert "nonsense <b>" in left
    assert here.email not in left
    assert "new@example.com" not in left
    assert "<b>" not in answer.text.partition("<textarea")[2].partition("</textarea>")[0]
    assert f'value="{key}" checked' in page
    assert invited(business) == ["new@example.com", "old@example.com"]
    with business.acting(), unit_of_work() as session:
        mails = session.scalar(text("SELECT count(*) FROM core.outbox WHERE kind = 'mail'"))
    assert mails == 3
    with business.acting():
        jobs.run_pending()


def test_nothing_goes_out_where_all_are_wrong(business: Business) -> None:
    client, key = business.client(), role(business)
    for typed, roles, said in (
        ("one@\ntwo@", key, "Nobody was invited"), ("", key, "at least one e-mail"), ("a@example.com", [], "one role"),
        ("\n".join(f"p{n}@example.com" for n in range(201)), key, "At most 200"), ("nonsense", key, "Not an e-mail"),
    ):  # fmt: skip
        answer = client.post(f"{business.url}/people/invitations", data={"email": typed, "roles": roles})
        assert answer.status_code == 422
        assert said in answer.text
    assert invited(business) == []


def test_beyond_the_limit_the_rest_is_kept_for_later(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "INVITATIONS", Limit(f"test {uuid4()}", free=2, wait=60, longest=60, window=60))
    with business.acting(), unit_of_work():
        found = inviting.invite_many("a@example.com b@example.com\nc@example.com", [role(business)])
    assert [outcome.state for outcome in found] == ["invited", "invited", "later"]
    assert invited(business) == ["a@example.com", "b@example.com"]


def test_nobody_invites_with_rights_that_they_do_not_hold(business: Business) -> None:
    strong = role(business, "contacts.*")
    weak = business.member("core.member.invite", "core.member.read")
    assert strong not in business.client(weak).get(f"{business.url}/people/invite").text
    with business.acting(weak), unit_of_work(), pytest.raises(Denied):
        inviting.invite_many("a@example.com", [strong])
    reader = business.client(business.member("core.member.read"))
    assert reader.get(f"{business.url}/people/invite").status_code == 403
    assert reader.post(f"{business.url}/people/invitations", data={"email": "a@b.co"}).status_code == 403


def test_the_page_of_a_person_shows_what_they_say_of_themselves(business: Business, world: World) -> None:
    ann = called(business, business.member(), "Ann", "Head of <Sales>")
    with business.acting(), unit_of_work() as session:
        session.execute(text("UPDATE core.membership SET phone = '+96522223333' WHERE user_id = :id"), {"id": ann.id})
        teams.create_team("North", manager=ann.id)
        members = {member.user_id: member.id for member in people.members()}
    client = business.client()
    page = client.get(f"{business.url}/people/{members[ann.id]}").text
    for said in ("Head of &lt;Sales&gt;", "tel:+96522223333", "North", "leads it", "/leaving"):
        assert said in page
    mine = client.get(f"{business.url}/people/{members[business.owner.id]}").text
    assert f'{business.url}/profile"' in mine
    assert "/leaving" not in mine
