"""Notifications: each person's own, counted, read, never of another."""

from __future__ import annotations

from diwan import notifications
from diwan.db import unit_of_work
from diwan.testing.world import World


def test_a_person_reads_what_they_were_told_and_nothing_else(world: World) -> None:
    business = world.business("contacts")
    one, two = business.member(), business.member()
    with business.acting(), unit_of_work():
        assert notifications.notify([one.id, one.id, two.id, business.owner.id], "mention", "A", "b") == 2
        assert notifications.unread_count() == 0
    with business.acting(one), unit_of_work():
        [found] = notifications.latest()
        assert (found.title, found.body, found.actor_id) == ("A", "b", business.owner.id)
        assert notifications.unread_count() == 1
        assert notifications.mark_read([found.id]) == 1
        assert (notifications.unread_count(), notifications.mark_read()) == (0, 0)
    with business.acting(two), unit_of_work():
        assert notifications.find(found.id) is None
        assert notifications.mark_read([found.id]) == 0
        assert notifications.unread_count() == 1


def test_pages_go_by_key(world: World) -> None:
    business = world.business("contacts")
    with business.acting(), unit_of_work():
        for number in range(5):
            notifications.notify([business.owner.id], "task", str(number), itself=True)
        first = notifications.latest(limit=2)
        assert [each.title for each in first] == ["4", "3", "2"]
        assert [each.title for each in notifications.latest(first[1].id, 2)] == ["2", "1", "0"]
