"""The tables of the shop.

A lead belongs to its salesperson; what an employee earns is sensitive.
"""

from decimal import Decimal
from uuid import UUID

from diwan.plugin import Lifecycle, Mapped, Model, State, Transition, field
from diwan_shop import _, plugin


@plugin.resource(label=_("Customer"), labels=_("Customers"), icon="address-book", columns=["name", "city", "credit"])
class Customer(Model):
    """Who buys."""

    name: Mapped[str] = field(_("Name"), search=True)
    city: Mapped[str | None] = field(_("City"))
    credit: Mapped[Decimal | None] = field(_("Credit limit"), widget="quantity")


@plugin.resource(
    label=_("Lead"),
    labels=_("Leads"),
    icon="target",
    owner="seller",
    columns=["name", "state", "budget", "customer"],
    lifecycle=Lifecycle(
        "state",
        states=[State("open", _("Open")), State("won", _("Won"), tone="ok")],
        transitions=[Transition("win", _("Win"), "open", "won")],
    ),
)
class Lead(Model):
    """Who may buy one day."""

    name: Mapped[str] = field(_("Name"), search=True)
    state: Mapped[str] = field(_("State"), default="open")
    budget: Mapped[Decimal | None] = field(_("Budget"), widget="quantity")
    customer: Mapped[UUID | None] = field(_("Customer"), ref=Customer)
    seller: Mapped[UUID | None] = field(_("Salesperson"), ref="core.person", default="me")


@plugin.scope(Lead, label=_("Small ones"))
def small(lead):
    """Leads of little money, for who is new."""
    return lead.budget <= Decimal(100)


@plugin.resource(label=_("Employee"), labels=_("Employees"), icon="users", columns=["name", "city", "salary"])
class Employee(Model):
    """Who works there."""

    name: Mapped[str] = field(_("Name"), search=True)
    city: Mapped[str | None] = field(_("City"))
    salary: Mapped[Decimal | None] = field(_("Salary"), widget="quantity", sensitive=True)
