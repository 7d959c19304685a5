"""Roles: a name and the rights that it gives.

It must offer only rights that exist: those of the core and of the modules that are on.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.access import service as access
from diwan.access.permissions import DEFAULT_ROLES, PERMISSIONS
from diwan.db import current
from diwan.errors import Denied, Invalid, Refuse
from diwan.kernel.catalogue import installed
from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.web.shell import home, render, tell

pages = Blueprint("roles", __name__, url_prefix="/t/<slug>/people/roles")

ALL_RIGHTS = _("All rights, also of modules that come later")
ACTIONS = {
    "read": _("see"),
    "create": _("create"),
    "update": _("change"),
    "delete": _("delete"),
    "import": _("import"),
    "export": _("export"),
}


@pages.route("/new", methods=["GET", "POST"])
def new(**_slug: str) -> ResponseReturnValue:
    current.require("core.role.update")
    if request.method == "GET":
        return _show(None, "", [])
    name, grants = request.form.get("name", ""), request.form.getlist("grants")
    try:
        access.create_role(name, grants)
    except (Invalid, Refuse, Denied) as error:
        current.session.rollback()
        return _show(None, name, grants, error), error.status
    tell("ok", _("The role was made."))
    return redirect(f"{home()}/people", 303)


@pages.route("/<uuid:id>", methods=["GET", "POST"])
def edit(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require("core.role.update")
    role = access.find_role(id)
    if request.method == "GET":
        return _show(id, access.label(role), access.grants_by_role().get(id, []))
    name, grants = request.form.get("name", ""), request.form.getlist("grants")
    try:
        access.update_role(id, name, grants)
    except (Invalid, Refuse, Denied) as error:
        current.session.rollback()
        return _show(id, name, grants, error), error.status
    tell("ok", _("The role was changed."))
    return redirect(f"{home()}/people", 303)


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


def _show(role_id: UUID | None, name: str, grants: list[str], error: Invalid | Refuse | Denied | None = None) -> str:
    errors = error.errors if isinstance(error, Invalid) else {}
    base = f"{home()}/people/roles"
    fields = [
        {
            "name": "name",
            "kind": "text",
            "label": _("Name"),
            "required": True,
            "value": name,
            "error": errors.get("name"),
        },
        *_grant_fields(grants),
    ]
    title = name or _("New role")
    cards: list[dict[str, Any]] = [
        {
            "title": _("What it allows"),
            "action": f"{base}/{role_id or 'new'}",
            "fields": fields,
            "submit_label": _("Save"),
            "error": errors.get("grants") or (error.message if error and not errors else None),
        }
    ]
    if role_id is not None and access.find_role(role_id).key not in DEFAULT_ROLES:
        cards.append(
            {
                "title": _("Delete this role"),
                "help": _("Only a role that nobody has can be deleted."),
                "action": f"{base}/{role_id}/delete",
                "submit_label": _("Delete"),
                "danger": True,
                "confirm": _("The role is deleted for good."),
            }
        )
    crumbs = [(_("People"), f"{home()}/people"), (title, "")]
    return render("settings.html", crumbs, settings={"title": title, "cards": cards})


def _grant_fields(chosen: list[str]) -> list[dict[str, Any]]:
    """Return one group of chips per module; a grant that no module explains any more stays, under its key."""
    groups: list[tuple[object, list[tuple[str, object]]]] = [
        (_("Everything"), [("*", ALL_RIGHTS)]),
        (_("Administration"), list(PERMISSIONS.items())),
    ]
    for plugin in current.lineup.plugins:
        label = installed()[plugin].label
        keys = sorted(key for key in current.lineup.permissions if key.startswith(f"{plugin}."))
        options: list[tuple[str, object]] = [(f"{plugin}.*", _("Everything in %(module)s", module=label))]
        groups.append((label, options + [(key, permission_label(key)) for key in keys]))
    known = {key for _label, options in groups for key, _text in options}
    if rest := [grant for grant in chosen if grant not in known]:
        groups.append((_("Others"), [(grant, grant) for grant in rest]))
    return [
        {
            "name": "grants",
            "id": f"f-grants-{number}",
            "kind": "choices",
            "label": label,
            "choices": [{"value": key, "label": text} for key, text in options],
            "value": chosen,
            "wide": True,
        }
        for number, (label, options) in enumerate(groups)
    ]


def _action_label(resource: Resource | None, action: str) -> object:
    """Return what an action is called: those that every record has, those of the resource, setting up a module."""
    if resource is not None and action in resource.actions:
        return resource.actions[action].label
    return ACTIONS.get(action, action)


def permission_label(key: str) -> object:
    """Return a permission in words: "Contacts: change"."""
    if key in PERMISSIONS or key == "*":
        return PERMISSIONS.get(key, ALL_RIGHTS)
    if key.endswith(".*") and (plugin := installed().get(key.removesuffix(".*"))):
        return _("Everything in %(module)s", module=plugin.label)
    if plugin := installed().get(key.removesuffix(".settings.manage")):
        return _("%(module)s: change its settings", module=plugin.label)
    place, _dot, action = key.rpartition(".")
    resource = current.lineup.resources.get(place)
    shown = (current.lineup.find(kind, place) for kind in ("widget", "page", "panel"))
    label = resource.labels if resource else next((found.label for found in shown if found), None)
    if label is None:
        return key
    return _("%(records)s: %(action)s", records=label, action=_action_label(resource, action))
