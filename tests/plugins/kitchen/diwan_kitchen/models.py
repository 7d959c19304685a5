"""The tables of the kitchen: clients, their orders, the lines of an order.

It must declare only; what an order does is in the modules beside it.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from diwan.plugin import Mapped, Model, Section, field
from diwan_kitchen import _, plugin

STATES = {"draft": _("Draft"), "open": _("Open"), "done": _("Done"), "cancelled": _("Cancelled")}
PRIORITIES = {"low": _("Low"), "normal": _("Normal"), "high": _("High")}


@plugin.resource(
    label=_("Client"), labels=_("Clients"), icon="address-book", columns=["name", "email", "phone", "city"]
)
class Client(Model):
    """Who orders."""

    name: Mapped[str] = field(_("Name"), search=True)
    email: Mapped[str | None] = field(_("E-mail"), widget="email", search=True)
    phone: Mapped[str | None] = field(_("Telephone"), widget="phone")
    city: Mapped[str | None] = field(_("City"))
    address: Mapped[dict | None] = field(_("Address"), widget="address", search=True)
    shop_key: Mapped[str | None] = field(_("Key of the shop"), secret=True)
    certificate: Mapped[str | None] = field(_("Certificate"), widget="longtext", secret=True, help=_("PEM"))


def total(order) -> Decimal:
    return sum((line.amount or Decimal(0) for line in order.line), Decimal(0))


@plugin.resource(
    label=_("Order"),
    labels=_("Orders"),
    icon="stack",
    title="subject",
    columns=["subject", "number", "client", "state", "priority", "due_on", "total", "tags"],
    filters=["state", "priority", "client"],
    sort="-created_at",
    form=[
        Section(_("Order"), ["number", "subject", "name", "client", "others", "state", "priority", "parent"]),
        Section(_("When"), ["due_on", "starts_at", "ends_at", "length"], tab=_("Plan")),
        Section(_("Money"), ["currency", "discount", "deposit", "total"]),
        Section(
            _("More"),
            tab=_("More"),
            fields=["tags", "colour", "image", "contract", "urgent", "guests", "weight", "about", "note"],
        ),
    ],
    group="state",
    calendar=["starts_at", "ends_at"],
    parent="parent",
)
class Order(Model):
    """What a client wants."""

    subject: Mapped[str] = field(_("Subject"), search=True)
    number: Mapped[str] = field(_("Number"), sequence="O-{year}-{n:04}", search=True)
    name: Mapped[dict | None] = field(_("Name on the bill"), widget="bilingual", search=True)
    client: Mapped[UUID | None] = field(_("Client"), ref=Client)
    others: Mapped[list[UUID]] = field(_("Other clients"), ref=Client)
    state: Mapped[str] = field(_("State"), choices=STATES, default="draft")
    priority: Mapped[str] = field(_("Priority"), choices=PRIORITIES, default="normal")
    parent: Mapped[UUID | None] = field(_("Part of"), ref="kitchen.order")
    due_on: Mapped[date | None] = field(_("Due on"))
    starts_at: Mapped[datetime | None] = field(_("Starts"))
    ends_at: Mapped[datetime | None] = field(_("Ends"))
    length: Mapped[timedelta | None] = field(_("Length"), min=timedelta(0))
    currency: Mapped[str | None] = field(_("Currency"), widget="currency")
    discount: Mapped[Decimal | None] = field(_("Discount"), widget="percent", min=0, max=100)
    deposit: Mapped[Decimal | None] = field(_("Deposit"), widget="money", currency="currency")
    total: Mapped[Decimal | None] = field(_("Total"), widget="money", currency="currency", computed=total)
    tags: Mapped[list[str]] = field(_("Tags"), widget="tags", search=True)
    colour: Mapped[str | None] = field(_("Colour"), widget="colour")
    image: Mapped[UUID | None] = field(_("Picture"), widget="image")
    contract: Mapped[UUID | None] = field(_("Contract"), widget="file")
    urgent: Mapped[bool] = field(_("Urgent"), default=False)
    guests: Mapped[int | None] = field(_("Guests"), min=1)
    weight: Mapped[Decimal | None] = field(_("Weight"), widget="quantity", unit=_("kg"))
    about: Mapped[str | None] = field(_("Description"), widget="richtext", wide=True)
    note: Mapped[str | None] = field(_("Note"), widget="longtext", wide=True)


@plugin.resource(label=_("Line"), labels=_("Lines"), title="item", part_of="order")
class Line(Model):
    """One thing of an order."""

    order: Mapped[UUID] = field(_("Order"), ref=Order, ondelete="cascade")
    position: Mapped[int] = field(_("Position"), readonly=True, default=0)
    item: Mapped[str] = field(_("Item"))
    quantity: Mapped[Decimal] = field(_("Quantity"), widget="quantity", default=Decimal(1), min=0)
    price: Mapped[Decimal | None] = field(_("Price"), widget="money", currency="order.currency")
    amount: Mapped[Decimal | None] = field(
        _("Amount"), widget="money", currency="order.currency", computed="quantity * price"
    )
