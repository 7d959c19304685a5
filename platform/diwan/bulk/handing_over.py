"""The job that gives all that belongs to a person to somebody else, batch by batch.

It may run twice: what is given already belongs to the heir and is not met again.
"""

from __future__ import annotations

from uuid import UUID

from diwan import jobs
from diwan.collaboration import handover
from diwan.db import current, unit_of_work
from diwan.kit.i18n import _, ngettext

RUN = "core.handover.run"
TIMEOUT = 4 * 3600


def begin(former: UUID, heir: UUID) -> UUID:
    """Ask for it as a job, which the person who asks sees and can follow; return the job's id. Raises Invalid."""
    handover.check_heir(former, heir)
    payload = {"former": str(former), "heir": str(heir), "total": handover.belongings(former).total}
    return jobs.enqueue(RUN, payload)


@jobs.job(RUN, batches=True, timeout=TIMEOUT)
def run_handover(former: str, heir: str, total: int) -> None:
    """Give records, then tasks and teams."""
    current.require("core.member.update")
    mine, theirs = UUID(former), UUID(heir)
    given, kept = 0, list[str]()
    while True:
        with unit_of_work():
            moved, refused = handover.hand_over_records(mine, theirs)
            given += moved
            kept = refused or kept
            jobs.progress(given, max(given, total), _told(given, kept))
        if not moved:
            break
    with unit_of_work():
        given += handover.hand_over_rest(mine, theirs)
        jobs.progress(max(given, total), max(given, total), _told(given, kept))


def _told(given: int, kept: list[str]) -> str:
    text = str(ngettext("%(n)s was handed over.", "%(n)s were handed over.", given))
    return f"{text} {_('Others stay as they are: %(why)s', why=kept[0])}" if kept else text
