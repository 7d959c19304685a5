"""The Notifier that plugins use: only people of the business, only those who may read what it leads to."""

from __future__ import annotations

from uuid import uuid4

from diwan import collaboration, notifications, resources
from diwan.db import current, unit_of_work
from diwan.services import Notifier, use
from diwan.testing.world import Business, Person, World


def titles(business: Business, person: Person) -> list[str]:
    with business.acting(person), unit_of_work():
        return [found.title for found in notifications.latest()]


def test_a_plugin_tells_people_who_may_know(world: World) -> None:
    business = world.business("contacts")
    reader, stranger = business.member("contacts.contact.read"), business.member()
    outside = world.business("contacts").owner
    with business.acting(), unit_of_work():
        contact = current.lineup.resources["contacts.contact"]
        id = resources.create(contact, {"name": "Ada"}).id
        notifier = use(Notifier)
        assert notifier is not None
        everyone = [reader.id, stranger.id, business.owner.id, outside.id, uuid4(), None]
        assert notifier.tell(everyone, "plain") == 3
        assert notifier.tell(everyone, "led", "why", "contacts.contact", id) == 2
        assert notifier.tell(everyone, "off", "", "nothing.here", id) == 0
        collaboration.follow(contact, id, [reader.id, stranger.id, business.owner.id])
        assert notifier.tell_followers("contacts.contact", id, "followed") == 1
        assert notifier.tell_permitted("contacts.contact.read", "permitted") == 1
    assert titles(business, reader) == ["permitted", "followed", "led", "plain"]
    assert titles(business, stranger) == ["plain"]
    assert titles(business, business.owner) == ["led", "plain"]


def test_without_a_business_there_is_no_notifier() -> None:
    assert use(Notifier) is None
