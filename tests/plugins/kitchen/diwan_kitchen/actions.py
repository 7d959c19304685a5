"""What the kitchen does with orders: actions with and without questions, long ones, a document; and its settings.

It must hold one of each; what they mean is for the examples.
"""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from diwan.plugin import Refuse, field, progress, render
from diwan_kitchen import _, plugin
from diwan_kitchen.models import Client, Order


@plugin.settings
class Settings:
    guests: int = field(_("Guests of a table"), default=4, min=1, max=99)
    greeting: str | None = field(_("Greeting"), widget="longtext")
    tip: Decimal = field(_("Usual tip"), widget="percent", default=Decimal(10), min=0, max=100)
    spicy: bool = field(_("Spicy"), default=True)
    taste: str = field(_("Taste"), choices={"mild": _("Mild"), "hot": _("Hot")}, default="mild")
    till_key: str | None = field(_("Key of the till"), secret=True)


class Discount:
    discount: Decimal = field(_("Discount"), widget="percent", min=0, max=100)
    client: UUID | None = field(_("Client"), ref=Client)
    reason: str | None = field(_("Reason"), widget="longtext")


@plugin.action(Order, "rush", label=_("Rush"), icon="flame", when={"urgent": False}, undo="calm")
def rush(order):
    order.urgent = True


@plugin.action(Order, "calm", label=_("Calm down"), when={"urgent": True}, undo="rush", tone="mute")
def calm(order):
    order.urgent = False


@plugin.action(Order, "reduce", label=_("Give a discount"), form=Discount, confirm=_("The client will be told."))
def reduce(order, discount, client, reason):
    if discount == 100:
        raise Refuse(_("Nothing is for free."), field="discount")
    order.discount = discount
    order.note = reason
    if client:
        order.client = client


@plugin.action(Order, "spoil", label=_("Spoil"), bulk=False, tone="bad", confirm=_("Really?"))
def spoil(order):
    order.priority = "nonsense"


@plugin.action(Order, "cook", label=_("Cook"), long=True)
def cook(order):
    for step in range(3):
        progress(step, 3, _("Stirring"))
    order.length = timedelta(minutes=30)


@plugin.document(Order, label=_("Bill"))
def bill(order):
    return {"subtitle": "Served hot"}


@plugin.page("/hob", label=_("Hob"))
def hob():
    return render("kitchen/hob.html", title=_("Hob"), pots=["Rice", "<b>Fish</b>"])
