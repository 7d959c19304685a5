"""Has a table and no migration for it."""

from diwan.plugin import Mapped, Model, Plugin, field

plugin = Plugin(__name__)


@plugin.resource(label="Thing", labels="Things")
class Thing(Model):
    name: Mapped[str] = field("Name")
