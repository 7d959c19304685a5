"""The log of operators: who did what to which business, newest first.

It must read only.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from diwan.errors import BadRequest
from diwan.kit.i18n import _
from diwan.operators import log, support
from diwan.operators.models import OperatorEntry
from diwan.web.operator.frame import BASE, clock, cut, pager, show

ACTIONS = {
    "operator.added": (_("made an operator:"), "user-plus"),
    "operator.removed": (_("is no operator any more:"), "user-minus"),
    "tenant.suspended": (_("suspended"), "player-pause"),
    "tenant.resumed": (_("resumed"), "player-play"),
    "job.retried": (_("tried a parked job again at"), "refresh"),
    "job.discarded": (_("gave up a parked job of"), "trash"),
    "support.entered": (_("came in as support at"), "login-2"),
    "support.left": (_("left"), "door-exit"),
}


def bind(pages: Blueprint) -> None:
    """Add the page."""
    pages.get("/log", endpoint="log")(index)


def index() -> ResponseReturnValue:
    text = request.args.get("before", "")
    try:
        before = UUID(text) if text else None
    except ValueError:
        raise BadRequest(_("This address names no entry.")) from None
    found, more = cut(log.entries(before=before), log.PAGE)
    return show(
        "operator/log.html",
        [(_("Log"), "")],
        entries=[line(entry, name) for entry, name in found],
        pager=pager({}, found[-1][0].id if more else None),
    )


def line(entry: OperatorEntry, business: str | None) -> dict[str, Any]:
    """Return an entry as it is listed; of a business that is gone there is only its number."""
    what, icon = ACTIONS.get(entry.action, (entry.action, "point"))
    gone = entry.business_id is not None and business is None
    details = entry.details
    told = [details.get("email"), details.get("job"), details.get("reason")]
    if "level" in details:
        told.append(support.LEVELS.get(details["level"], details["level"]))
    return {
        "who": entry.operator_name,
        "what": what,
        "business": business or (_("business %(n)s", n=entry.business_id) if gone else ""),
        "href": f"{BASE}/businesses/{entry.business_id}" if entry.business_id is not None and business else None,
        "told": [each for each in told if each],
        "icon": icon,
        "when": clock(entry.at),
    }
