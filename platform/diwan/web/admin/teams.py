"""The teams of a business: a tree for who sees colleagues, and forms for who makes teams.

It must keep what was typed, also where somebody else was faster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.access import teams
from diwan.access.models import Team
from diwan.db import current
from diwan.errors import DiwanError, Invalid, NotFound, Refuse, Stale
from diwan.kit.i18n import _, listed
from diwan.resources import people as colleagues
from diwan.tenants import directory
from diwan.tenants.directory import Asked
from diwan.web.account.business import avatar_href
from diwan.web.admin.people import indented, tabs
from diwan.web.shell import home, render, tell

pages = Blueprint("teams", __name__, url_prefix="/t/<slug>/people/teams")
PERMISSION = "core.team.update"


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form says of a team, or a stored one as a form."""

    name: str = ""
    manager: UUID | None = None
    parent: UUID | None = None
    people: Sequence[UUID] = field(default_factory=list)
    version: int = 0


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    current.require("core.member.read")
    tree, may = teams.lines(), current.user.can(PERMISSION)
    names = colleagues.names(line.team.manager_id for line in tree)
    shown = {
        "tabs": tabs("teams", teams=len(tree)),
        "new_href": f"{_base()}/new" if may else None,
        "lines": [
            {
                "name": line.team.name,
                "href": f"{_base()}/{line.team.id}",
                "manager": names.get(line.team.manager_id, "") if line.team.manager_id else "",
                "people": line.people,
                "depth": line.depth,
                "below": _("below %(team)s", team=above) if (above := _above(line, tree)) else "",
                "edit": may,
            }
            for line in tree
        ],
    }
    return render("teams.html", _crumbs(), teams=shown)


@pages.route("/new", methods=["GET", "POST"])
def create(**_slug: str) -> ResponseReturnValue:
    current.require(PERMISSION)
    if request.method == "GET":
        return _form(None, Typed(parent=_uuid(request.args.get("below", ""))))
    typed = Typed()
    try:
        typed = _typed()
        team = teams.create_team(typed.name, typed.people, typed.manager, typed.parent)
    except (Invalid, NotFound) as error:
        return _refused(None, typed, error)
    tell("ok", _("%(title)s was created.", title=team.name))
    return redirect(_base(), 303)


