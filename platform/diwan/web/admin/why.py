"""Why somebody may, or may not, do something: a page to ask, and for a record, who may.

It must say no more than `resources.explaining.ask` does; what a person holds is in their own words only.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from diwan.access.holders import holder, holders
from diwan.access.service import label
from diwan.db import current
from diwan.db.grants import ALL
from diwan.errors import BadRequest, Denied, NotFound
from diwan.kernel.catalogue import installed
from diwan.kit.i18n import _, listed
from diwan.resources import Resource
from diwan.resources.explaining import Because, Explanation, actions_of, ask, asked_about, explain_all, require_seen
from diwan.resources.values import title_text
from diwan.web.admin.role_words import action_label, field_label, permission_label, scope_label
from diwan.web.cells import record_base
from diwan.web.shell import home, render

pages = Blueprint("why", __name__, url_prefix="/t/<slug>/why")
ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


@pages.get("")
def why(**_slug: str) -> ResponseReturnValue:
    """Explain what a person may do; without one, what whoever asks may do."""
    asked = request.args
    user = _id(asked.get("user", "")) or current.user.id
    if user is None:
        raise NotFound(_("There is no such person here."))
    if user != current.user.id:
        current.require("core.role.update")
    key, action = asked.get("resource", ""), asked.get("action", "read")
    record = _id(asked.get("address", "")) or _id(asked.get("id", ""))
    told, error = None, None
    if key:
        try:
            told = ask(user, key, action, record)
        except (BadRequest, Denied, NotFound) as problem:
            error = problem
    person = told.person if told is not None else holder(user)
    page = {
        "title": _("Why may I…?") if user == current.user.id else _("Why may %(name)s…?", name=person.name),
        "user": user,
        "form": _form(key, action, record),
        "error": str(error) if error else None,
        "told": _told(told) if told is not None else None,
    }
    return render("why.html", [*_crumbs(person.name, person.member_id), (_("Why?"), "")], why=page)


@pages.get("/who")
def who(**_slug: str) -> ResponseReturnValue:
    """Show who may do something with a record, and why."""
    current.require("core.role.update")
    key, action = request.args.get("resource", ""), request.args.get("action", "read")
    record_id = _id(request.args.get("id", ""))
    resource = asked_about(key, action)
    if record_id is None:
        raise NotFound(_("There is no such record."))
    title = _title(resource, require_seen(resource, record_id))
    people = [person for person in holders() if person.active]
    found = [_told(told) for told in explain_all(people, resource, action, record_id)]
    found.sort(key=lambda told: not told["allowed"])
    page = {
        "title": _("Who can see this?") if action == "read" else _("Who may do this?"),
        "lead": title,
        "record_href": f"{record_base(key)}/{record_id}",
        "href": f"{home()}/why/who",
        "resource": key,
        "id": record_id,
        "actions": [
            {"value": name, "label": str(action_label(resource, name)), "chosen": name == action}
            for name in actions_of(resource)
            if name not in ("create", "import")
        ],
        "people": found,
        "number": sum(told["allowed"] for told in found),
    }
    crumbs = [(resource.labels, record_base(key)), (title, f"{record_base(key)}/{record_id}"), (page["title"], "")]
    return render("who.html", crumbs, who=page)


def _crumbs(name: str, member_id: UUID) -> list[tuple[Any, str]]:
    if not current.user.can("core.member.update"):
        return []
    return [(_("People"), f"{home()}/people"), (name, f"{home()}/people/{member_id}")]


def _id(text: str) -> UUID | None:
    """Return the id in a text: an id, or an address that ends with one."""
    found = ID.findall(text)
    return UUID(found[-1]) if found else None


def _title(resource: Resource, record: Any) -> str:
    return title_text(resource, {resource.title: getattr(record, resource.title)}, current.language) or str(
        resource.label
    )


def _form(key: str, action: str, record: UUID | None) -> dict[str, Any]:
    found = current.lineup.whole.resources
    places = []
    for plugin in current.lineup.plugins:
        mine = [r for r in found.values() if r.plugin == plugin and not r.part_of]
        choices = [{"value": r.key, "label": str(r.labels), "chosen": r.key == key} for r in mine]
        if choices:
            places.append({"label": str(installed()[plugin].label), "choices": choices})
    resource = found.get(key)
    actions = actions_of(resource) if resource is not None and not resource.part_of else ("read", "update", "delete")
    reads = resource is not None and current.user.can(resource.permission("read"))
    return {
        "places": places,
        "actions": [
            {"value": name, "label": str(action_label(resource, name)), "chosen": name == action} for name in actions
        ],
        "src": f"{record_base(key)}/options" if reads else None,
        "id": record or "",
        "text": _shown_title(key, record) if reads and record is not None else "",
    }


def _shown_title(key: str, record: UUID) -> str:
    resource = current.lineup.resources[key]
    try:
        return _title(resource, require_seen(resource, record))
    except (Denied, NotFound):
        return ""


def _told(told: Explanation) -> dict[str, Any]:
    """Return an answer in words."""
    action = str(action_label(told.resource, told.action))
    names = {"name": told.person.name, "right": str(permission_label(told.permission)), "action": action}
    if told.person.id == current.user.id:
        verdict = _("Yes, you may: %(right)s", **names) if told.allowed else _("No, you may not: %(right)s", **names)
    elif told.allowed:
        verdict = _("Yes, %(name)s may: %(right)s", **names)
    else:
        verdict = _("No, %(name)s may not: %(right)s", **names)
    return {
        "name": told.person.name,
        "email": told.person.email,
        "member_id": told.person.member_id,
        "allowed": told.allowed,
        "verdict": verdict,
        "inactive": not told.person.active,
        "because": [_because(because) for because in told.because],
        "short": _short(told),
        "missing": [[{"label": str(permission_label(g)), "text": g} for g in group] for group in told.missing],
        "hidden": listed(field_label(told.resource, name) for name in told.hidden),
        "readonly": listed(field_label(told.resource, name) for name in told.readonly),
    }


def _because(because: Because) -> dict[str, Any]:
    if not because.counts:
        note = _("does not count today")
    elif because.holds is None:
        note = _("on these records: %(scope)s", scope=scope_label(because.scope))
    elif because.holds:
        note = _("reaches every record") if because.scope == ALL else _("reaches this record")
    else:
        note = _("does not reach this record")
    good = because.counts and because.holds is not False
    return {"role": label(because.role), "right": permission_label(because.grant), "note": note, "good": good}


def _short(told: Explanation) -> str:
    """Return one line: the roles that allow it, or what stands in the way."""
    if told.allowed:
        good = dict.fromkeys(label(b.role) for b in told.because if b.counts and b.holds is not False)
        return listed(good)
    if not told.because:
        return str(_("no role gives this right"))
    if not any(because.counts for because in told.because):
        return str(_("the role does not count today"))
    names = dict.fromkeys(label(b.role) for b in told.because if b.counts)
    return str(_("%(roles)s does not reach this record", roles=listed(names)))
