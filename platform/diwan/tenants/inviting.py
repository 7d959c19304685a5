"""Invitations of many people at once: addresses out of whatever was pasted, and what became of each.

It must not stop at a wrong one: those that are right are invited, and whoever asks sees the others again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from diwan.access import service as access
from diwan.db.context import current
from diwan.errors import Invalid, TooMany
from diwan.kit.i18n import LazyText, _
from diwan.tenants import people
from diwan.tenants.models import Invitation, Membership
from diwan.users import service as users
from diwan.users.models import User

MOST = 200
LONGEST_SHOWN = 100
INVITED, AGAIN, MEMBER, DISABLED, WRONG, LATER = "invited", "again", "member", "disabled", "wrong", "later"
WORDS: dict[str, LazyText] = {
    INVITED: _("Invited"),
    AGAIN: _("Invited already; sent again with a new link"),
    MEMBER: _("Works here already"),
    DISABLED: _("Was disabled here. Enable them in the list instead."),
    WRONG: _("Not an e-mail address"),
    LATER: _("Not sent: too many invitations for now. Send this one later."),
}
LINES = re.compile(r"[\n\r;]+")
ADDRESS = re.compile(r"""[^\s,<>()"'\[\]]*@[^\s,<>()"'\[\]]*""")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of the texts: an address in its normal form, or what is none."""

    text: str
    state: str

    @property
    def is_sent(self) -> bool:
        return self.state in (INVITED, AGAIN)


def pieces(text: str) -> Iterator[str]:
    """Return what was typed piece by piece: "Ann <a@b.c>; d@e.f" gives two addresses.

    Names beside an address and other cells of its row are left out; what has no address at all is a piece, too.
    """
    for line in LINES.split(text):
        spread = "<" in line or "\t" in line  # a comma may be part of a name, a cell may say something else
        for part in [line] if spread else line.split(","):
            found = [address.removeprefix("mailto:").strip(".") for address in ADDRESS.findall(part)]
            yield from found or filter(None, [" ".join(part.split())])


def invite_many(text: str, role_keys: Iterable[str]) -> list[Outcome]:
    """Invite each address of a text, all with the same roles; return what became of each, in their order.

    Raises Invalid (no address, too many, no role), Denied.
    """
    typed = list(dict.fromkeys(pieces(text)))
    if not typed:
        raise Invalid({"email": _("Enter at least one e-mail address.")})
    if len(typed) > MOST:
        raise Invalid({"email": _("At most %(most)s at once; these are %(n)s.", most=MOST, n=len(typed))})
    roles = access.roles_named(role_keys)
    if not roles:
        raise Invalid({"roles": _("Choose at least one role.")})
    access.require_may_give(roles)
    outcomes = _judged(typed)
    wanted = [outcome.text for outcome in outcomes if outcome.is_sent]
    sent = _take(wanted)
    people.end_invitations(wanted[:sent])
    known = select(User.email, User.language).where(User.email.in_(wanted[:sent]))
    languages = {row.email: row.language for row in current.session.execute(known)}
    late = set(wanted[sent:])
    keys = [role.key for role in roles]
    for outcome in outcomes:
        if outcome.is_sent and outcome.text not in late:
            action = "invited" if outcome.state == INVITED else "invited_again"
            people.send_invitation(outcome.text, keys, action, languages.get(outcome.text) or current.tenant.language)
    return [Outcome(outcome.text, LATER) if outcome.text in late else outcome for outcome in outcomes]


def _judged(typed: Iterable[str]) -> list[Outcome]:
    """Return what may become of each, in three statements however many there are; an address comes once."""
    found: dict[str, str] = {}
    for piece in typed:
        try:
            found[users.normal_email(piece)] = INVITED
        except Invalid:
            found[piece[:LONGEST_SHOWN]] = WRONG
    emails = [email for email, state in found.items() if state == INVITED]
    invited = select(Invitation.email).where(
        Invitation.email.in_(emails), Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
    )
    found |= dict.fromkeys(current.session.scalars(invited), AGAIN)
    members = (
        select(User.email, Membership.state)
        .join(Membership, User.id == Membership.user_id)
        .where(Membership.tenant_id == current.tenant.id, User.email.in_(emails))
    )
    for email, state in current.session.execute(members):
        found[email] = MEMBER if state == "active" else DISABLED
    return [Outcome(text, state) for text, state in found.items()]


def _take(emails: list[str]) -> int:
    """Count the invitations against the limit of the business; return how many may go."""
    for number in range(len(emails)):
        try:
            people.INVITATIONS.take(str(current.tenant.id))
        except TooMany:
            return number
    return len(emails)
