"""Roles: made, copied and changed in a grid of resources and actions.

It must offer only rights that exist: those of the core and of the modules that are on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.access import grid as grids
from diwan.access import service as access
from diwan.access.grid import Grid
from diwan.access.models import Role
from diwan.access.permissions import DEFAULT_ROLES, OWNER, covers_all
from diwan.db import current
from diwan.errors import Denied, Invalid, NotFound, Refuse
from diwan.kit.i18n import _
from diwan.web.admin import role_sheet
from diwan.web.admin.role_words import permission_label
from diwan.web.shell import home, render, tell

__all__ = ["pages", "permission_label", "suggested_grants"]

pages = Blueprint("roles", __name__, url_prefix="/t/<slug>/people/roles")
Error = Invalid | Refuse | Denied


@pages.route("/new", methods=["GET", "POST"])
def new(**_slug: str) -> ResponseReturnValue:
    current.require("core.role.update")
    if request.method == "GET":
        return _show(None, *_copied(request.args.get("from", "")))
    try:
        grid = role_sheet.read_form(role_sheet.sheet(), request.form)
        role = access.create_role(request.form.get("name", ""), grids.write_grants(role_sheet.sheet(), grid))
    except (Invalid, Refuse, Denied) as error:
        return _again(None, error)
    tell("ok", _("The role was made."))
    _warn(grid)
    return redirect(_after(role), 303)


@pages.route("/<uuid:id>", methods=["GET", "POST"])
def edit(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require("core.role.update")
    role = access.find_role(id)
    if request.method == "GET":
        return _show(role, access.label(role), access.grants_by_role().get(id, []))
    try:
        grid = role_sheet.read_form(role_sheet.sheet(), request.form)
        grants, seen = grids.write_grants(role_sheet.sheet(), grid), request.form.get("version", type=int)
        access.update_role(id, request.form.get("name", ""), grants, seen)
    except (Invalid, Refuse, Denied) as error:
        return _again(role, error)
    tell("ok", _("The role was changed."))
    _warn(grid)
    return redirect(_after(role), 303)


@pages.post("/<uuid:id>/delete")
def delete(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require("core.role.update")
    try:
        access.delete_role(id)
    except Refuse as error:
        current.session.rollback()
        tell("bad", error.message)
        return redirect(f"{home()}/people/roles/{id}", 303)
    tell("ok", _("The role was deleted."))
    return redirect(f"{home()}/people", 303)


@pages.post("/<uuid:id>/reset")
def reset(id: UUID, **_slug: str) -> ResponseReturnValue:
    """Give a role what its module suggests today."""
    current.require("core.role.update")
    role = access.find_role(id)
    suggested = suggested_grants(role)
    if suggested is None:
        raise NotFound(_("Nobody suggests this role any more."))
    try:
        access.update_role(id, access.label(role), suggested)
    except (Refuse, Denied) as error:
        current.session.rollback()
        tell("bad", error.message)
    else:
        tell("ok", _("The role is as it was suggested."))
    return redirect(f"{home()}/people/roles/{id}", 303)


def suggested_grants(role: Role) -> list[str] | None:
    """Return what the platform or a module suggests for a role; None for one of the business's own."""
    if role.key in DEFAULT_ROLES:
        return list(DEFAULT_ROLES[role.key][1])
    found = current.lineup.find("role", role.key)
    return None if found is None else list(found.options["grants"])


def _after(role: Role) -> str:
    """Return where to go on: with the person to whom the role is about to be given, else with the list."""
    person = request.args.get("for", "")
    try:
        return f"{home()}/people/{UUID(person)}?give={role.key}"
    except ValueError:
        return f"{home()}/people"


def _warn(grid: Grid) -> None:
    """Say what the role cannot do although it seems so."""
    for group in role_sheet.groups(role_sheet.sheet(), grid, None):
        for row in group["rows"]:
            if row["unseen"] and not grid.covering(f"{row['key']}.read"):
                text = _("%(records)s: the role may do something with records that it does not see.",
                         records=row["label"])  # fmt: skip
                tell("warn", text)


def _copied(id: str) -> tuple[str, Sequence[str]]:
    """Return name and grants of a copy. Raises NotFound."""
    if not id:
        return "", []
    try:
        role = access.find_role(UUID(id))
    except ValueError:
        raise NotFound(_("There is no such role.")) from None
    return str(_("Copy of %(name)s", name=access.label(role))), access.grants_by_role().get(role.id, [])


def _again(role: Role | None, error: Error) -> ResponseReturnValue:
    """Show the form with what was chosen, and what is wrong with it."""
    current.session.rollback()
    sheet = role_sheet.sheet()
    try:
        grants = grids.write_grants(sheet, role_sheet.read_form(sheet, request.form))
    except Invalid:
        grants = access.grants_by_role().get(role.id, []) if role is not None else []
    return _show(role, request.form.get("name", ""), grants, error), error.status


def _show(role: Role | None, name: str, grants: Sequence[str], error: Error | None = None) -> str:
    sheet, held = role_sheet.sheet(), current.user.grants
    stored = access.grants_by_role().get(role.id, []) if role is not None else []
    fixed = role is not None and (role.key == OWNER or not covers_all(held, stored))
    grid = grids.read_grants(sheet, grants)
    narrow = role_sheet.widest_fields(sheet, held)
    given = {key.rpartition(".")[0] for key in grid.cells}
    fields = {**{key: states for key, states in narrow.items() if key not in given}, **grid.fields}
    shown = Grid(grid.wildcards, grid.switches, grid.cells, fields, grid.rest)
    base = f"{home()}/people/roles"
    errors = error.errors if isinstance(error, Invalid) else {}
    person = request.args.get("for", "")
    page: dict[str, Any] = {
        "title": (access.label(role) if role is not None else name) or _("New role"),
        "name": name,
        "version": role.version if role is not None else None,
        "name_error": errors.get("name"),
        "error": errors.get("grants") or (error.message if error and not errors else None),
        "action": f"{base}/{role.id if role is not None else 'new'}" + (f"?for={person}" if person else ""),
        "fixed": _why_fixed(role) if fixed else None,
        "every": role_sheet.every(shown, held),
        "groups": role_sheet.groups(sheet, shown, held),
        "rest": role_sheet.rest(shown),
        "legend": role_sheet.legend(),
        "columns": role_sheet.columns(),
        "cancel_href": f"{home()}/people",
        **(_acts(role, base) if role is not None else {}),
    }
    return render("role.html", [(_("People"), f"{home()}/people"), (page["title"], "")], role=page)


def _why_fixed(role: Role | None) -> object:
    if role is not None and role.key == OWNER:
        return _("The owner's role cannot be changed.")
    return _("This role has rights that you do not have yourself. You can look at it and copy it, not change it.")


def _acts(role: Role, base: str) -> dict[str, Any]:
    """Return what else can be done with a role that is there."""
    return {
        "copy_href": f"{base}/new?from={role.id}",
        "compare_href": f"{base}/{role.id}/compare",
        "delete_action": None if role.key in DEFAULT_ROLES else f"{base}/{role.id}/delete",
    }
