"""What an actor with narrowed grants may do to one record: reading it within reach, and checks before it is written.

It must not write; the store asks it, and goes on with the whole resource.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BindParameter, any_, bindparam, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.types import Uuid

from diwan.db.context import current
from diwan.errors import Denied, Invalid, NotFound
from diwan.kit.i18n import _
from diwan.resources.declare import OUT_OF_REACH
from diwan.resources.reach import TENANT, criterion, me, within

if TYPE_CHECKING:
    from diwan.resources.declare import Resource

BLANK: tuple[Any, ...] = (None, "", [], {})


def get(resource: Resource, id: UUID, action: str, *, lock: bool = False) -> Any:
    """Return a record within reach, with the scopes that it is in. Raises NotFound, Denied."""
    table, model = resource.table, resource.model
    tests = [criterion(resource, scope).label(f"scope{n}") for n, scope in enumerate(_scopes(resource))]
    statement = select(model, *tests).where(table.c.tenant_id == TENANT, table.c.id == id, *resource.within("read"))
    if lock:
        statement = statement.with_for_update(of=model).execution_options(populate_existing=True)
    row = current.session.execute(statement).one_or_none()
    if row is None:
        raise NotFound(_("There is no such record."))
    record, *inside = row
    _mark(resource, record, inside)
    if not resource.may(action, record):
        raise Denied(OUT_OF_REACH, permission=resource.permission(action))
    return record


def reaches(resource: Resource, ids: Collection[UUID], action: str) -> set[UUID]:
    """Return those of these records that an action reaches."""
    if not resource.within(action):
        return set(ids)
    named = resource.table.c.id == any_(bindparam("ids", list(ids), type_=ARRAY(Uuid())))
    return set(current.session.execute(resource.rows(resource.table.c.id, action=action).where(named)).scalars())


def check_names(resource: Resource, action: str, raw: Mapping[str, Any], record: Any = None) -> Mapping[str, Any]:
    """Return what was sent without blanks of fields that this actor cannot see. Raises Invalid for what it may not."""
    if resource.reach is None:
        return raw
    errors: dict[str, object] = {}
    unseen = set()
    for name in raw:
        if name not in resource.whole.fields:
            continue
        if name not in resource.fields:
            errors[name] = _("There is no such field.")
        elif record is not None and not resource.reads(name, record):
            unseen.add(name)
            if raw[name] not in BLANK:
                errors[name] = _("This field cannot be written.")
        elif record is None and not resource.writes(name, action):
            errors[name] = _("This field cannot be written.")
    if errors:
        raise Invalid(errors)
    return {name: value for name, value in raw.items() if name not in unseen} if unseen else raw


def check_changed(resource: Resource, record: Any, names: Iterable[str], action: str = "update") -> None:
    """Raise Invalid for fields of this record that the actor may not change."""
    if resource.reach is None:
        return
    errors: dict[str, object] = {
        name: _("This field cannot be written.") for name in names if not resource.writes(name, action, record)
    }
    if errors:
        raise Invalid(errors)


def check_made(resource: Resource, record: Any, names: Iterable[str]) -> None:
    """Raise Denied for a record that was just made where the actor may not make one."""
    if resource.reach is None:
        return
    tests = [criterion(resource, scope) for scope in _scopes(resource)]
    if tests:
        statement = select(*tests).where(resource.table.c.tenant_id == TENANT, resource.table.c.id == record.id)
        _mark(resource, record, current.session.execute(statement).one())
    if not resource.may("create", record):
        raise Denied(OUT_OF_REACH, permission=resource.permission("create"))
    check_changed(resource, record, [name for name in names if name in resource.fields], "create")


def outside(resource: Resource, ids: Collection[UUID], action: str, names: Iterable[str] = ()) -> dict[UUID, Denied]:
    """Return an error for each of these records that an action, or the writing of these fields, does not reach."""
    if resource.reach is None or not ids:
        return {}
    inside = reaches(resource, ids, action)
    fields = resource.reach.writes.get(resource.permission(action), {})
    for scopes in {fields[name] for name in names if name in fields}:
        named = resource.table.c.id == any_(bindparam("ids", list(ids), type_=ARRAY(Uuid())))
        statement = resource.rows(resource.table.c.id, action=action).where(named, within(resource, scopes))
        inside &= set(current.session.execute(statement).scalars())
    return {id: Denied(OUT_OF_REACH, permission=resource.permission(action)) for id in ids if id not in inside}


def readers(resource: Resource, id: UUID, people: Mapping[UUID, Collection[str]]) -> set[UUID]:
    """Return those of these people, each with scopes, within one of whose scopes a record is."""
    found: set[UUID] = set()
    by_scope: dict[str, list[UUID]] = {}
    for person, scopes in people.items():
        for scope in scopes:
            by_scope.setdefault(scope, []).append(person)
    for scope, ids in by_scope.items():
        each = func.unnest(bindparam("people", ids, type_=ARRAY(Uuid()))).table_valued("id").render_derived("people")
        theirs = cast(each.c.id, Uuid())

        def replaced(element: Any, theirs: Any = theirs, **_options: Any) -> Any:
            return theirs if isinstance(element, BindParameter) and element.key == me.key else None

        holds = replacement_traverse(criterion(resource, scope), {}, replaced)
        table = resource.table
        inside = select(literal(1)).select_from(table).where(table.c.tenant_id == TENANT, table.c.id == id, holds)
        found.update(current.session.execute(select(theirs).where(inside.correlate(each).exists())).scalars())
    return found


def _scopes(resource: Resource) -> tuple[str, ...]:
    return resource.reach.scopes if resource.reach else ()


def _mark(resource: Resource, record: Any, inside: Iterable[Any]) -> None:
    record._reached = frozenset(scope for scope, holds in zip(_scopes(resource), inside, strict=True) if holds)
