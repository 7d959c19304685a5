"""Why somebody may, or may not, do something with records, or with one record: by which role, and what is missing.

It must not judge by itself: it asks the resource as that person has it, with the criteria of the lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from diwan.access.holders import Holder, holder
from diwan.access.models import Role
from diwan.db import context
from diwan.db.context import current
from diwan.db.grants import ALL, Grant
from diwan.errors import BadRequest, NotFound
from diwan.kit.i18n import _
from diwan.resources import rights, store
from diwan.resources.declare import ACTIONS, Resource
from diwan.resources.reach import SCOPES, narrow


@dataclass(frozen=True, slots=True)
class Because:
    """A grant of a role that gives the permission. `holds`: whether it reaches the record; None where none is named.

    `counts`: whether the person has the role today.
    """

    role: Role
    grant: str
    scope: str
    counts: bool
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer. `missing`: of each of these groups of grants one is needed; in each the narrowest comes first.

    `hidden` and `readonly`: fields that the person does not see, or cannot change.
    """

    person: Holder
    resource: Resource
    action: str
    record_id: UUID | None
    allowed: bool
    because: tuple[Because, ...] = ()
    missing: tuple[tuple[str, ...], ...] = ()
    hidden: tuple[str, ...] = ()
    readonly: tuple[str, ...] = ()

    @property
    def permission(self) -> str:
        return self.resource.permission(self.action)


def explain(person: Holder, resource: Resource, action: str, record_id: UUID | None = None) -> Explanation:
    """Explain what a person may do with records of a resource, or with one that exists."""
    return next(explain_all([person], resource, action, record_id))


def ask(user_id: UUID | None, key: str, action: str, record_id: UUID | None = None) -> Explanation:
    """Explain at somebody's request: everybody asks about themselves, who sees to roles about everybody.

    Of a record only whoever reads it themselves is told anything. Raises BadRequest, Denied, NotFound.
    """
    resource = asked_about(key, action)
    if user_id is None or user_id != current.user.id:
        current.require("core.role.update")
    if user_id is None:
        raise NotFound(_("There is no such person here."))
    if record_id is not None:
        require_seen(resource, record_id)
    return explain(holder(user_id), resource, action, record_id)


def asked_about(key: str, action: str) -> Resource:
    """Return a resource that has this action. Raises BadRequest, NotFound."""
    found: Resource | None = current.lineup.whole.resources.get(key)
    if found is None or found.part_of or found.plugin not in current.lineup.plugins:
        raise NotFound(_("There is no such resource: %(key)s.", key=key[:60]))
    if action not in actions_of(found):
        known = ", ".join(actions_of(found))
        raise BadRequest(_("Unknown action %(action)s; known: %(known)s.", action=action[:60], known=known))
    return found


def actions_of(resource: Resource) -> tuple[str, ...]:
    """Return the names of all that can be done with records of a resource."""
    return (*ACTIONS, *resource.actions)


def require_seen(resource: Resource, record_id: UUID) -> Any:
    """Return a record that whoever asks reads. Raises Denied, NotFound."""
    mine: Resource = current.lineup.resources[resource.key]
    mine.require("read")
    return store.get(mine, record_id)


def explain_all(
    people: Iterable[Holder], resource: Resource, action: str, record_id: UUID | None = None
) -> Iterator[Explanation]:
    """Yield the same for several people. The number of statements does not depend on how many they are."""
    whole, people = resource.whole, list(people)
    inside = _inside(whole, record_id, [person.id for person in people]) if record_id is not None else None
    for person in people:
        yield _explained(person, whole, action, record_id, None if inside is None else inside[person.id])


def _inside(whole: Resource, record_id: UUID, people: list[UUID]) -> Mapping[UUID, frozenset[str]]:
    """Return within which scopes of each person a record is."""
    found: dict[UUID, set[str]] = {person: set() for person in people}
    for scope in scopes_of(whole):
        for person in rights.readers(whole, record_id, dict.fromkeys(people, (scope,))):
            found[person].add(scope)
    return {person: frozenset(scopes) for person, scopes in found.items()}


def scopes_of(resource: Resource) -> tuple[str, ...]:
    """Return the scopes that a grant for a resource may have besides all, those of plugins too."""
    lineup = current.lineup
    added = lineup.all("scope") if lineup is not None else ()
    return (*SCOPES, *(found.key for found in added if found.options.get("resource") == resource.key))


def _explained(
    person: Holder, whole: Resource, action: str, record_id: UUID | None, inside: frozenset[str] | None
) -> Explanation:
    # What `store.get` marks on a record that it read: the scopes in which it is.
    record: Any = None if inside is None else SimpleNamespace(_reached=inside)
    with _as(person):
        mine = narrow(whole, person.grants)
        allowed = person.active and mine.may(action, record) and _seen(mine, record)
        because = tuple(_because(person, whole.permission(action), inside))
        missing = () if allowed or not person.active else tuple(_missing(mine, whole, action, record))
        hidden, readonly = _fields(mine, whole, record) if person.active else ((), ())
    return Explanation(person, whole, action, record_id, allowed, because, missing, hidden, readonly)


@contextmanager
def _as(person: Holder) -> Iterator[None]:
    with context.scope(
        tenant=current.tenant, user=person.actor(), lineup=current.lineup, request_id=current.request_id
    ):
        yield


def _seen(mine: Resource, record: Any) -> bool:
    """Return whether a record is within what the person reads: whatever is done with it begins there."""
    scopes = mine.reach.records.get(mine.permission("read")) if mine.reach and record is not None else None
    return scopes is None or bool(scopes & record._reached)


def _because(person: Holder, permission: str, inside: frozenset[str] | None) -> Iterator[Because]:
    for share in person.shares:
        for text in share.grants:
            grant = _parsed(text)
            if grant is None or not _gives(grant, permission):
                continue
            holds = None if inside is None else grant.scope == ALL or grant.scope in inside
            yield Because(share.role, text, grant.scope, share.counts, holds)


def _parsed(text: str) -> Grant | None:
    try:
        return Grant.parse(text)
    except ValueError:
        return None


def _gives(grant: Grant, permission: str) -> bool:
    return permission.startswith(grant.permission[:-1]) if grant.is_wildcard else grant.permission == permission


def _missing(mine: Resource, whole: Resource, action: str, record: Any) -> Iterator[tuple[str, ...]]:
    scopes = [*scopes_of(whole), ALL] if record is None else [s for s in scopes_of(whole) if s in record._reached]
    wanted = [] if mine.may(action, record) else [action]
    if record is not None and not _seen(mine, record) and action != "read":
        wanted.append("read")
    for each in wanted:
        yield tuple(str(Grant(whole.permission(each), scope)) for scope in dict.fromkeys([*scopes, ALL]))


def _fields(mine: Resource, whole: Resource, record: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the fields that the person does not see, and those that they see but cannot change."""
    if not mine.may("read", record):
        return (), ()
    hidden = tuple(
        name for name in whole.fields
        if name not in mine.fields or (record is not None and not mine.reads(name, record))
    )  # fmt: skip
    if not mine.may("update", record):
        return hidden, ()
    kept = (name for name in whole.editable if name not in hidden)
    return hidden, tuple(name for name in kept if not mine.writes(name, "update", record))
