"""Many records in one request: all of them or none, or with `?partial=true` each by itself.

It must do to each record what a request of its own would do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from sqlalchemy import any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from diwan.db import current
from diwan.errors import DiwanError, Invalid, NotFound, Refuse, Stale
from diwan.kit.i18n import _
from diwan.resources import Resource, store
from diwan.rest.bodies import Body, read_bodies
from diwan.rest.problems import details, errors_of
from diwan.rest.reading import check_number, flag, read_object, read_version

MOST_ERRORS = 200
Outcome = UUID | DiwanError


def create_many(resource: Resource, drafts: list[Any]) -> list[Outcome]:
    """Create records; return what became of each."""
    check_number(drafts)
    return run(drafts, lambda draft: store.create(resource, read_object(draft)).id)


def update_many(resource: Resource, changes: list[Any]) -> list[Outcome]:
    """Change records, each named by its `id`, if it still has the `version` that comes with it."""
    check_number(changes)
    seen: set[UUID] = set()
    lock(resource, [change.get("id") for change in changes if isinstance(change, dict)])

    def change_one(change: Any) -> UUID:
        values = dict(read_object(change))
        id = _identity(values.pop("id", None), seen)
        version = read_version(values.pop("version", None), "")
        store.update(resource, id, values, version)
        return id

    return run(changes, change_one)


def act_on(resource: Resource, ids: list[Any], act: Callable[[Resource, UUID], object]) -> list[Outcome]:
    """Do one thing to each record; return what became of each."""
    seen: set[UUID] = set()
    lock(resource, ids)

    def act_one(id: Any) -> UUID:
        key = _identity(id, seen)
        act(resource, key)
        return key

    return run(ids, act_one)


def lock(resource: Resource, ids: Sequence[Any]) -> None:
    """Take the records in the order of their ids: requests that meet wait, and none falls into a deadlock."""
    table, keys = resource.table, [key for id in ids if (key := _read_id(id))]
    named = table.c.id == any_(bindparam("ids", keys, type_=ARRAY(Uuid())))
    statement = resource.rows(table.c.id).where(named)
    current.session.connection().execute(statement.order_by(table.c.id).with_for_update())


def run(items: Sequence[Any], act: Callable[[Any], UUID]) -> list[Outcome]:
    """Do something with each item. Raises Invalid with all that is wrong ("3.email") unless the request is partial."""
    partial = flag("partial")
    outcomes: list[Outcome] = []
    for item in items:
        try:
            with current.session.begin_nested() if partial else nullcontext():
                outcomes.append(act(item))
        except DiwanError as error:
            outcomes.append(error)
            # What the database itself refused has ended the transaction: nothing more can be found out.
            if not partial and (error.__cause__ is not None or _refused(outcomes) >= MOST_ERRORS):
                break
    wrong = {number: outcome for number, outcome in enumerate(outcomes) if isinstance(outcome, DiwanError)}
    if wrong and not partial:
        raise Invalid({place: text for number, error in wrong.items() for place, text in _places(number, error)})
    return outcomes


def answer_for(resource: Resource, outcomes: Sequence[Outcome], *, gone: bool = False) -> dict[str, Any]:
    """Return the body that tells what became of each record."""
    done = [outcome for outcome in outcomes if isinstance(outcome, UUID)]
    bodies: Mapping[UUID, Body] = (
        {} if gone else {body["id"]: body for body in read_bodies(resource, done, written=True)}
    )
    if not flag("partial"):
        return {"deleted": len(done)} if gone else {"data": [bodies[id] for id in done]}
    rows: list[dict[str, Any]] = []
    for number, outcome in enumerate(outcomes):
        if isinstance(outcome, DiwanError):
            rows.append({"index": number, "status": outcome.status, "problem": details(outcome)})
        else:
            rows.append(
                {"index": number, "status": 200, "id": outcome, **({} if gone else {"record": bodies[outcome]})}
            )
    return {"outcomes": rows, "succeeded": len(done), "failed": len(rows) - len(done)}


def _refused(outcomes: Sequence[Outcome]) -> int:
    return sum(isinstance(outcome, DiwanError) for outcome in outcomes)


def _places(number: int, error: DiwanError) -> list[tuple[str, object]]:
    """Where in the request something is wrong, and what."""
    if isinstance(error, NotFound):
        return [(f"{number}.id", error)]
    if isinstance(error, Stale):
        return [(f"{number}.version", error)]
    found = errors_of(error)
    return [(f"{number}.{name}", text) for name, text in found.items()] or [(str(number), error)]


def _read_id(id: Any) -> UUID | None:
    try:
        return UUID(id) if isinstance(id, str) else None
    except ValueError:
        return None


def _identity(id: Any, seen: set[UUID]) -> UUID:
    key = _read_id(id)
    if key is None:
        raise (
            NotFound(_("There is no such record."))
            if isinstance(id, str)
            else Invalid({"id": _("A value is required.")})
        )
    if key in seen:
        raise Refuse(_("This record stands twice in the request."), field="id")
    seen.add(key)
    return key
