"""What other modules get from the `Contacts` service, with and without the module."""

from __future__ import annotations

import pytest

from diwan.db import unit_of_work
from diwan.errors import Invalid
from diwan.kit import i18n
from diwan.services import Contacts, use
from diwan.testing.world import Business, World


def test_a_contact_is_added_found_and_named_in_the_readers_language(business: Business) -> None:
    with business.acting(), unit_of_work():
        contacts = use(Contacts)
        assert contacts is not None
        id = contacts.create("Zahra", kind="person", email="Zahra@Example.com", roles=["customer"])
        assert contacts.find_by_email(" zahra@example.COM ") == id
        assert contacts.find_by_email("nobody@example.com") is None
        assert contacts.display_name(id) == "Zahra"
        from diwan_contacts.models import Contact

        found = Contact.get(id)
        assert found is not None
        found.name_ar = "زهرة"
        token = i18n.set_language("ar")
        assert contacts.display_name(id) == "زهرة"
        i18n.reset_language(token)
        with pytest.raises(Invalid):
            contacts.create("", kind="person")


def test_without_the_module_nobody_offers_contacts(world: World) -> None:
    with world.business("hello").acting():
        assert use(Contacts) is None
