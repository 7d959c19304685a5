"""Which records and fields of a resource an actor reaches: grants turned into SQL criteria and into what is not there.

It must fail closed: a scope that nobody knows matches no record. It never asks who signed in, only `current`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Uuid, any_, bindparam, case, exists, false, or_, select, true
from sqlalchemy.types import BigInteger

from diwan.access.models import Team, TeamMember
from diwan.db.context import current
from diwan.db.grants import ALL, Grant, Grants

if TYPE_CHECKING:
    from diwan.resources.declare import Resource

Criterion = ColumnElement[bool]

me: Any = bindparam("actor", type_=Uuid(), callable_=lambda: current.user.id)
"""The person who acts, in SQL. Its value is taken when a statement runs, so statements can be kept for all."""
TENANT: Any = bindparam("tenant", type_=BigInteger(), callable_=lambda: current.tenant.id)


def dynamic() -> dict[str, Any]:
    """Return the values of `me` and TENANT, for statements that are kept as text."""
    return {"actor": current.user.id, "tenant": current.tenant.id}


def reached(record: Any) -> frozenset[str]:
    """Return the scopes that a record was within when it was read (`store.get`); none that was read otherwise."""
    return getattr(record, "_reached", frozenset())


def owner(resource: Resource) -> Any:
    """Return the column of the person to whom a record belongs: its field `owner=`, else who made it."""
    return resource.model.__table__.c[resource.owner or "created_by"]


def _own(resource: Resource) -> Criterion:
    return owner(resource) == me  # type: ignore[no-any-return]


def _team(resource: Resource) -> Criterion:
    """Own ones, those of people in my teams, and of people in the teams that I lead and all below these."""
    teams, members = Team.__table__, TeamMember.__table__
    mine = members.alias("mine")
    led = teams.alias("led")
    with_me = exists().where(
        mine.c.tenant_id == TENANT, mine.c.team_id == teams.c.id, mine.c.user_id == me
    ).correlate(teams)  # fmt: skip
    below = exists().where(
        led.c.tenant_id == TENANT, led.c.manager_id == me, led.c.id == any_(teams.c.path)
    ).correlate(teams)  # fmt: skip
    people = (
        select(members.c.user_id)
        .join(teams, (teams.c.tenant_id == members.c.tenant_id) & (teams.c.id == members.c.team_id))
        .where(members.c.tenant_id == TENANT, teams.c.tenant_id == TENANT, or_(with_me, below))
    )
    return or_(owner(resource) == me, owner(resource).in_(people))


SCOPES: dict[str, Callable[[Resource], Criterion]] = {"own": _own, "team": _team}
"""The scopes of every resource besides all; modules add more (`@plugin.scope`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """What an actor reaches of one resource. Whoever reaches everything has none.

    records: scopes by permission; a permission that is missing reaches every record. reads: of fields that are not
    readable on every record, the scopes where they are. writes: by permission and field, likewise. also: permissions
    that every record must be within besides. parent: of child rows, the resource whose records they belong to.
    """

    records: Mapping[str, frozenset[str]]
    reads: Mapping[str, frozenset[str]]
    writes: Mapping[str, Mapping[str, frozenset[str]]]
    hidden: frozenset[str]
    also: tuple[str, ...] = ()
    parent: Resource | None = None

    @property
    def scopes(self) -> tuple[str, ...]:
        """All scopes that anything here depends on, in order."""
        found = {scope for scopes in (*self.records.values(), *self.reads.values()) for scope in scopes}
        found |= {scope for fields in self.writes.values() for scopes in fields.values() for scope in scopes}
        return tuple(sorted(found - {ALL}))

    @property
    def varies(self) -> bool:
        """Whether a module's scope is among them: its SQL may hold values of the moment, so no text of it is kept."""
        return any(scope not in SCOPES for scope in self.scopes)


def criterion(resource: Resource, scope: str) -> Criterion:
    """Return the criterion "this record is within the scope". One that is not known holds no record."""
    if scope in SCOPES:
        return SCOPES[scope](resource)
    added = current.lineup.find("scope", scope) if current.lineup is not None else None
    if added is None or added.options["resource"] != resource.key:
        return false()
    found: Criterion = added.target(resource.model)
    return found


def within(resource: Resource, scopes: Iterable[str]) -> Criterion:
    """Return the criterion "this record is within one of these scopes"."""
    scopes = set(scopes)
    return true() if ALL in scopes else or_(false(), *(criterion(resource, scope) for scope in sorted(scopes)))


def narrow(resource: Resource, grants: Grants) -> Resource:
    """Return a resource as an actor with these grants has it: itself, where nothing is out of reach."""
    if resource.part_of:
        return resource
    reach = _reach(resource, grants)
    if reach is None:
        return resource
    return _without(replace(resource, reach=reach, whole_=resource), reach.hidden)


def _reach(resource: Resource, grants: Grants) -> Reach | None:
    records: dict[str, frozenset[str]] = {}
    for permission in resource.permissions:
        scopes = frozenset(grant.scope for grant in grants.reaching(permission))
        if scopes and ALL not in scopes:
            records[permission] = scopes
    reads, hidden = _fields(resource, grants, resource.permission("read"))
    writes = {}
    for action in ("create", "update"):
        permission = resource.permission(action)
        some, none = _fields(resource, grants, permission)
        writes[permission] = {**some, **dict.fromkeys(none, frozenset[str]())}
    if not (records or reads or hidden or any(writes.values())):
        return None
    return Reach(records, reads, writes, hidden)


def _fields(resource: Resource, grants: Grants, permission: str) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Return of the fields that a permission does not reach on every record: the scopes where it does; and the rest."""
    reaching = grants.reaching(permission)
    if not reaching or any(grant.is_wildcard for grant in reaching):
        return {}, frozenset()
    everywhere = frozenset(grant.scope for grant in reaching)
    some: dict[str, frozenset[str]] = {}
    none = []
    for name, described in resource.fields.items():
        if name in fixed(resource):
            continue
        scopes = frozenset(g.scope for g in reaching if _reaches(g, name, sensitive=described.sensitive))
        if not scopes:
            none.append(name)
        elif ALL not in scopes and scopes != everywhere:
            some[name] = scopes
    return some, frozenset(none)


def _reaches(grant: Grant, name: str, *, sensitive: bool) -> bool:
    return name in grant.with_ if sensitive else name not in grant.without


def fixed(resource: Resource) -> frozenset[str]:
    """Return the fields that whoever reads a record always reads: lists, boards and trees cannot be without them."""
    state = resource.lifecycle.field if resource.lifecycle else ""
    return frozenset({resource.title, state, resource.parent, resource.part_of} - {""})


def _without(resource: Resource, hidden: frozenset[str]) -> Resource:
    """Return a copy without these fields: what an actor may not read is as absent as what is not declared."""
    if not hidden:
        return resource
    sections = (replace_section(section, hidden) for section in resource.sections)
    return replace(
        resource,
        fields={name: described for name, described in resource.fields.items() if name not in hidden},
        columns=tuple(name for name in resource.columns if name not in hidden) or (resource.title,),
        filters=tuple(name for name in resource.filters if name not in hidden),
        sort=resource.title if resource.sort.lstrip("-") in hidden else resource.sort,
        sections=tuple(section for section in sections if section.fields),
        group="" if resource.group in hidden else resource.group,
        calendar=() if hidden & set(resource.calendar) else resource.calendar,
    )


def replace_section(section: Any, hidden: frozenset[str]) -> Any:
    return type(section)(section.label, [name for name in section.fields if name not in hidden], section.tab)


def partly(resource: Resource, name: str, column: Any) -> Any:
    """Return the SQL of a field that can be read on some records only: NULL on the others."""
    scopes = resource.reach.reads[name] if resource.reach else ()
    return case((within(resource, scopes), column)).label(name)


def criteria(resource: Resource, permission: str) -> tuple[Criterion, ...]:
    """Return the criteria of the records that a permission reaches; none where it reaches all."""
    reach = resource.reach
    if reach is None:
        return ()
    if reach.parent is not None:
        above = reach.parent.model.__table__
        inside = criteria(reach.parent, permission)
        held = select(above.c.id).where(above.c.tenant_id == TENANT, *inside)
        return (resource.model.__table__.c[resource.part_of].in_(held),) if inside else ()
    wanted = dict.fromkeys((permission, *reach.also))
    return tuple(within(resource, reach.records[each]) for each in wanted if each in reach.records)


def narrow_all(resources: Mapping[str, Resource], grants: Grants) -> Mapping[str, Resource]:
    """Return the resources of a lineup as an actor with these grants has them; the same mapping where all is open."""
    if grants.everything:
        return resources
    found = {key: narrow(resource, grants) for key, resource in resources.items()}
    for key, resource in found.items():
        parent = found.get(resource.fields[resource.part_of].reference) if resource.part_of else None
        if parent is not None and parent.reach is not None:
            reach = Reach({}, {}, {}, frozenset(), parent=parent)
            found[key] = replace(resource, reach=reach, whole_=resource)
    if all(found[key] is resource for key, resource in resources.items()):
        return resources
    return {key: replace(r, whole_=r) if r.whole_ is None else r for key, r in found.items()}
