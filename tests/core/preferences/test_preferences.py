"""Settings of a person, and saved views: whose they are, who sees them, who may change them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from diwan import preferences
from diwan.db import current, unit_of_work
from diwan.errors import Denied, Invalid, NotFound, Refuse, TooLarge
from diwan.testing.world import Business

CONTACTS = "contacts.contact"


def test_a_setting_is_one_persons_in_one_business(business: Business, other_business: Business) -> None:
    colleague = business.member("*")
    with business.acting(), unit_of_work():
        preferences.put("list.x", {"columns": ["a"]})
        preferences.put("list.x", {"columns": ["b"]})
        assert preferences.get("list.x") == {"columns": ["b"]}
        assert preferences.get("other", 7) == 7
    with business.acting(colleague), unit_of_work():
        assert preferences.get("list.x") is None
    with other_business.acting(business.owner), unit_of_work():
        assert preferences.get("list.x") is None
    with business.acting(), unit_of_work():
        preferences.forget("list.x")
        assert preferences.get("list.x") is None


def test_a_setting_has_an_end(business: Business) -> None:
    with business.acting(), pytest.raises(TooLarge), unit_of_work():
        preferences.put("x", "a" * 30_000)


def test_my_views_are_mine_and_shared_ones_are_for_all(business: Business, other_business: Business) -> None:
    reader = business.member("contacts.contact.read")
    with business.acting(), unit_of_work():
        mine = preferences.make_view(CONTACTS, "  My   view ", {"search": "x"}).id
        shared = preferences.make_view(CONTACTS, "Ours", {}, shared=True).id
        assert [v.name for v in preferences.setup(CONTACTS).views] == ["My view", "Ours"]
        assert preferences.setup("contacts.address").views == ()
    with business.acting(reader), unit_of_work():
        [seen] = preferences.setup(CONTACTS).views
        assert (seen.id, seen.mine, seen.changeable) == (shared, False, False)
        with pytest.raises(NotFound):
            preferences.get_view(CONTACTS, mine)
        for forbidden in (
            lambda: preferences.update_view(CONTACTS, shared, name="Theirs"),
            lambda: preferences.delete_view(CONTACTS, shared),
            lambda: preferences.make_view(CONTACTS, "For all", {}, shared=True),
        ):
            with pytest.raises(Denied):
                forbidden()
        preferences.make_view(CONTACTS, "Only me", {})
    with other_business.acting(), unit_of_work():
        assert preferences.setup(CONTACTS).views == ()
        with pytest.raises(NotFound):
            preferences.delete_view(CONTACTS, shared)


def test_a_view_is_renamed_changed_shared_and_removed(business: Business) -> None:
    with business.acting(), unit_of_work():
        id = preferences.make_view(CONTACTS, "A", {"search": "x"}).id
        preferences.update_view(CONTACTS, id, name="B", definition={"search": "y"}, shared=True)
        [view] = preferences.setup(CONTACTS).views
        assert (view.name, view.definition, view.shared) == ("B", {"search": "y"}, True)
        assert preferences.delete_view(CONTACTS, id) == "B"
        with pytest.raises(NotFound):
            preferences.get_view(CONTACTS, id)
        with pytest.raises(NotFound):
            preferences.update_view(CONTACTS, uuid4(), name="C")


def test_the_view_in_which_a_list_opens(business: Business) -> None:
    member = business.member("contacts.contact.read")
    with business.acting(), unit_of_work():
        first = preferences.make_view(CONTACTS, "A", {}, shared=True, everybody=True)
        second = preferences.make_view(CONTACTS, "B", {}, shared=True, everybody=True)
        current.session.refresh(first)
        assert (first.is_default, second.is_default) == (False, True)
        with pytest.raises(Invalid):
            preferences.make_view(CONTACTS, "C", {}, everybody=True)
    with business.acting(member), unit_of_work():
        default = preferences.setup(CONTACTS).default
        assert default
        assert default.name == "B"
        preferences.put(f"list.{CONTACTS}", {"view": str(first.id)})
        default = preferences.setup(CONTACTS).default
        assert default
        assert default.name == "A"
        preferences.put(f"list.{CONTACTS}", {"view": "all"})
        assert preferences.setup(CONTACTS).default is None
    with business.acting(), unit_of_work():
        preferences.update_view(CONTACTS, second.id, shared=False)
        assert preferences.setup(CONTACTS).default is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_view_needs_a_name_of_some_length(business: Business, name: str) -> None:
    with business.acting(), unit_of_work(), pytest.raises(Invalid):
        preferences.make_view(CONTACTS, name, {})


def test_views_have_an_end(business: Business) -> None:
    with business.acting(), unit_of_work():
        for number in range(50):
            preferences.make_view(CONTACTS, f"V{number}", {})
        with pytest.raises(Refuse):
            preferences.make_view(CONTACTS, "One more", {})
