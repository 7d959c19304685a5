"""Somebody with every right in a business that has every kind of field, and a record to send things to."""

from __future__ import annotations

import pytest

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.fuzzing import Walker
from diwan.testing.world import World


@pytest.fixture
def walker(world: World) -> Walker:
    return Walker(world.business("contacts", "kitchen", "loans"))


@pytest.fixture
def order(walker: Walker) -> str:
    """The id of an order with a line; there are a client and a contact, too."""
    with walker.business.acting(), unit_of_work():
        lineup = current.lineup.resources
        client = resources.create(lineup["kitchen.client"], {"name": "Falcon"}).id
        line = {"item": "Rice", "quantity": 2}
        values = {"subject": "Lunch", "client": str(client), "guests": 3, "line": [line]}
        made = resources.create(lineup["kitchen.order"], values)
        resources.create(lineup["contacts.contact"], {"name": "Mariam"})
        return str(made.id)
