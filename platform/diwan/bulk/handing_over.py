"""Giving all that belongs to a person to somebody else: at once, or as a job that works batch by batch.

It may run twice: what is given already belongs to the heir and is not met again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from diwan import audit, jobs, notifications
from diwan.access import service as access
from diwan.collaboration import handover
from diwan.collaboration.handover import BATCH, TASKS, TEAMS
from diwan.db import current, unit_of_work
from diwan.kit import formats, i18n
from diwan.kit.i18n import _, listed, ngettext
from diwan.kit.ids import uuid7
from diwan.tenants import people
from diwan.tenants.models import Membership
from diwan.users.models import User

RUN = "core.handover.run"
KIND = "handover"
PERMISSION = "core.member.update"
TIMEOUT = 4 * 3600
AT_ONCE = 500
DAY = timedelta(days=1)


def hand_over(membership_id: UUID, heir: UUID) -> UUID | str:
    """Give what belongs to a member to the heir; return what was done, in words, or the id of the job that does it.

    Whoever asks must hold what the member holds, or they could give themselves what they do not reach. Raises Denied,
    NotFound, Invalid.
    """
    current.require(PERMISSION)
    _membership, user = people.find_member(membership_id)
    access.require_may_give(access.roles_of_members().get(membership_id, []))
    handover.check_heir(user.id, heir)
    before = handover.belongings(user.id)
    if before.in_records > AT_ONCE:
        return begin(user.id, heir)
    given, kept, seen = 0, list[str](), dict[str, UUID]()
    while True:
        moved, refused = handover.hand_over_records(user.id, heir, seen=seen)
        given, kept = given + moved, kept or refused
        if not moved and not refused:
            break
    given += handover.hand_over_rest(user.id, heir)
    _settle(user.id, heir, before.numbers(), uuid7())
    return _told(given, kept)


def begin(former: UUID, heir: UUID) -> UUID:
    """Ask for it as a job, which the person who asks sees and can follow; return the job's id. Raises Invalid."""
    handover.check_heir(former, heir)
    found = handover.belongings(former)
    payload = {
        "former": str(former), "heir": str(heir), "total": found.total, "numbers": found.numbers(),
        "act": str(uuid7()),
    }  # fmt: skip
    return jobs.enqueue(RUN, payload)


@jobs.job(RUN, batches=True, timeout=TIMEOUT)
def run_handover(former: str, heir: str, total: int, numbers: Mapping[str, int], act: str) -> None:
    """Give records, then tasks and teams."""
    current.require(PERMISSION)
    mine, theirs = UUID(former), UUID(heir)
    given, kept, seen = 0, list[str](), dict[str, UUID]()
    while True:
        with unit_of_work():
            moved, refused = handover.hand_over_records(mine, theirs, BATCH, seen)
            given, kept = given + moved, kept or refused
            jobs.progress(given, max(given, total), _told(given, kept))
        if not moved and not refused:
            break
    with unit_of_work():
        given += handover.hand_over_rest(mine, theirs)
        _settle(mine, theirs, numbers, UUID(act))
        jobs.progress(max(given, total), max(given, total), _told(given, kept))


def in_words(numbers: Mapping[str, int]) -> str:
    """Return how many there are of what: "Leads: 1,203, Tasks: 4"."""
    return listed(
        _("%(what)s: %(n)s", what=_label(key), n=formats.number(number)) for key, number in numbers.items() if number
    )


def _label(key: str) -> object:
    known = {TASKS: _("Tasks"), TEAMS: _("Teams led")}
    resource = current.lineup.whole.resources.get(key)
    return resource.labels if resource is not None else known.get(key, key)


def _settle(former: UUID, heir: UUID, before: Mapping[str, int], act: UUID) -> None:
    """Write the act into the log and tell the heir, once, however often the job was run."""
    left = handover.belongings(former).numbers()
    given = {key: number - left.get(key, 0) for key, number in before.items()}
    given = {key: number for key, number in given.items() if number > 0}
    if not given or notifications.told_lately(KIND, "", [act], DAY):
        return
    users = {user.id: user for user in current.session.scalars(select(User).where(User.id.in_((former, heir))))}
    membership = select(Membership.id).where(Membership.user_id == former)
    audit.record(
        "handed_over", "core.member", current.session.scalar(membership), users[former].name,
        before={"belonged_to": users[former].name}, after={"belonged_to": users[heir].name, "records": in_words(given)},
    )  # fmt: skip
    spoken = i18n.set_language(users[heir].language or current.tenant.language)
    try:
        title = _("You took over what belonged to %(name)s", name=users[former].name)
        notifications.notify([heir], KIND, title, in_words(given), "", act)
    finally:
        i18n.reset_language(spoken)


def _told(given: int, kept: list[str]) -> str:
    text = str(ngettext("%(n)s was handed over.", "%(n)s were handed over.", given, n=formats.number(given)))
    return f"{text} {_('Others stay as they are: %(why)s', why=kept[0])}" if kept else text
