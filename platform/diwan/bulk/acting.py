"""The jobs of actions: one that takes long with one record, and one with very many records, batch by batch.

They must act as the person who asked, with the rights of now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from diwan import jobs
from diwan.bulk.service import Selection, count, pick
from diwan.db import current, unit_of_work
from diwan.kit.i18n import _, ngettext
from diwan.resources import Resource, actions
from diwan.resources.actions import Done
from diwan.resources.acts import Action

ONE, MANY = "core.action.one", "core.action.many"
BATCH = 50
TIMEOUT = 4 * 3600
MOST_REASONS = 5


@jobs.job(ONE, timeout=TIMEOUT, attempts=1)
def run_one(resource: str, action: str, id: str, values: dict[str, Any]) -> None:
    """Do a long action with one record; all of it is one transaction."""
    subject, act = _find(resource, action)
    actions.perform(subject, act, id, values)


@jobs.job(MANY, batches=True, timeout=TIMEOUT)
def run_many(
    resource: str,
    action: str,
    values: dict[str, Any],
    total: int,
    where: Any,
    search: str,
    archived: bool,
    ids: list[str] | None,
) -> None:
    """Do an action with all that is selected. Begun again, it meets records that refuse because it is done already."""
    subject, act = _find(resource, action)
    chosen = tuple(UUID(id) for id in ids or ())
    selection = Selection(chosen, ids is None, where, search, archived)
    sum_up, seen, after = Done(), 0, None
    while True:
        with unit_of_work():
            batch = pick(subject, selection, BATCH, after)
            if not batch:
                jobs.progress(max(seen, total), max(seen, total), told(act, sum_up))
                return
            done = actions.perform_many(subject, act, batch, values)
            seen, after = seen + len(batch), max(batch)
            sum_up.changed += done.changed
            sum_up.refused += done.refused if len(sum_up.refused) < 10_000 else []
            jobs.progress(seen, max(seen, total), told(act, sum_up))


def begin_one(resource: Resource, action: Action, id: UUID, raw: Mapping[str, Any]) -> UUID:
    """Ask for a long action as a job; return the job's id. Raises what the action would refuse now."""
    actions.check(resource, action, id, raw)
    payload = {"resource": resource.key, "action": action.name, "id": str(id), "values": dict(raw)}
    return jobs.enqueue(ONE, payload)


def begin_many(resource: Resource, action: Action, selection: Selection, raw: Mapping[str, Any]) -> UUID:
    """Ask for an action with very many records as a job; return the job's id."""
    current.require(action.permission)
    payload = {
        "resource": resource.key, "action": action.name, "values": dict(raw), "total": count(resource, selection),
        "where": selection.where, "search": selection.search, "archived": selection.archived,
        "ids": None if selection.everything else [str(id) for id in selection.ids],
    }  # fmt: skip
    return jobs.enqueue(MANY, payload)


def told(action: Action, done: Done) -> str:
    """Return what was done, and why not to all, in words."""
    text = str(
        ngettext("%(action)s: %(n)s record.", "%(action)s: %(n)s records.", done.changed, action=str(action.label))
    )
    if not done.refused:
        return text
    reasons = list(dict.fromkeys(f"{title}: {why}" for title, why in done.refused))
    left = ngettext("%(n)s was left as it is.", "%(n)s were left as they are.", len(done.refused))
    more = f" {_('And more.')}" if len(reasons) > MOST_REASONS else ""
    return f"{text} {left} {' '.join(reasons[:MOST_REASONS])}{more}"


def _find(resource: str, action: str) -> tuple[Resource, Action]:
    subject: Resource | None = current.lineup.resources.get(resource)
    if subject is None or action not in subject.actions:
        raise jobs.Abandon(f"{resource}.{action} is off")
    return subject, subject.actions[action]
