"""Contacts: the people and organisations of a business, everyone's base.

Other modules meet them through the `Contacts` service and the key "contacts.contact", never through these tables.
"""

from diwan.plugin import Plugin

plugin = Plugin(__name__)
_ = plugin.gettext

plugin.role(
    _("Contacts: manager"),
    key="manager",
    grants=["contacts.*"],
    help=_("Reads, changes, imports and exports all contacts."),
)
plugin.role(
    _("Contacts: reader"),
    key="reader",
    grants=["contacts.contact.read"],
    help=_("Sees contacts without changing them."),
)
