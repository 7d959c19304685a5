"""The tables of the kitchen: clients, their orders, the lines of an order.

It must declare only; what an order does is in the modules beside it.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from diwan.plugin import Mapped, Model, Section, field

from diwan_kitchen import _, plugin

STATES = {"draft": _("Draft"), "open": _("Open"), "done": _("Done"), "cancelled": _("Cancelled")}
PRIORITIES = {"low": _("Low"), "normal": _("Normal"), "high": _("High")}


@plugin.resource(label=_("Client"), labels=_("Clients"), icon="address-book", columns=["name", "email", "phone", "city"])
class Client(Model):
    """Who orders."""

    name: Mapped[str] = field(_("Name"), search=True)
    email: Mapped[str | None] = field(_("E-mail"), widget="email", search=True)
    phone: Mapped[str | None] = field(_("Telephone"), widget="phone")
    city: Mapped[str | None] = field(_("City"))


@plugin.resource(
    label=_("Order"),
    labels=_("Orders"),
    icon="stack",
    title="subject",
    columns=["subject", "client", "state", "priority", "due_on"],
    filters=["state", "priority", "client"],
    sort="-created_at",
    form=[
        Section(_("Order"), ["subject", "client", "state", "priority", "parent"]),
        Section(_("When"), ["due_on", "starts_at", "ends_at"]),
        Section(_("More"), ["urgent", "guests", "note"]),
    ],
    group="state",
    calendar=["starts_at", "ends_at"],
    parent="parent",
)
class Order(Model):
    """What a client wants."""

    subject: Mapped[str] = field(_("Subject"), search=True)
    client: Mapped[UUID | None] = field(_("Client"), ref=Client)
    state: Mapped[str] = field(_("State"), choices=STATES, default="draft")
    priority: Mapped[str] = field(_("Priority"), choices=PRIORITIES, default="normal")
    parent: Mapped[UUID | None] = field(_("Part of"), ref="kitchen.order")
    due_on: Mapped[date | None] = field(_("Due on"))
    starts_at: Mapped[datetime | None] = field(_("Starts"))
    ends_at: Mapped[datetime | None] = field(_("Ends"))
    urgent: Mapped[bool] = field(_("Urgent"), default=False)
    guests: Mapped[int | None] = field(_("Guests"), min=1)
    note: Mapped[str | None] = field(_("Note"), widget="longtext", wide=True)


@plugin.resource(label=_("Line"), labels=_("Lines"), title="item", part_of="order")
class Line(Model):
    """One thing of an order."""

    order: Mapped[UUID] = field(_("Order"), ref=Order, ondelete="cascade")
    item: Mapped[str] = field(_("Item"))
    quantity: Mapped[Decimal] = field(_("Quantity"), default=Decimal(1), min=0)
