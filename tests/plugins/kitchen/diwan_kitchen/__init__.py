"""Kitchen sink: orders, lines and clients with every kind of field, installed for tests only (see tests/conftest.py).

It must stay out of what people install; what it shows of the platform belongs into the examples.
"""

from diwan.plugin import Plugin

plugin = Plugin(__name__)
_ = plugin.gettext

plugin.role(_("Kitchen: cook"), key="cook", grants=["kitchen.*"])
