"""A panel for a slot that records do not have."""

from diwan.plugin import Plugin, Stat

plugin = Plugin(__name__)


@plugin.panel("contacts.contact", label="Weather", slot="footer")
def weather(contact):
    return Stat("sunny")
