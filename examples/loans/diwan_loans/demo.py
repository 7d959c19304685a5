"""Fills a demo business with equipment and two months of loans.

It must go through the life-cycle, as a keeper at the counter would, and be the same each time.
"""

from datetime import timedelta
from decimal import Decimal
from random import Random

from diwan.plugin import act, today, use
from diwan.services import Contacts

from diwan_loans import Item, Loan, plugin

_ = plugin.gettext
EQUIPMENT = (
    (_("Drill"), 145), (_("Ladder"), 95), (_("Projector"), 620), (_("Pallet truck"), 480), (_("Laser level"), 230),
    (_("Generator"), 1250), (_("Pressure washer"), 310), (_("Camera"), 890), (_("Label printer"), 275),
    (_("Conference telephone"), 340), (_("Heat gun"), 60), (_("Platform scale"), 415),
)  # fmt: skip
PEOPLE = "Janet", "Margaret", "Steven", "Michael", "Robert", "Laura", "Anne"


@plugin.demo
def loans():
    """Lend each piece of equipment two or three times in turn; the last time it may still be out, or late."""
    if not (contacts := use(Contacts)):
        return
    chance, people = Random(1448), [borrower(contacts, name) for name in PEOPLE]  # noqa: S311 - the same each time
    for number, (name, value) in enumerate(EQUIPMENT):
        item = Item.add(name=str(name), value=Decimal(value), serial=f"{number + 1:02}-{chance.randrange(10**6):06}")
        due = today() - timedelta(days=chance.randint(38, 56))
        for _turn in range(2):
            act(lent(item, chance.choice(people), due), "give_back")
            due += timedelta(days=chance.randint(12, 18))
        due = today() + timedelta(days=(number * 5) % 17 - 4)
        if number % 4 == 3:
            Loan.add(item=item.id, borrower=chance.choice(people), due=due + timedelta(days=9))
        else:
            lent(item, chance.choice(people), due)


def lent(item, borrower, due):
    """Return a loan that was handed out."""
    return act(Loan.add(item=item.id, borrower=borrower, due=due), "lend")


def borrower(contacts, name):
    """Return one of the people whom the demo of contacts brings."""
    address = f"{name.lower()}@northwind.example"
    return contacts.find_by_email(address) or contacts.create(name, kind="person", email=address)
