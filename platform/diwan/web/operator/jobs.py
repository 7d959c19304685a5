"""Jobs of all businesses: how many wait, run or are parked; parked ones are tried again or given up.

It must never show a payload, nor more of an error than its class and its place: both may quote a tenant's data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from diwan.errors import BadRequest, NotFound
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.operators import console, service
from diwan.web.operator.frame import BASE, ago, cut, pager, show
from diwan.web.shell import tell

STATES = {"ready": (_("Waiting"), "info"), "leased": (_("Running"), "ok"), "parked": (_("Parked"), "bad")}


def bind(pages: Blueprint) -> None:
    """Add the pages."""
    pages.get("/jobs", endpoint="jobs")(index)
    pages.post("/jobs/<int:business>/<uuid:id>/retry")(retry)
    pages.post("/jobs/<int:business>/<uuid:id>/discard")(discard)


def index() -> ResponseReturnValue:
    text = request.args.get("before", "")
    try:
        before = UUID(text) if text else None
    except ValueError:
        raise BadRequest(_("This address names no job.")) from None
    found, more = cut(console.parked(before=before), console.PAGE)
    return show(
        "operator/jobs.html",
        [(_("Jobs"), "")],
        groups=[group(each) for each in console.jobs()],
        parked=[parked_job(each) for each in found],
        pager=pager({}, found[-1].id if more else None),
    )


def retry(business: int, id: UUID) -> ResponseReturnValue:
    return _change(service.retry_job, business, id, _("The job waits again."))


def discard(business: int, id: UUID) -> ResponseReturnValue:
    return _change(service.discard_job, business, id, _("The job was given up."))


def _change(call: Callable[[int, UUID], None], business: int, id: UUID, told: object) -> ResponseReturnValue:
    try:
        call(business, id)
    except NotFound as error:
        tell("bad", error.message)
    else:
        tell("ok", told)
    back = f"{BASE}/businesses/{business}" if request.form.get("back") == "business" else f"{BASE}/jobs"
    return redirect(back, 303)


def group(each: Any) -> dict[str, Any]:
    """Return a line of the counts."""
    state, tone = STATES[each.state]
    return {
        "business": each.tenant_name,
        "href": f"{BASE}/businesses/{each.tenant_id}",
        "kind": each.kind,
        "name": each.name,
        "state": state,
        "tone": tone,
        "jobs": formats.number(each.jobs),
        "oldest": ago(each.oldest),
    }


def parked_job(each: Any) -> dict[str, Any]:
    """Return a parked job as it is listed."""
    base = f"{BASE}/jobs/{each.tenant_id}/{each.id}"
    return {
        "business": each.tenant_name,
        "href": f"{BASE}/businesses/{each.tenant_id}",
        "name": each.name,
        "kind": each.kind,
        "attempts": each.attempts,
        "when": ago(each.finished_at or each.created_at),
        "fault": each.fault or _("Refused"),
        "place": each.place,
        "retry_action": f"{base}/retry",
        "discard_action": f"{base}/discard",
    }
