"""The job of an act on very many records, batch by batch.

Each batch is one transaction. After a crash it begins again: what is done already is found done and costs nothing.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from diwan import jobs
from diwan.bulk.service import RUN, Done, Selection, apply, pick, told
from diwan.db import current, unit_of_work
from diwan.resources import Resource

BATCH = 500
TIMEOUT = 4 * 3600


@jobs.job(RUN, batches=True, timeout=TIMEOUT)
def run_bulk(
    resource: str,
    verb: str,
    values: dict[str, Any],
    total: int,
    where: Any,
    search: str,
    archived: bool,
    ids: list[str] | None,
) -> None:
    """Do it to all that is selected."""
    subject: Resource | None = current.lineup.resources.get(resource)
    if subject is None:
        raise jobs.Abandon(f"{resource} is off")
    chosen = tuple(UUID(id) for id in ids or ())
    selection = Selection(chosen, ids is None, where, search, archived)
    sum_up, seen, after = Done(), 0, None
    while True:
        with unit_of_work():
            batch = pick(subject, selection, BATCH, after)
            if not batch:
                jobs.progress(max(seen, total), max(seen, total), told(verb, sum_up))
                return
            done = apply(subject, verb, batch, values, undoable=False)
            seen, after = seen + len(batch), batch[-1]
            sum_up.changed += done.changed
            sum_up.refused += done.refused if len(sum_up.refused) < 10_000 else []
            jobs.progress(seen, max(seen, total), told(verb, sum_up))
