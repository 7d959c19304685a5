"""Shop: leads, customers and employees, on which the tests of rights are walked (see tests/conftest.py).

It must stay out of what people install, and as small as a business that a person can think through.
"""

from diwan.plugin import Plugin

plugin = Plugin(__name__)
_ = plugin.gettext

plugin.role(
    _("Shop: seller"),
    key="seller",
    grants=["shop.lead.read:own", "shop.lead.create:own", "shop.lead.update:own", "shop.customer.read-credit"],
)
