"""Teams of the open business: who works with whom, and who leads. Grants of the scope *team* reach what theirs is.

It checks no permission; whoever offers it does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text

from diwan import audit
from diwan.access.models import Team, TeamMember
from diwan.db.context import current
from diwan.errors import Invalid, NotFound, Refuse, Stale
from diwan.kit.i18n import _
from diwan.kit.ids import uuid7
from diwan.kit.text import clean, fold

LONGEST = 80
DEEPEST = 12

MEMBERS = text("SELECT user_id FROM core.membership WHERE tenant_id = :tenant AND user_id = ANY(:ids)")
NAMES = text(
    """SELECT id, name FROM core."user" WHERE id = ANY(:ids)
    UNION ALL SELECT id, name FROM core.team WHERE tenant_id = :tenant AND id = ANY(:ids)"""
)


@dataclass(frozen=True, slots=True)
class Line:
    """A team in the tree of teams: `depth` counts from 0, `people` those in the team itself."""

    team: Team
    depth: int
    people: int


def lines() -> list[Line]:
    """Return the teams as a tree, each under the one above it, by name."""
    counts = (
        select(TeamMember.team_id, func.count().label("people"))
        .where(TeamMember.tenant_id == current.tenant.id)
        .group_by(TeamMember.team_id)
        .subquery()
    )
    statement = select(Team, func.coalesce(counts.c.people, 0)).outerjoin(counts, counts.c.team_id == Team.id)
    rows = current.session.execute(statement).all()
    names = {team.id: team.folded for team, _people in rows}
    ordered = sorted(rows, key=lambda row: [(names.get(id, ""), str(id)) for id in row[0].path])
    return [Line(team, len(team.path) - 1, people) for team, people in ordered]


def find_team(id: UUID, *, lock: bool = False) -> Team:
    """Return a team. Raises NotFound."""
    statement = select(Team).where(Team.id == id)
    found = current.session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if found is None:
        raise NotFound(_("There is no such team."))
    return found


def people_of(id: UUID) -> list[UUID]:
    """Return the accounts in a team."""
    statement = select(TeamMember.user_id).where(TeamMember.tenant_id == current.tenant.id, TeamMember.team_id == id)
    return list(current.session.scalars(statement))


def people_by_team() -> Mapping[UUID, list[UUID]]:
    """Return the accounts in each team that has some."""
    statement = (
        select(TeamMember.team_id, TeamMember.user_id)
        .where(TeamMember.tenant_id == current.tenant.id)
        .order_by(TeamMember.user_id)
    )
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for team, person in current.session.execute(statement):
        found[team].append(person)
    return found


def teams_of(user_id: UUID) -> Sequence[Team]:
    """Return the teams that a person is in or leads, by name."""
    mine = select(TeamMember.team_id).where(
        TeamMember.tenant_id == current.tenant.id, TeamMember.user_id == user_id
    )  # fmt: skip
    statement = select(Team).where(Team.id.in_(mine) | (Team.manager_id == user_id)).order_by(Team.folded)
    return current.session.scalars(statement).all()


def names_by_person() -> Mapping[UUID, list[str]]:
    """Return the names of the teams of everybody who is in some."""
    statement = (
        select(TeamMember.user_id, Team.name)
        .join(Team, (Team.tenant_id == TeamMember.tenant_id) & (Team.id == TeamMember.team_id))
        .where(TeamMember.tenant_id == current.tenant.id)
        .order_by(Team.folded)
    )
    found: dict[UUID, list[str]] = defaultdict(list)
    for person, name in current.session.execute(statement):
        found[person].append(name)
    return found


def create_team(
    name: str, people: Iterable[UUID] = (), manager: UUID | None = None, parent: UUID | None = None
) -> Team:
    """Make a team. Raises Invalid."""
    name, members = _checked(name, None), _known(people)
    above = find_team(parent) if parent else None
    id = uuid7()
    team = Team(id=id, name=name, folded=fold(name), parent_id=parent, manager_id=_leader(manager),
                path=[*(above.path if above else []), id])  # fmt: skip
    _check_depth(len(team.path))
    current.session.add(team)
    current.session.flush()
    _put(id, members)
    audit.record("create", "core.team", id, name, after=_state(team, members))
    return team


def update_team(
    id: UUID, name: str, people: Iterable[UUID], manager: UUID | None, parent: UUID | None, version: int | None = None
) -> Team:
    """Change a team, and move those below it with it. Raises NotFound, Invalid, Stale."""
    _lock()
    team = find_team(id, lock=True)
    if version is not None and version != team.version:
        raise Stale(
            _("Somebody else has changed this team since you opened it. Look at it, then change it again."), {}, {}
        )
    before = _state(team, people_of(id))
    name, members = _checked(name, id), _known(people)
    above = find_team(parent) if parent else None
    if above is not None and id in above.path:
        raise Invalid({"parent": _("A team cannot stand below itself.")})
    path = [*(above.path if above else []), id]
    below = current.session.scalars(select(Team).where(Team.path.contains([id]), Team.id != id)).all()
    _check_depth(len(path) + max((len(other.path) - len(team.path) for other in below), default=0))
    for other in below:
        other.path = [*path, *other.path[other.path.index(id) + 1 :]]
    team.name, team.folded, team.parent_id, team.manager_id = name, fold(name), parent, _leader(manager)
    team.path, team.version = path, team.version + 1
    current.session.flush()
    _put(id, members)
    audit.record("update", "core.team", id, name, before, _state(team, members))
    return team


def delete_team(id: UUID) -> None:
    """Delete a team that has none below it. Raises NotFound, Refuse."""
    _lock()
    team = find_team(id, lock=True)
    if current.session.scalar(select(Team.id).where(Team.parent_id == id).limit(1)):
        raise Refuse(_("There are teams below this one. Move or delete them first."))
    audit.record("delete", "core.team", id, team.name, before=_state(team, people_of(id)))
    current.session.execute(delete(Team).where(Team.tenant_id == current.tenant.id, Team.id == id))


def replace_manager(former: UUID, new: UUID | None) -> int:
    """Let somebody else, or nobody, lead what a person leads; return how many teams that is."""
    led = current.session.scalars(select(Team).where(Team.manager_id == former).with_for_update()).all()
    for team in led:
        before = _state(team, people_of(team.id))
        team.manager_id, team.version = _leader(new), team.version + 1
        audit.record("update", "core.team", team.id, team.name, before, _state(team, people_of(team.id)))
    current.session.flush()
    return len(led)


def leave_teams(user_id: UUID) -> None:
    """Take a person out of all teams."""
    current.session.execute(
        delete(TeamMember).where(TeamMember.tenant_id == current.tenant.id, TeamMember.user_id == user_id)
    )


def _lock() -> None:
    """Two who move teams at once wait for each other, or the tree could close into a ring."""
    current.session.execute(select(Team.id).where(Team.parent_id.is_(None)).order_by(Team.id).with_for_update())


def _check_depth(depth: int) -> None:
    if depth > DEEPEST:
        raise Invalid({"parent": _("Teams stand at most %(n)s deep.", n=DEEPEST)})


def _checked(name: str, own: UUID | None) -> str:
    shown = " ".join(clean(name).split())
    if not shown or len(shown) > LONGEST:
        raise Invalid({"name": _("Enter a name of at most %(n)s characters.", n=LONGEST)})
    same = current.session.scalar(select(Team.id).where(Team.folded == fold(shown)))
    if same is not None and same != own:
        raise Invalid({"name": _("There is a team of this name.")})
    return shown


def _known(people: Iterable[UUID]) -> list[UUID]:
    wanted = list(dict.fromkeys(people))
    found = set(current.session.execute(MEMBERS, {"tenant": current.tenant.id, "ids": wanted}).scalars())
    if len(found) != len(wanted):
        raise Invalid({"people": _("Choose people who work here.")})
    return wanted


def _leader(manager: UUID | None) -> UUID | None:
    if (
        manager is not None
        and not current.session.execute(MEMBERS, {"tenant": current.tenant.id, "ids": [manager]}).first()
    ):
        raise Invalid({"manager": _("Choose somebody who works here.")})
    return manager


def _put(id: UUID, members: Iterable[UUID]) -> None:
    current.session.execute(
        delete(TeamMember).where(TeamMember.tenant_id == current.tenant.id, TeamMember.team_id == id)
    )
    rows = [{"tenant_id": current.tenant.id, "team_id": id, "user_id": user_id} for user_id in members]
    if rows:
        current.session.execute(insert(TeamMember), rows)


def _state(team: Team, members: Iterable[UUID]) -> dict[str, object]:
    """Return a team for the log, in the names of that time."""
    ids = list(members)
    values = {"tenant": current.tenant.id, "ids": [*ids, team.manager_id, team.parent_id]}
    names = {row.id: row.name for row in current.session.execute(NAMES, values)}
    return {
        "name": team.name,
        "manager": names.get(team.manager_id, ""),
        "parent": names.get(team.parent_id, ""),
        "people": sorted(names[id] for id in ids),
    }
