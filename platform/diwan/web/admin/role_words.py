"""What rights are called: actions, scopes, states of fields, and whole grants in a sentence.

It must not decide who may do what.
"""

from __future__ import annotations

from diwan.access.grid import HIDE, READ, WRITE
from diwan.access.permissions import PERMISSIONS
from diwan.db import current
from diwan.db.grants import ALL, GRANT, Grant
from diwan.kernel.catalogue import installed
from diwan.kit.i18n import LazyText, _, listed
from diwan.resources import Resource

ALL_RIGHTS = _("All rights, also of modules that come later")
ACTIONS = {
    "read": _("see"),
    "create": _("create"),
    "update": _("change"),
    "delete": _("delete"),
    "import": _("import"),
    "export": _("export"),
}
COLUMNS = {
    "read": _("See"),
    "create": _("Create"),
    "update": _("Change"),
    "delete": _("Delete"),
    "import": _("Import"),
    "export": _("Export"),
}
SCOPES: dict[str, LazyText] = {"own": _("Own"), "team": _("Team"), ALL: _("All")}
SCOPES_HELP: dict[str, LazyText] = {
    "": _("not at all"),
    "own": _("records that belong to the person"),
    "team": _("also those of people in their teams"),
    ALL: _("every record"),
}
STATES = {HIDE: _("Hidden"), READ: _("See"), WRITE: _("See and change")}


def resource_of(key: str) -> Resource | None:
    """Return a resource as it is for somebody with all rights."""
    found: Resource | None = current.lineup.whole.resources.get(key)
    return found


def known_resource(key: str) -> Resource:
    """Return a resource that is on, as it is for somebody with all rights. Raises KeyError."""
    found: Resource = current.lineup.whole.resources[key]
    return found


def scope_label(scope: str) -> str:
    """Return what a set of records is called; a dash for none."""
    if not scope:
        return "—"
    if scope in SCOPES:
        return str(SCOPES[scope])
    added = current.lineup.find("scope", scope)
    return str(added.label) if added is not None else scope


def scope_note(scope: str) -> str:
    """Return what a set of records is, for the legend."""
    return str(SCOPES_HELP.get(scope, ""))


def action_label(resource: Resource | None, action: str) -> object:
    """Return what an action is called: those that every record has, and those of the resource."""
    if resource is not None and action in resource.actions:
        return resource.actions[action].label
    return ACTIONS.get(action, action)


def field_label(resource: Resource | None, name: str) -> str:
    """Return what a field is called; one that is gone is called by its name."""
    return str(resource.fields[name].label) if resource is not None and name in resource.fields else name


def permission_label(key: str) -> object:
    """Return a grant in words: "Contacts: change", "Leads: see (own, without Budget)"."""
    grant = Grant.parse(key) if GRANT.fullmatch(key) else None
    if grant is None or str(grant) == grant.permission:
        return _permission_label(key)
    resource = resource_of(grant.permission.rpartition(".")[0])
    limits = [] if grant.scope == ALL else [scope_label(grant.scope)]
    if grant.without:
        limits.append(str(_("without %(fields)s", fields=_names(resource, grant.without))))
    if grant.with_:
        limits.append(str(_("with %(fields)s", fields=_names(resource, grant.with_))))
    return _("%(right)s (%(limits)s)", right=_permission_label(grant.permission), limits=listed(limits))


def _names(resource: Resource | None, names: frozenset[str]) -> str:
    return listed(field_label(resource, name) for name in sorted(names))


def _permission_label(key: str) -> object:
    if key in PERMISSIONS or key == "*":
        return PERMISSIONS.get(key, ALL_RIGHTS)
    if key.endswith(".*") and (plugin := installed().get(key.removesuffix(".*"))):
        return _("Everything in %(module)s", module=plugin.label)
    if plugin := installed().get(key.removesuffix(".settings.manage")):
        return _("%(module)s: change its settings", module=plugin.label)
    place, _dot, action = key.rpartition(".")
    resource = resource_of(place)
    shown = (current.lineup.find(kind, place) for kind in ("widget", "page", "panel"))
    label = resource.labels if resource else next((found.label for found in shown if found), None)
    if label is None:
        return key
    return _("%(records)s: %(action)s", records=label, action=action_label(resource, action))
