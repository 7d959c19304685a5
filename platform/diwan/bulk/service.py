"""Acts on a selection of records. Each is validated, audited and told like an act on one; what can be, can be undone.

It never commits. Permissions are checked here too: a job runs later, with the rights of then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from diwan import jobs, resources
from diwan.db.context import current
from diwan.errors import BadRequest, DiwanError
from diwan.kit.i18n import _, ngettext
from diwan.resources import Resource, search, store, undo
from diwan.resources.bulk import Change, Outcome, Written, delete_many, set_archived_many, update_many
from diwan.resources.filters import compile_filter
from diwan.resources.lookup import find_by_id
from diwan.resources.values import parse_values

RUN = "core.bulk.run"
MOST_AT_ONCE = 1_000
VERBS = {"archive": "update", "restore": "update", "delete": "delete", "edit": "update"}
"""What can be done, and the right that it takes."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Records by id, or all that a list shows."""

    ids: tuple[UUID, ...] = ()
    everything: bool = False
    where: Any = None
    search: str = ""
    archived: bool = False


@dataclass(slots=True)
class Done:
    """What became of an act: how many records it changed, why others were refused, and the step that undoes it."""

    changed: int = 0
    refused: list[str] = field(default_factory=list)
    undo: UUID | None = None


def count(resource: Resource, selection: Selection) -> int:
    """Return how many records are selected."""
    if not selection.everything:
        return len(selection.ids)
    cap = 100_000_000
    return resources.count(resource, selection.where, selection.search, cap, selection.archived).number


def pick(resource: Resource, selection: Selection, limit: int, after: UUID | None = None) -> list[UUID]:
    """Return the ids of selected records in their order, at most `limit`, from behind `after`."""
    if not selection.everything:
        chosen = sorted(id for id in selection.ids if after is None or id > after)
        return chosen[:limit]
    table = resource.table
    archived = table.c.archived_at
    statement = resource.rows(table.c.id)
    statement = statement.where(archived.is_not(None) if selection.archived else archived.is_(None))
    if selection.where:
        statement = statement.where(compile_filter(resource, selection.where))
    found = search.matches(resource, selection.search) if selection.search.strip() else None
    if found is not None:
        statement = statement.where(found)
    if after is not None:
        statement = statement.where(table.c.id > after)
    statement = statement.order_by(table.c.id).limit(limit)
    return list(current.session.connection().execute(statement).scalars())


def apply(
    resource: Resource,
    verb: str,
    ids: Sequence[UUID],
    values: Mapping[str, Any] | None = None,
    *,
    undoable: bool = True,
) -> Done:
    """Do it to these records; those that are not there any more are left out. Raises Denied, Invalid, BadRequest."""
    _permit(resource, verb)
    typed: Mapping[str, Any] = {}
    if verb == "edit":
        typed = parse_values(resource, values or {}, partial=True)
        store.check_references(resource, typed)
    current.session.expire_all()  # records are written past the session
    records = list(find_by_id(resource, ids, lock=True).values())
    outcomes: list[Outcome]
    if verb == "edit":
        outcomes = update_many(resource, [Change(record, typed) for record in records])
    elif verb == "delete":
        outcomes = delete_many(resource, records)
    else:
        outcomes = list(set_archived_many(resource, records, archived=verb == "archive"))
    current.session.expire_all()
    return _settle(resource, verb, outcomes, undoable=undoable and verb != "delete")


def begin(resource: Resource, verb: str, selection: Selection, values: Mapping[str, Any] | None = None) -> UUID:
    """Ask for it as a job; return the job's id. Raises Denied, Invalid, BadRequest now rather than then."""
    _permit(resource, verb)
    if verb == "edit":
        store.check_references(resource, parse_values(resource, values or {}, partial=True))
    if selection.where:
        compile_filter(resource, selection.where)
    payload = {
        "resource": resource.key, "verb": verb, "values": dict(values or {}), "total": count(resource, selection),
        "where": selection.where, "search": selection.search, "archived": selection.archived,
        "ids": None if selection.everything else [str(id) for id in selection.ids],
    }  # fmt: skip
    return jobs.enqueue(RUN, payload)


def told(verb: str, done: Done) -> str:
    """Return what was done, in words."""
    n = done.changed
    sentences = {
        "archive": ngettext("%(n)s record was archived.", "%(n)s records were archived.", n),
        "restore": ngettext("%(n)s record was restored.", "%(n)s records were restored.", n),
        "delete": ngettext("%(n)s record was deleted.", "%(n)s records were deleted.", n),
        "edit": ngettext("%(n)s record was changed.", "%(n)s records were changed.", n),
    }
    if not done.refused:
        return sentences[verb]
    left = ngettext("%(n)s was left as it is: %(why)s", "%(n)s were left as they are: %(why)s", len(done.refused),
                    why=done.refused[0])  # fmt: skip
    return f"{sentences[verb]} {left}" if n else left


def _permit(resource: Resource, verb: str) -> None:
    if verb not in VERBS:
        raise BadRequest(_("This cannot be done with several records; known: %(known)s.", known=", ".join(VERBS)))
    resource.require(VERBS[verb])


def _settle(resource: Resource, verb: str, outcomes: Sequence[Outcome], *, undoable: bool) -> Done:
    written = [outcome for outcome in outcomes if isinstance(outcome, Written) and (outcome.before or verb == "delete")]
    done = Done(len(written), [str(outcome) for outcome in outcomes if isinstance(outcome, DiwanError)])
    if undoable and written:
        changes = [{"id": w.id, "version": w.version, "before": w.before} for w in written]
        done.undo = undo.record(resource, told(verb, done), changes)
    return done
