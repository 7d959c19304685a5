"""What belongs to a person, and giving it to somebody else: records whose fields name them, open tasks, teams.

It must not shut anybody out; `tenants.people` does. A job works through very many records batch by batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select, union_all, update

from diwan import audit
from diwan.access import teams
from diwan.collaboration.models import Task
from diwan.db.context import current
from diwan.errors import Invalid
from diwan.kit.i18n import _
from diwan.resources import Field, Resource, people
from diwan.resources.bulk import Change, Outcome, Written, update_many
from diwan.resources.lookup import find_by_id

BATCH = 500
TASKS, TEAMS = "core.task", "core.team"


@dataclass(frozen=True, slots=True)
class Holding:
    """How many records name a person in one field."""

    resource: Resource
    field: Field
    number: int


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a person would leave behind."""

    records: list[Holding]
    tasks: int
    teams: list[str]

    @property
    def total(self) -> int:
        return self.in_records + self.tasks + len(self.teams)

    @property
    def in_records(self) -> int:
        """How many records name the person; one that does so in two fields counts twice."""
        return sum(holding.number for holding in self.records)

    def numbers(self) -> dict[str, int]:
        """Return how many there are of what, by the key of the resource."""
        found: dict[str, int] = {}
        for holding in self.records:
            found[holding.resource.key] = found.get(holding.resource.key, 0) + holding.number
        return {key: n for key, n in {**found, TASKS: self.tasks, TEAMS: len(self.teams)}.items() if n}


def belongings(user_id: UUID) -> Belongings:
    """Return what belongs to a person, in two statements however many modules there are."""
    places = list(_places())
    counts = [
        select(literal(number), func.count())
        .select_from(resource.table)
        .where(resource.table.c.tenant_id == current.tenant.id, resource.column(field.name) == user_id)
        for number, (resource, field) in enumerate(places)
    ]
    counts.append(
        select(literal(-1), func.count()).select_from(Task).where(
            Task.tenant_id == current.tenant.id, Task.assignee_id == user_id, Task.done_at.is_(None)
        )
    )  # fmt: skip
    found = {row[0]: row[1] for row in current.session.connection().execute(union_all(*counts))}
    holdings = [Holding(*place, found[number]) for number, place in enumerate(places) if found.get(number)]
    led = [team.name for team in teams.teams_of(user_id) if team.manager_id == user_id]
    return Belongings(holdings, found.get(-1, 0), led)


def check_heir(former: UUID, heir: UUID) -> None:
    """Raise Invalid unless the heir is somebody else who works here."""
    table = people.TABLE
    active = select(table.c.id).where(
        table.c.tenant_id == current.tenant.id, table.c.id == heir, table.c.archived_at.is_(None)
    )
    if heir == former or current.session.connection().execute(active).first() is None:
        raise Invalid({"heir": _("Choose somebody else who works here.")})


def hand_over_rest(former: UUID, heir: UUID) -> int:
    """Give open tasks and the lead of teams to the heir; return how many that is."""
    tasks: Any = current.session.execute(
        update(Task)
        .where(Task.tenant_id == current.tenant.id, Task.assignee_id == former, Task.done_at.is_(None))
        .values(assignee_id=heir, version=Task.version + 1)
        .execution_options(synchronize_session=False)
    )
    if tasks.rowcount:
        names = people.names([former, heir])
        after = {"belonged_to": names.get(heir, ""), "count": tasks.rowcount}
        audit.record("update_many", "core.task", None, "", {"belonged_to": names.get(former, "")}, after)
    return max(int(tasks.rowcount), 0) + teams.replace_manager(former, heir)


def hand_over_records(
    former: UUID, heir: UUID, most: int = BATCH, seen: dict[str, UUID] | None = None
) -> tuple[int, list[str]]:
    """Give at most `most` records to the heir, each validated, audited and told like any change.

    Returns how many were given and why others stay; nothing given and nothing refused means that it is done. `seen`,
    the same mapping in each call, keeps how far it came, so that records which refuse are met once.
    """
    seen = {} if seen is None else seen
    for resource, field in _places():
        table, place = resource.table, f"{resource.key}.{field.name}"
        mine = select(table.c.id).where(table.c.tenant_id == current.tenant.id, resource.column(field.name) == former)
        if place in seen:
            mine = mine.where(table.c.id > seen[place])
        ids = list(current.session.connection().execute(mine.order_by(table.c.id).limit(most)).scalars())
        if not ids:
            continue
        seen[place] = ids[-1]
        current.session.expire_all()  # records are written past the session
        changes = [Change(record, {field.name: heir}) for record in find_by_id(resource, ids, lock=True).values()]
        outcomes: list[Outcome] = update_many(resource, changes)
        current.session.expire_all()
        given = sum(isinstance(outcome, Written) for outcome in outcomes)
        return given, [str(outcome) for outcome in outcomes if not isinstance(outcome, Written)]
    return 0, []


def _places() -> Iterator[tuple[Resource, Field]]:
    """The fields that say whose a record is. Of the whole business: a person may own what the admin does not reach."""
    for resource in current.lineup.whole.resources.values():
        for field in resource.fields.values():
            if field.reference == people.KEY and not field.custom and not field.kind.several and not field.derived:
                yield resource, field
