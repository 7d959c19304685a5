"""Explanations: what they say is what reading, changing and listing really do."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from diwan import resources
from diwan.access import service as access
from diwan.access.holders import Holder, holder, holders
from diwan.access.models import Team, TeamMember
from diwan.db import current, scope, unit_of_work
from diwan.db.clock import today
from diwan.errors import Denied, Invalid, NotFound
from diwan.kernel.lineup import lineup_of
from diwan.resources import store
from diwan.resources.explaining import Explanation, explain, explain_all
from diwan.resources.query import list_page
from diwan.testing.world import Business, Person, World

ACTIONS = ("read", "update", "delete", "win")
KEY = "shop.lead"


class Desk:
    """A business with a seller, a mate in the team, somebody else, and a lead of each."""

    def __init__(self, business: Business) -> None:
        self.business = business
        self.seller, self.mate, self.other = (business.member("shop.*") for _ in range(3))
        self.leads: list[UUID] = []
        for person, budget in ((self.seller, "10"), (self.mate, "1000"), (self.other, "50")):
            with business.acting(person), unit_of_work():
                lead = resources.create(current.lineup.resources[KEY], {"name": "Lead", "budget": budget})
                self.leads.append(lead.id)
        with business.acting(), unit_of_work() as session:
            team = Team(name="East", folded="east", path=[])
            session.add(team)
            session.flush()
            team.path = [team.id]
            session.add_all(
                TeamMember(tenant_id=current.tenant.id, team_id=team.id, user_id=person.id)
                for person in (self.seller, self.mate)
            )
            self.roles = [access.create_role(name, []).id for name in ("One", "Two")]
            access.give_roles(self.membership(self.seller), self.roles)

    def membership(self, person: Person) -> UUID:
        found = text("SELECT id FROM core.membership WHERE user_id = :user")
        return UUID(str(current.session.scalar(found, {"user": person.id})))

    def give(self, *grants: list[str]) -> Holder:
        for role_id, name, given_ in zip(self.roles, ("One", "Two"), grants, strict=True):
            access.update_role(role_id, name, given_)
        current.session.flush()
        return holder(self.seller.id)

    @contextmanager
    def as_seller(self, seller: Holder) -> Iterator[None]:
        tenant = current.tenant
        with scope(tenant=tenant, user=seller.actor(), lineup=lineup_of(tenant, seller.actor())):
            yield


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world.business("shop"))


grants = st.lists(
    st.builds(
        lambda action, scope, fields: f"{KEY}.{action}{scope}{fields}",
        st.sampled_from(ACTIONS),
        st.sampled_from(["", ":own", ":own", ":team", ":shop.small"]),
        st.sampled_from(["", "", "-budget"]),
    ),
    max_size=4,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=grants, two=grants)
def test_what_is_explained_is_what_happens(desk: Desk, one: list[str], two: list[str]) -> None:
    with desk.business.acting(), unit_of_work():
        seller, whole = desk.give(one, two), current.lineup.resources[KEY]
        said = {(id, action): explain(seller, whole, action, id) for id in desk.leads for action in ACTIONS}
        with desk.as_seller(seller):
            mine = current.lineup.resources[KEY]
            for (id, action), told in said.items():
                assert told.allowed == _happens(mine, id, action), (one, two, id, action)
            if mine.may("read"):
                columns = [name for name in ("name", "budget") if name in mine.fields]
                page = list_page(mine, columns=columns)
                rows = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
                listed = {row["id"]: row for row in rows}
                assert set(listed) == {id for id in desk.leads if said[id, "read"].allowed}
                for id, row in listed.items():
                    assert ("budget" in said[id, "read"].hidden) == (row.get("budget") is None)
                    if said[id, "update"].allowed:
                        _check_writing(mine, id, said[id, "update"])
        for told in said.values():
            _check_reasons(told)


def _happens(mine: resources.Resource, id: UUID, action: str) -> bool:
    if not current.user.can(mine.permission(action)):
        return False
    current.session.expire_all()
    try:
        store.get(mine, id, action=action)
    except (NotFound, Denied):
        return False
    return True


def _check_writing(mine: resources.Resource, id: UUID, told: Explanation) -> None:
    try:
        with current.session.begin_nested() as attempt:
            store.update(mine, id, {"budget": "11"})
            attempt.rollback()
        written = True
    except Invalid:
        written = False
    current.session.expire_all()
    assert written == ("budget" not in {*told.readonly, *told.hidden})


def _check_reasons(told: Explanation) -> None:
    if told.allowed:
        assert any(because.counts and because.holds for because in told.because)
        assert not told.missing
    else:
        assert told.missing


def test_what_is_missing_would_be_enough(desk: Desk) -> None:
    with desk.business.acting(), unit_of_work():
        whole = current.lineup.resources[KEY]
        for id in desk.leads:
            told = explain(desk.give([f"{KEY}.read"], []), whole, "update", id)
            assert not told.allowed
            (group,) = told.missing
            for grant in group:
                assert explain(desk.give([f"{KEY}.read"], [grant]), whole, "update", id).allowed
        assert told.missing == ((f"{KEY}.update:shop.small", f"{KEY}.update"),)
        told = explain(desk.give([f"{KEY}.read:own"], []), whole, "update", desk.leads[1])
        assert told.missing == ((f"{KEY}.update:team", f"{KEY}.update"), (f"{KEY}.read:team", f"{KEY}.read"))


def test_roles_that_are_over_do_not_count(desk: Desk) -> None:
    with desk.business.acting(), unit_of_work():
        whole = current.lineup.resources[KEY]
        desk.give([f"{KEY}.read"], [])
        member = desk.membership(desk.seller)
        for days, allowed in ((0, True), (-1, False)):
            access.give_roles(member, desk.roles, {desk.roles[0]: (None, today() + timedelta(days=days))})
            told = explain(holder(desk.seller.id), whole, "read", desk.leads[2])
            assert told.allowed is allowed
            assert [because.counts for because in told.because] == [allowed]


def test_everybody_takes_as_many_statements_as_one(desk: Desk) -> None:
    with desk.business.acting(), unit_of_work() as session:
        whole, everybody = current.lineup.resources[KEY], holders()
        assert len(everybody) == 4
        counted = []
        for people in (everybody[:1], everybody):
            found: list[str] = []
            note = lambda _c, _cursor, statement, *_rest: found.append(statement)  # noqa: E731, B023
            event.listen(session.get_bind(), "before_cursor_execute", note)
            told = list(explain_all(people, whole, "read", desk.leads[0]))
            event.remove(session.get_bind(), "before_cursor_execute", note)
            counted.append(len(found))
        assert counted[0] == counted[1] > 0
        assert {each.person.id for each in told if each.allowed} == {
            person.id for person in (desk.business.owner, desk.mate, desk.other)
        }
