"""Equipment loans: who has which piece of equipment, and until when."""

from datetime import date, timedelta  # noqa: I001  (names below stand side by side)
from decimal import Decimal
from uuid import UUID

from diwan.plugin import (
    Deleting, Derived, Event, Lifecycle, Mapped, Model, Plugin, Refuse, Rows, Section, Stat, State, Status,
    Transition, emit, field, today, use,
)  # fmt: skip
from diwan.services import Contacts, Notifier

plugin = Plugin(__name__)
_ = plugin.gettext


@plugin.settings
class Settings:
    days: int = field(_("Days a loan usually lasts"), default=14, min=1, max=365)
    most: int | None = field(_("Most items one borrower may have"), min=1, help=_("Leave it empty for no limit."))


@plugin.resource(label=_("Item"), labels=_("Equipment"), icon="tools", columns=["name", "serial", "value"])
class Item(Model):
    name: Mapped[str] = field(_("Name"), search=True)
    serial: Mapped[str | None] = field(_("Serial number"), search=True, unique=True)
    value: Mapped[Decimal | None] = field(_("Value"), widget="money")


CYCLE = Lifecycle(
    "state",
    [State("draft", _("Draft"), "mute"), State("out", _("Handed out"), "info"), State("back", _("Returned"), "ok")],
    [
        Transition("lend", _("Hand out"), "draft", "out", requires=["item"], icon="arrow-right", undo="take_back"),
        Transition("give_back", _("Take back"), "out", "back", icon="check", confirm=_("Is everything there?")),
        Transition("take_back", _("Back to draft"), "out", "draft"),
    ],
)
LATE = Status("late", _("Late"), lambda loan: (loan.due < today()) & (loan.state == "out"), "bad")


@plugin.resource(
    label=_("Loan"), labels=_("Loans"), icon="clipboard-list", title="number", sort="-created_at", view="board",
    columns=["number", "item", "borrower", "due", "state", "standing"], filters=["state", "standing", "borrower"],
    form=[Section("", ["number", "item", "borrower", "due", "standing", "note"])],
    lifecycle=CYCLE, derived=[Derived("standing", _("Standing"), [LATE])], group="state", calendar="due",
)  # fmt: skip
class Loan(Model):
    number: Mapped[str] = field(_("Number"), sequence="L-{year}-{n:04}", search=True)
    item: Mapped[UUID | None] = field(_("Item"), ref=Item)
    borrower: Mapped[UUID] = field(_("Borrower"), ref="contacts.contact")
    due: Mapped[date] = field(_("Due"), default=lambda: today() + timedelta(days=plugin.config.days))
    state: Mapped[str] = field(_("State"))
    note: Mapped[str | None] = field(_("Note"), widget="longtext")


class LoanReturned(Event):
    loan: UUID
    borrower: UUID
    days_late: int


@plugin.action(Loan, "lend")  # the code of the transition: it may refuse, or do more
def lend(loan):
    if Loan.count(item=loan.item, state="out"):
        raise Refuse(_("This item is already out."), field="item")
    if plugin.config.most and Loan.count(borrower=loan.borrower, state="out") >= plugin.config.most:
        raise Refuse(_("This borrower has as many items as one may have."), field="borrower")


@plugin.action(Loan, "give_back")
def give_back(loan):
    emit(LoanReturned(loan=loan.id, borrower=loan.borrower, days_late=max(0, (today() - loan.due).days)))


class NewDate:
    until: date = field(_("Until"))
    reason: str | None = field(_("Reason"), widget="longtext")


@plugin.action(Loan, "extend", label=_("Extend"), icon="calendar", when={"state": "out"}, form=NewDate)
def extend(loan, until, reason):
    if until <= loan.due:
        raise Refuse(_("Choose a later day than now."), field="until")
    loan.due, loan.note = until, "\n".join(filter(None, [loan.note, reason]))


@plugin.during(Deleting["contacts.contact"])  # same transaction; may refuse
def keep_borrowers(event):
    if Loan.count(borrower=event.record, state="out"):
        raise Refuse(_("This contact still has equipment."))


@plugin.panel("contacts.contact", label=_("Borrowed equipment"))
def borrowed(contact):
    return Rows(Loan.where(borrower=contact.id, state="out"), columns=["number", "due"])


@plugin.widget(label=_("Overdue loans"))
def overdue():
    late = Loan.count(Loan.due < today(), state="out")
    return Stat(late, tone="bad" if late else "good", link="loans.loan?standing=late")


@plugin.schedule("0 7 * * *", label=_("Remind of late loans"))
def remind():
    if notifier := use(Notifier):
        for loan in Loan.all(Loan.due == today() - timedelta(days=1), state="out"):
            title = _("%(number)s is late", number=loan.number)
            if not notifier.tell_followers("loans.loan", loan.id, title):
                notifier.tell([loan.created_by], title, "", "loans.loan", loan.id)


@plugin.document(Loan, label=_("Loan slip"))  # templates/slip.typ
def slip(loan):
    contacts = use(Contacts)
    return {"loan": loan, "item": Item.get(loan.item), "borrower": contacts and contacts.display_name(loan.borrower)}


plugin.role(_("Equipment keeper"), key="keeper", grants=["loans.*", "contacts.contact.read"])