@pages.get("/<uuid:id>")
def show(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require("core.member.read")
    team = teams.find_team(id)
    if current.user.can(PERMISSION):
        return _form(team, _stored(team))
    found = directory.find_people(Asked(team=id))
    names = colleagues.names([team.manager_id])
    shown = {
        "title": team.name,
        "manager": names.get(team.manager_id, "") if team.manager_id else "",
        "people": [
            {"name": m.name, "email": m.email, "job_title": m.job_title, "picture": avatar_href(m.avatar),
             "disabled": m.state != "active"}
            for m in found.members
        ],
    }  # fmt: skip
    return render("team_seen.html", _crumbs(team.name), team=shown)


@pages.post("/<uuid:id>")
def update(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require(PERMISSION)
    typed = Typed()
    try:
        typed = _typed()
        teams.update_team(id, typed.name, typed.people, typed.manager, typed.parent, typed.version)
    except (Invalid, Stale) as error:
        current.session.rollback()
        return _refused(teams.find_team(id), typed, error)
    tell("ok", _("%(title)s was saved.", title=typed.name))
    return redirect(_base(), 303)


@pages.post("/<uuid:id>/delete")
def remove(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require(PERMISSION)
    name = teams.find_team(id).name
    try:
        teams.delete_team(id)
    except Refuse as error:
        current.session.rollback()
        tell("bad", error.message)
        return redirect(f"{_base()}/{id}", 303)
    tell("ok", _("%(title)s was deleted.", title=name))
    return redirect(_base(), 303)


def _base() -> str:
    return f"{home()}/people/teams"


def _crumbs(*last: str) -> list[tuple[Any, str]]:
    return [(_("People"), f"{home()}/people"), (_("Teams"), _base()), *((name, "") for name in last)]


def _above(line: teams.Line, tree: Sequence[teams.Line]) -> str:
    return next((other.team.name for other in tree if other.team.id == line.team.parent_id), "")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _typed() -> Typed:
    """Return what the form says. Raises Invalid for what a browser does not send."""
    form = request.form
    try:
        return Typed(
            name=form.get("name", ""),
            manager=UUID(form["manager"]) if form.get("manager") else None,
            parent=UUID(form["parent"]) if form.get("parent") else None,
            people=list(dict.fromkeys(UUID(id) for id in form.getlist("people") if id)),
            version=int(form.get("version") or 0),
        )
    except ValueError:
        raise Invalid({"people": _("Choose people who work here.")}) from None


def _stored(team: Team) -> Typed:
    return Typed(team.name, team.manager_id, team.parent_id, teams.people_of(team.id), team.version)


def _refused(team: Team | None, typed: Typed, error: DiwanError) -> ResponseReturnValue:
    current.session.rollback()
    return _form(team, typed, error), error.status


def _form(team: Team | None, typed: Typed, error: DiwanError | None = None) -> str:
    stale = isinstance(error, Stale)
    stored = _stored(team) if team is not None and stale else None
    ids = {*typed.people, typed.manager, *((*stored.people, stored.manager) if stored else ())}
    names = colleagues.names(ids)
    tree = teams.lines()
    own = team.id if team is not None else None
    shown = {
        "title": team.name if team is not None else _("New team"),
        "action": f"{_base()}/{team.id}" if team is not None else f"{_base()}/new",
        "fields": _fields(typed, names, [line for line in tree if own not in line.team.path], error),
        # Whoever was told what somebody else stored may save over it: they have seen it.
        "version": stored.version if stored else typed.version,
        "error": error.message if error is not None and not isinstance(error, Invalid) else None,
        "stored": _differences(stored, typed, names, tree) if stored else [],
        "delete_action": f"{_base()}/{team.id}/delete" if team is not None else None,
        "has_teams_below": any(line.team.parent_id == own for line in tree) if own else False,
        "back_href": _base(),
    }
    return render("team.html", _crumbs(str(shown["title"])), team=shown)


def _fields(
    typed: Typed, names: Mapping[UUID, str], above: Sequence[teams.Line], error: DiwanError | None
) -> list[dict[str, Any]]:
    errors = error.errors if isinstance(error, Invalid) else {}
    src = f"{home()}/core/person/options"
    manager, parent = typed.manager, typed.parent
    return [
        {
            "name": "name", "kind": "text", "label": _("Name"), "value": typed.name, "required": True,
            "maxlength": teams.LONGEST, "error": errors.get("name"),
        },
        {
            "name": "manager", "kind": "reference", "label": _("Manager"), "src": src, "value": manager or "",
            "text": names.get(manager, "") if manager else "", "error": errors.get("manager"),
            "help": _("Reaches what belongs to this team and to all teams below it."),
        },
        {
            "name": "parent", "kind": "choice", "label": _("Below"), "empty_label": _("No team; it stands on top"),
            "choices": [{"value": str(line.team.id), "label": indented(line)} for line in above],
            "value": str(parent or ""), "error": errors.get("parent"),
        },
        {
            "name": "people", "kind": "references", "label": _("People"), "src": src, "wide": True,
            "chosen": [{"id": str(id), "text": names.get(id, "")} for id in typed.people if id in names],
            "error": errors.get("people"),
            "help": _("Whose role says “Team” reaches what belongs to anybody here."),
        },
    ]  # fmt: skip


def _differences(
    stored: Typed, typed: Typed, names: Mapping[UUID, str], tree: Sequence[teams.Line]
) -> list[dict[str, object]]:
    """Return what is stored now and differs from what was typed."""
    of_teams = {line.team.id: line.team.name for line in tree}

    def one(id: UUID | None, known: Mapping[UUID, str]) -> str:
        return known.get(id, "") if id else ""

    def all_of(ids: Sequence[UUID]) -> str:
        return listed(sorted(names.get(id, "") for id in ids))

    pairs = (
        (_("Name"), stored.name, typed.name),
        (_("Manager"), one(stored.manager, names), one(typed.manager, names)),
        (_("Below"), one(stored.parent, of_teams), one(typed.parent, of_teams)),
        (_("People"), all_of(stored.people), all_of(typed.people)),
    )
    return [{"label": label, "value": now or "—"} for label, now, mine in pairs if now != mine]
