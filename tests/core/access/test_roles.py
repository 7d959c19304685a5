"""Roles and grants: arithmetic, and that nobody gives what they do not hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diwan.access import service as access
from diwan.access.permissions import covers, covers_all, intersect
from diwan.db import unit_of_work
from diwan.db.context import Grants
from diwan.errors import Denied, Invalid, NotFound, Refuse
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business

PERMISSIONS = [f"{plugin}.{thing}.{verb}" for plugin in ("a", "ab") for thing in ("x", "xy") for verb in ("r", "u")]
PATTERNS = [*PERMISSIONS, "a.*", "ab.*", "a.x.*", "ab.xy.*", "*"]
some = st.lists(st.sampled_from(PATTERNS), max_size=4)


@settings(deadline=None)
@given(some, some)
def test_intersection_allows_what_both_allow(first: list[str], second: list[str]) -> None:
    both, one, other = Grants.of(intersect(first, second)), Grants.of(first), Grants.of(second)
    for permission in PERMISSIONS:
        assert (permission in both) == (permission in one and permission in other)


@settings(deadline=None)
@given(some, st.sampled_from(PATTERNS))
def test_what_is_covered_allows_nothing_more(mine: list[str], wanted: str) -> None:
    if covers(mine, wanted):
        for permission in PERMISSIONS:
            assert permission not in Grants.of([wanted]) or permission in Grants.of(mine)


@pytest.mark.parametrize(
    ("mine", "wanted", "fine"),
    [
        (["*"], ["*"], True),
        (["a.*"], ["a.x.*", "a.x.r"], True),
        (["a.*"], ["ab.x.r"], False),
        (["a.x.r"], ["a.x.*"], False),
        ([], [], True),
        ([], ["a.x.r"], False),
    ],
)
def test_covers_all(mine: list[str], wanted: list[str], fine: bool) -> None:
    assert covers_all(Grants.of(mine), wanted) is fine


def test_create_change_delete(business: Business) -> None:
    with business.acting(), unit_of_work():
        role = access.create_role("Stock clerk", ["contacts.contact.read"])
        assert role.key == "stock_clerk"
        assert access.create_role("Stock clerk", []).key == "stock_clerk_2"
        access.update_role(role.id, "Clerk", ["contacts.*"])
        assert access.grants_by_role()[role.id] == ["contacts.*"]
        access.delete_role(role.id)
        with pytest.raises(NotFound):
            access.find_role(role.id)


def test_names_and_grants_are_checked(business: Business) -> None:
    with business.acting(), unit_of_work():
        with pytest.raises(Invalid):
            access.create_role(" \n ", [])
        with pytest.raises(Invalid):
            access.create_role("X", ["Contacts.read"])
        with pytest.raises(Invalid):
            access.create_role("X", ["contacts.*.read"])


def test_arabic_names_get_a_key(business: Business) -> None:
    with business.acting(), unit_of_work():
        first, second = access.create_role("أمين المخزن", []), access.create_role("محاسب", [])
        assert first.key != second.key


def test_nobody_gives_or_takes_what_they_do_not_hold(business: Business) -> None:
    clerk = business.member("core.role.update", "contacts.contact.read")
    with business.acting(), unit_of_work():
        strong = access.create_role("Strong", ["contacts.*"])
    with business.acting(clerk), unit_of_work():
        access.create_role("Readers", ["contacts.contact.read"])
        for grants in (["contacts.*"], ["*"], ["contacts.contact.update"]):
            with pytest.raises(Denied):
                access.create_role("More", grants)
        with pytest.raises(Denied):
            access.update_role(strong.id, "Weak", [])


def test_default_roles_stay(app, business: Business) -> None:
    visitor = Visitor(app)
    path = visitor.sign_up()
    page = visitor.get(f"{path}/people").text
    assert "Administrator" in page
    with business.acting(), unit_of_work():
        owner = next(role for role in access.roles() if role.key == "owner")
        with pytest.raises(Refuse):
            access.update_role(owner.id, "Owner", [])
        with pytest.raises(Refuse):
            access.delete_role(owner.id)


def test_suggested_roles_come_once_and_keep_changes(business: Business) -> None:
    with business.acting(), unit_of_work():
        assert access.add_suggested_roles("x", [("x.keeper", "Keeper", ["x.*"])]) == ["x.keeper"]
        role = next(role for role in access.roles() if role.key == "x.keeper")
        assert access.label(role) == "x.keeper"
        access.update_role(role.id, "Keeper of ours", ["x.y.read"])
        assert access.add_suggested_roles("x", [("x.keeper", "Keeper", ["x.*"])]) == []
        assert access.grants_by_role()[role.id] == ["x.y.read"]


def test_another_business_has_no_such_role(business: Business, other_business: Business) -> None:
    with business.acting(), unit_of_work():
        role = access.create_role("Ours", [])
    with other_business.acting(), unit_of_work():
        assert role.id not in {other.id for other in access.roles()}
        with pytest.raises(NotFound):
            access.update_role(role.id, "Theirs", [])


def test_role_pages(business: Business) -> None:
    client = business.client()
    assert client.get(f"{business.url}/people/roles/new").status_code == 200
    made = client.post(f"{business.url}/people/roles/new", data={"name": "Clerk", "g.contacts.contact.read": "own"})
    assert made.status_code == 303
    with business.acting(), unit_of_work():
        role = next(role for role in access.roles() if role.name == "Clerk")
        assert access.grants_by_role()[role.id] == ["contacts.contact.read:own"]
    page = client.get(f"{business.url}/people/roles/{role.id}").text
    assert page.count('<option value="own" selected>') == 1
    refused = business.client(business.member("core.member.read")).get(f"{business.url}/people/roles/new")
    assert refused.status_code == 403


def test_roles_read_in_the_readers_language(app, world) -> None:
    from diwan.kit import i18n

    business = world.business("contacts")
    with business.acting(), unit_of_work():
        access.make_default_roles() if not access.roles() else None
        role = next(role for role in access.roles() if role.key == "owner")
        role.name = ""
        assert access.label(role) == "Owner"
        token = i18n.set_language("ar")
        try:
            assert access.label(role) != "Owner"
            access_role = access.create_role("دورنا", [])
            assert access.label(access_role) == "دورنا"
        finally:
            i18n.reset_language(token)
