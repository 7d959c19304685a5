"""The kitchen-sink plugin of the tests: it loads, its tables stand, and only who asks for it has it."""

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.world import Business, World


def test_the_kitchen_is_open_for_whoever_asks(world: World, business: Business) -> None:
    kitchen = world.business("kitchen")
    with kitchen.acting(), unit_of_work():
        orders = current.lineup.resources["kitchen.order"]
        made = resources.create(orders, {"subject": "Lunch", "line": [{"item": "Rice", "quantity": "2"}]})
        assert resources.list_page(orders, columns=["subject"]).rows == [(made.id, "Lunch")]
    with business.acting():
        assert "kitchen.order" not in current.lineup.resources
