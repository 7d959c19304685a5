"""Somebody leaves: what belongs to them, who gets it, and the end of their access. Also later, for who left already.

It must shut the person out at once, however long handing over takes.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan import jobs
from diwan.bulk import handing_over
from diwan.collaboration import handover
from diwan.collaboration.handover import Belongings, Holding
from diwan.db import current
from diwan.errors import Denied, DiwanError, Invalid, NotFound, Refuse
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.resources import people as colleagues
from diwan.tenants import people
from diwan.tenants.models import Membership
from diwan.users.models import User
from diwan.web.account.business import avatar_href
from diwan.web.bulk_pages import go
from diwan.web.shell import home, render, tell
from diwan.web.state import ListState

pages = Blueprint("offboarding", __name__, url_prefix="/t/<slug>/people")
GIVE, LEAVE = "give", "leave"


@pages.get("/<uuid:id>/leaving")
def index(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require(handing_over.PERMISSION)
    return _show(id)


@pages.post("/<uuid:id>/leaving")
def act(id: UUID, **_slug: str) -> ResponseReturnValue:
    current.require(handing_over.PERMISSION)
    form = request.form
    try:
        was_active = people.find_member(id)[0].state == "active"
        heir = _heir(form.get("heir", "")) if form.get("what") == GIVE else None
        people.disable_member(id)
        done = handing_over.hand_over(id, heir) if heir is not None else None
    except (Invalid, Refuse, Denied) as error:
        current.session.rollback()
        return _show(id, error), error.status
    if was_active:
        tell("ok", _("They can no longer open this business."))
    if isinstance(done, UUID):
        return redirect(f"{home()}/people/{id}/leaving/jobs/{done}", 303)
    if done is not None:
        tell("ok", done)
    return redirect(f"{home()}/people", 303)


def _heir(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid({"heir": _("Choose somebody else who works here.")}) from None


def _show(member_id: UUID, error: DiwanError | None = None) -> str:
    membership, user = people.find_member(member_id)
    if user.id == current.user.id:
        raise Refuse(_("You cannot disable yourself. Ask another administrator."))
    found, active = handover.belongings(user.id), membership.state == "active"
    base = f"{home()}/people"
    shown = {
        "name": user.name,
        "email": user.email,
        "picture": avatar_href(membership.avatar),
        "active": active,
        "action": f"{base}/{member_id}/leaving",
        "back_href": base,
        "holdings": _holdings(found, user.id),
        "total": found.total,
        "many": found.in_records > handing_over.AT_ONCE,
        "what": request.form.get("what", GIVE),
        "heir": _picker(error),
        "error": error.message if error is not None and not isinstance(error, Invalid) else None,
    }
    title = _title(membership, user)
    return render("leaving.html", [(_("People"), base), (title, "")], leaving={**shown, "title": title})


def _title(membership: Membership, user: User) -> str:
    if membership.state == "active":
        return str(_("Remove %(name)s", name=user.name))
    return str(_("Hand over what belongs to %(name)s", name=user.name))


def _picker(error: DiwanError | None) -> dict[str, Any]:
    typed = request.form.get("heir", "")
    names: dict[UUID, str] = {}
    try:
        names = colleagues.names([UUID(typed)]) if typed else {}
    except ValueError:
        typed = ""
    return {
        "name": "heir", "kind": "reference", "label": _("To whom"), "src": f"{home()}/core/person/options",
        "value": typed, "text": next(iter(names.values()), ""),
        "error": error.errors.get("heir") if isinstance(error, Invalid) else None,
    }  # fmt: skip


def _holdings(found: Belongings, person: UUID) -> list[dict[str, Any]]:
    """Return what belongs to the person, line by line, with the list of it where the reader has one."""
    lines = [
        {
            "icon": holding.resource.icon or "table", "label": holding.resource.labels,
            "hint": holding.field.label, "number": formats.number(holding.number), "href": _list_of(holding, person),
        }
        for holding in found.records
    ]  # fmt: skip
    if found.tasks:
        lines.append({"icon": "checklist", "label": _("Open tasks"), "number": formats.number(found.tasks)})
    if found.teams:
        hint = ", ".join(found.teams)
        lines.append(
            {"icon": "users-group", "label": _("Teams led"), "hint": hint, "number": formats.number(len(found.teams))}
        )
    return lines


def _list_of(holding: Holding, person: UUID) -> str | None:
    mine = current.lineup.resources.get(holding.resource.key)
    if mine is None or mine.part_of or not mine.may("read") or holding.field.name not in mine.fields:
        return None
    return ListState(mine, where=[[holding.field.name, "eq", str(person)]]).link()


@pages.get("/<uuid:id>/leaving/jobs/<uuid:job>")
def progress(id: UUID, job: UUID, **_slug: str) -> ResponseReturnValue:
    current.require(handing_over.PERMISSION)
    status, base = _job(job), f"{home()}/people"
    if status.finished:
        _tell_end(status)
        return go(base)
    address = f"{base}/{id}/leaving/jobs/{job}"
    shown = {
        "src": address,
        "percent": min(100 * status.done / status.total, 100) if status.total else 0,
        "done": status.done,
        "total": status.total,
        "text": status.message,
        "waiting": status.state == "ready" and not status.done,
        "cancel_action": f"{address}/stop",
        "leave_href": base,
    }
    return render("list_bulk_job.html", [(_("People"), base), (_("Working…"), "")], job=shown)


@pages.post("/<uuid:id>/leaving/jobs/<uuid:job>/stop")
def stop(id: UUID, job: UUID, **_slug: str) -> ResponseReturnValue:
    current.require(handing_over.PERMISSION)
    _job(job)
    jobs.cancel(job)
    tell("info", _("Stopped. What was done until now stays done."))
    return redirect(f"{home()}/people", 303)


def _job(id: UUID) -> jobs.Status:
    """Return a job of this kind that this person began. Raises NotFound."""
    status = jobs.status(id)
    if status is None or status.name != handing_over.RUN or status.actor_id != current.user.id:
        raise NotFound(_("There is no such job."))
    return status


def _tell_end(status: jobs.Status) -> None:
    if status.state == "done":
        tell("ok", status.message or _("Done."))
    elif status.state == "cancelled":
        tell("info", _("Stopped. What was done until now stays done."))
    else:
        tell("bad", _("This could not be finished: %(error)s", error=status.error[:300]))
