"""Businesses in the console: the list, one of them, suspend and resume, and the way out of one.

It must show what runs the platform, counts, sizes, states, and nothing that people of a business typed but its name.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current, enter_tenant
from diwan.db.base import now
from diwan.db.context import replace_scope
from diwan.errors import DiwanError, Invalid
from diwan.kernel.catalogue import installed
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.operators import console, log, service, support
from diwan.web.operator.frame import BASE, ago, clock, cut, pager, show, size
from diwan.web.operator.jobs import group, parked_job
from diwan.web.operator.log import line
from diwan.web.shell import tell
from diwan.web.support import SESSION

STATES = {"active": _("Active"), "suspended": _("Suspended"), "closing": _("Closing")}
TONES = {"active": "ok", "suspended": "bad", "closing": "warn"}
LONGEST_WORDS = 80
FEW = 10


def bind(pages: Blueprint) -> None:
    """Add the pages."""
    pages.get("/businesses", endpoint="businesses")(index)
    pages.get("/businesses/<int:id>", endpoint="business")(one)
    pages.post("/businesses/<int:id>/suspend")(suspend)
    pages.post("/businesses/<int:id>/resume")(resume)
    pages.post("/businesses/<int:id>/leave")(leave)


def index() -> ResponseReturnValue:
    asked = {
        "q": request.args.get("q", "")[:LONGEST_WORDS],
        "state": request.args.get("state", "") if request.args.get("state", "") in STATES else "",
        "country": request.args.get("country", "")[:2].upper(),
    }
    before = request.args.get("before", type=int)
    found, more = cut(
        console.tenants(words=asked["q"], state=asked["state"], country=asked["country"], before=before), console.PAGE
    )
    return show(
        "operator/businesses.html",
        [(_("Businesses"), "")],
        rows=[_row(row) for row in found],
        asked=asked,
        states=[{"value": key, "label": label} for key, label in STATES.items()],
        countries=[{"value": code, "label": name} for code, name in formats.countries()],
        pager=pager(asked, found[-1].tenant_id if more else None),
    )


def one(id: int, error: Invalid | None = None) -> ResponseReturnValue:
    row = console.tenant(id)
    grants = console.grants(id)
    live = next((g for g in grants if g.mine and g.revoked_at is None and g.expires_at > now()), None)
    parked, _more = cut(console.parked(id), FEW)
    logged, _older = cut(log.entries(business_id=id, limit=FEW), FEW)
    page = show(
        "operator/business.html",
        [(_("Businesses"), f"{BASE}/businesses"), (row.tenant_name, "")],
        business={
            **_row(row),
            "id": id,
            "records": formats.number(console.records(id)),
            "files": row.files,
            "open_href": f"/t/{row.slug}" if live and row.state == "active" else None,
            "open_until": clock(live.expires_at) if live else None,
            "suspend_action": f"{BASE}/businesses/{id}/suspend" if row.state == "active" else None,
            "resume_action": f"{BASE}/businesses/{id}/resume" if row.state == "suspended" else None,
        },
        reason=request.form.get("reason", ""),
        reason_error=(error.errors.get("reason") if error else None),
        grants=[_grant(each) for each in grants[:FEW]],
        groups=[group(each) for each in console.jobs(id)],
        parked=[parked_job(each) for each in parked],
        entries=[line(entry, row.tenant_name) for entry, _name in logged],
    )
    return page, error.status if error else 200


def suspend(id: int) -> ResponseReturnValue:
    try:
        service.suspend(id, request.form.get("reason", ""))
    except Invalid as error:
        current.session.rollback()
        return one(id, error)
    except DiwanError as error:
        return _refused(id, error)
    tell("ok", _("The business is suspended. Its people see a page that says so."))
    return redirect(f"{BASE}/businesses/{id}", 303)


def resume(id: int) -> ResponseReturnValue:
    try:
        service.resume(id)
    except DiwanError as error:
        return _refused(id, error)
    tell("ok", _("The business is open again."))
    return redirect(f"{BASE}/businesses/{id}", 303)


def leave(id: int) -> ResponseReturnValue:
    """Note that this operator has left; what the grant allows is still allowed."""
    from diwan.web.context import server_session

    row, mine = console.tenant(id), server_session()
    opened = support.open_for(_me(), row.slug)
    if opened is not None and str(opened.grant_id) in mine.get(SESSION, {}):
        operator = current.user.name
        enter_tenant(opened.tenant)
        replace_scope(user=support.actor(opened, current.user))
        support.leave(opened, operator)
        mine.pop(SESSION, None)
    return redirect(f"{BASE}/businesses/{id}", 303)


def _me() -> UUID:
    if current.user.id is None:
        abort(404)
    return current.user.id


def _refused(id: int, error: DiwanError) -> ResponseReturnValue:
    if error.status == 404:
        raise error
    current.session.rollback()
    tell("bad", error.message)
    return redirect(f"{BASE}/businesses/{id}", 303)


def _row(row: Any) -> dict[str, Any]:
    plugins = [name for name in row.lineup_key.split(",") if name]
    return {
        "name": row.tenant_name,
        "slug": row.slug,
        "href": f"{BASE}/businesses/{row.tenant_id}",
        "country": formats.country(row.country),
        "state": STATES.get(row.state, row.state),
        "tone": TONES.get(row.state, "mute"),
        "created": formats.day(row.created_at.date()),
        "members": formats.number(row.members),
        "plugins": [installed()[name].label if name in installed() else name for name in plugins],
        "size": size(float(row.file_bytes)),
        "active": ago(row.active_at),
        "support": clock(row.support_until) if row.support_until else None,
    }


def _grant(each: Any) -> dict[str, Any]:
    live = each.revoked_at is None and each.expires_at > now()
    return {
        "level": support.LEVELS[each.level],
        "reason": each.reason,
        "live": live,
        "given": clock(each.created_at),
        "until": clock(each.revoked_at or each.expires_at),
        "used": each.first_used_at is not None,
    }
