"""Offers a service without all of its methods."""

from diwan.plugin import Plugin
from diwan.services import Contacts

plugin = Plugin(__name__)


@plugin.provide(Contacts)
class HalfContacts(Contacts):
    def display_name(self, contact):
        return "Somebody"
