"""Two roles beside each other, or a role and what was suggested: in what they differ, in the words of the grid.

It must not change anything.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from diwan.access import grid as grids
from diwan.access import service as access
from diwan.access.grid import Difference, Row
from diwan.access.models import Role
from diwan.access.permissions import OWNER
from diwan.db import current
from diwan.errors import NotFound
from diwan.kit.i18n import _
from diwan.web.admin import role_sheet
from diwan.web.admin.role_words import (
    COLUMNS,
    STATES,
    action_label,
    field_label,
    known_resource,
    permission_label,
    resource_of,
    scope_label,
)
from diwan.web.admin.roles import pages, suggested_grants
from diwan.web.shell import home, render

SUGGESTED = "suggested"


@pages.get("/<uuid:id>/compare")
def compare(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require("core.role.update")
    role, roles = access.find_role(id), access.roles()
    suggested = suggested_grants(role)
    with_ = request.args.get("with") or (SUGGESTED if suggested is not None and role.key != OWNER else "")
    other, grants = _other(role, roles, with_)
    every = request.args.get("all") == "1"
    sheet, stored = role_sheet.sheet(), access.grants_by_role()
    one, two = grids.read_grants(sheet, stored.get(id, [])), grids.read_grants(sheet, grants or [])
    rows = {row.key: row for row in sheet.rows}
    found = [_line(d, rows) for d in grids.differences(sheet, one, two, every=every)] if grants is not None else []
    base = f"{home()}/people/roles"
    label = access.label(role)
    page: dict[str, Any] = {
        "title": _("Compare: %(name)s", name=label),
        "one": label,
        "other": other,
        "choices": _choices(role, roles, suggested is not None),
        "with": with_,
        "every": every,
        "chosen": grants is not None,
        "groups": _grouped(found),
        "href": f"{base}/{id}/compare",
        "reset_action": f"{base}/{id}/reset" if with_ == SUGGESTED and one != two and role.key != OWNER else None,
    }
    crumbs = [(_("People"), f"{home()}/people"), (label, f"{base}/{id}"), (_("Compare"), "")]
    return render("role_compare.html", crumbs, compare=page)


def _other(role: Role, roles: Any, with_: str) -> tuple[str, list[str] | None]:
    """Return what a role is compared with: its name and grants. Raises NotFound."""
    if not with_:
        return "", None
    if with_ == SUGGESTED:
        suggested = suggested_grants(role)
        if suggested is None:
            raise NotFound(_("Nobody suggests this role any more."))
        return str(_("As suggested")), suggested
    found = next((other for other in roles if str(other.id) == with_), None)
    if found is None:
        raise NotFound(_("There is no such role."))
    return access.label(found), access.grants_by_role().get(found.id, [])


def _choices(role: Role, roles: Any, suggested: bool) -> list[dict[str, Any]]:
    first = [{"value": SUGGESTED, "label": _("As suggested")}] if suggested else []
    return [*first, *({"value": str(r.id), "label": access.label(r)} for r in roles if r.id != role.id)]


def _line(difference: Difference, rows: dict[str, Row]) -> dict[str, Any]:
    """Return one difference in words: module or resource, what, and the two sides."""
    key, kind = difference.key, difference.kind
    if kind == "field":
        records = known_resource(key)
        one, other = (str(STATES[state]) for state in (difference.one, difference.other))
        return {"place": records.labels, "what": field_label(records, difference.field), "one": one, "other": other,
                "same": one == other, "field": True}  # fmt: skip
    if kind == "cell":
        place = key.rpartition(".")[0]
        resource = resource_of(place)
        if resource is not None and place in rows:
            action = rows[place].action(key)
            what = COLUMNS.get(action, action_label(resource, action))
            return _sides(resource.labels, what, difference)
    groups = {"wildcard": _("Everything"), "rest": _("Further rights")}
    return _sides(groups.get(kind, _("Other rights")), permission_label(key), difference)


def _sides(place: object, what: object, difference: Difference) -> dict[str, Any]:
    switch = difference.kind != "cell"
    one, other = (
        str(_("yes") if side else "—") if switch else scope_label(side) for side in (difference.one, difference.other)
    )
    return {"place": place, "what": what, "one": one, "other": other, "same": difference.one == difference.other}


def _grouped(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        group = found.setdefault(str(line["place"]), {"label": line["place"], "lines": []})
        group["lines"].append(line)
    return list(found.values())
