"""A relationship to a class that does not exist."""

from uuid import UUID

from diwan.plugin import Mapped, Model, Plugin, field, relationship

plugin = Plugin(__name__)


@plugin.resource(label="Thing", labels="Things")
class Thing(Model):
    name: Mapped[str] = field("Name")
    owner_id: Mapped[UUID | None] = field("Owner", ref="nowhere.owner")
    owner: Mapped["Owner"] = relationship("Owner")  # type: ignore[name-defined]  # noqa: F821
