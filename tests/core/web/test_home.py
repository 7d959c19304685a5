"""The home page: arranged by its person, by a role's default, or as the modules declare it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from diwan.access import service as access
from diwan.db import unit_of_work
from diwan.testing.world import Business, Person, World
from diwan.web.dashboard import Placed, arranged


@pytest.fixture
def business(world: World) -> Business:
    return world.business("contacts", "hello")


def widgets(business: Business, person: Person | None = None, path: str = "") -> list[str]:
    page = business.client(person).get(business.url + path).text
    return re.findall(r'hx-get="[^"]*/widgets/([^"]+)"', page)


def arrange(business: Business, person: Person | None = None, **form: Any) -> Any:
    return business.client(person).post(f"{business.url}/arrange", data=form)


def role_of(business: Business, person: Person) -> str:
    with business.acting(), unit_of_work() as session:
        query = text(
            "SELECT r.key FROM core.membership m JOIN core.member_role mr ON mr.membership_id = m.id"
            " JOIN core.role r ON r.id = mr.role_id WHERE m.tenant_id = :t AND m.user_id = :u"
        )
        return str(session.scalar(query, {"t": business.tenant.id, "u": person.id}))


def test_as_declared_then_in_ones_own_order(business: Business) -> None:
    before = widgets(business)
    assert len(before) > 1
    assert before[-1] == "core.activity"
    turned = before[::-1]
    assert arrange(business, order=turned, shown=turned[1:]).status_code == 303
    assert widgets(business) == turned[1:]
    assert widgets(business, path="/arrange") == turned[1:]
    arrange(business, order=turned, show=turned[0], shown=turned[1:])
    assert widgets(business) == turned
    colleague = business.member("*")
    assert widgets(business, colleague) == before
    arrange(business, reset="1")
    assert widgets(business) == before


def test_an_arrow_moves_one_step_without_a_script(business: Business) -> None:
    before = widgets(business)
    arrange(business, order=before, shown=before, move=f"down {before[0]}")
    assert widgets(business)[:2] == [before[1], before[0]]


def test_sizes_are_kept_and_only_known_ones(business: Business) -> None:
    key, *others = widgets(business)
    arrange(business, order=[key, *others], shown=[key], **{f"size-{key}": "large"})
    page = business.client().get(business.url).text
    assert re.search(r'class="card is-large"', page)
    arrange(business, order=[key], shown=[key], **{f"size-{key}": '"><script>'})
    assert "<script>" not in business.client().get(business.url).text


def test_a_roles_default_until_one_arranges_oneself(business: Business) -> None:
    member = business.member("contacts.contact.read", "hello.greeting.read", "core.audit.read")
    before = widgets(business, member)
    turned = before[::-1]
    answer = arrange(business, order=turned, shown=turned[:1], save_as="1", role=role_of(business, member))
    assert answer.status_code == 303
    assert widgets(business, member) == turned[:1]
    assert widgets(business) == widgets(business, business.member("*"))  # other roles are as they were
    arrange(business, member, order=before, shown=before)
    assert widgets(business, member) == before


def test_two_roles_keep_their_defaults_side_by_side(business: Business) -> None:
    one, other = business.member("core.audit.read", "contacts.*"), business.member("core.audit.read", "hello.*")
    arrange(business, order=["core.activity"], shown=["core.activity"], save_as="1", role=role_of(business, one))
    arrange(business, order=["core.activity"], shown=[], save_as="1", role=role_of(business, other))
    assert "core.activity" in widgets(business, one)
    assert "core.activity" not in widgets(business, other)


def test_only_who_may_set_a_default(business: Business) -> None:
    member = business.member("contacts.contact.read")
    assert arrange(business, member, order=[], save_as="1", role="owner").status_code == 403
    assert arrange(business, order=[], save_as="1", role="no-such-role").status_code == 422
    assert "For a role" not in business.client(member).get(f"{business.url}/arrange").text


def test_what_one_may_not_see_cannot_be_put_there(business: Business) -> None:
    member = business.member("hello.greeting.read")
    arrange(business, member, order=["core.activity", "evil"], shown=["core.activity", "evil"])
    assert "core.activity" not in widgets(business, member)
    assert business.client(member).get(f"{business.url}/widgets/core.activity").status_code == 403


@pytest.mark.parametrize("layout", [None, [], {}, "x", [1, None, {"key": 5}, {"key": "b", "size": 9}]])
def test_a_layout_of_other_days_does_no_harm(layout: Any) -> None:
    every = [Placed("a", "A", "/a"), Placed("b", "B", "/b")]
    assert sorted(w.key for w in arranged(every, layout)) == ["a", "b"]


def test_the_activity_widget(business: Business) -> None:
    answer = business.client().get(f"{business.url}/widgets/core.activity")
    assert answer.status_code == 200
    assert "<html" not in answer.text


def test_roles_are_named_in_the_form(business: Business) -> None:
    page = business.client().get(f"{business.url}/arrange").text
    with business.acting(), unit_of_work():
        keys = [role.key for role in access.roles()]
    assert all(f'value="{key}"' in page for key in keys)


def test_tasks_recent_and_favourites(business: Business) -> None:
    from diwan import collaboration, resources
    from diwan.db import current

    with business.acting(), unit_of_work():
        contact = current.lineup.resources["contacts.contact"]
        seen, starred = (resources.create(contact, {"name": name}) for name in ("Cedar House", "Pearl Trading"))
        collaboration.visit(contact, seen.id)
        collaboration.star(contact, starred.id)
        collaboration.create_task("Call the harbour", assignee_id=business.owner.id)
    client = business.client()

    def shown(path: str) -> str:
        return str(client.get(business.url + path).text)

    assert "Call the harbour" in shown("/widgets/core.tasks")
    assert "Cedar House" in shown("/widgets/core.recent")
    assert "Pearl Trading" in shown("/widgets/core.favourites")
    assert "Pearl Trading" in shown("/palette/favourites")
    offered = shown("/palette")
    assert "Cedar House" in offered
    assert "Pearl Trading" in offered
    here = f"{business.url}/contacts/contact/{seen.id}"
    assert "Cedar House" not in client.get(f"{business.url}/palette", query_string={"at": here}).text
    blind = business.client(business.member("hello.greeting.read"))
    assert "Cedar House" not in blind.get(f"{business.url}/widgets/core.recent").text
