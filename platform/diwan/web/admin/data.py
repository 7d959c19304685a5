"""Data and closing: the export of everything, and the end of the business.

It must ask anew who the person is before anything leaves or ends, and let no operator of the platform do either.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, redirect, request, send_file
from flask.typing import ResponseReturnValue

from diwan import jobs
from diwan.db import current
from diwan.errors import Denied, DiwanError, Invalid, Refuse
from diwan.kit import formats
from diwan.kit.i18n import LazyText, _, ngettext
from diwan.leaving import closing, takeouts
from diwan.leaving.models import BUSY, DONE, EXPIRED, FAILED, RUNNING, STOPPED, WAITING, Takeout
from diwan.operators.support import KIND as SUPPORT
from diwan.users import factors
from diwan.users import service as users
from diwan.web.account import confirm
from diwan.web.context import server_session
from diwan.web.shell import home, render, tell

pages = Blueprint("data", __name__, url_prefix="/t/<slug>/settings/data")

STATES: dict[str, tuple[LazyText, str]] = {
    WAITING: (_("Waiting"), "info"), RUNNING: (_("Being made"), "info"), DONE: (_("Ready"), "ok"),
    FAILED: (_("Failed"), "bad"), STOPPED: (_("Stopped"), ""), EXPIRED: (_("Deleted"), ""),
}  # fmt: skip
UNITS = ((1 << 30, _("%(n)s GB")), (1 << 20, _("%(n)s MB")), (1 << 10, _("%(n)s KB")))


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    _permit()
    found = takeouts.recent()
    busy = next((t for t in found if t.state in BUSY), None)
    ready = next((t for t in found if str(t.id) == request.args.get("take") and t.state == DONE), None)
    return render(
        "data.html", [(_("Data and closing"), "")], base=_base(), busy=_running(busy) if busy else None,
        ready=f"{_base()}/{ready.id}/download" if ready else None, days=takeouts.KEPT.days,
        items=[_item(t) for t in found if t is not busy], may_close=closing.is_owner(), grace=closing.grace(),
    )  # fmt: skip


@pages.post("")
def start(**_slug: str) -> ResponseReturnValue:
    _permit()
    takeouts.start()
    return redirect(_base(), 303)


@pages.post("/<uuid:id>/stop")
def stop(id: UUID, **_slug: str) -> ResponseReturnValue:
    _permit()
    takeouts.stop(id)
    tell("ok", _("The export was stopped."))
    return redirect(_base(), 303)


@pages.post("/<uuid:id>/delete")
def delete(id: UUID, **_slug: str) -> ResponseReturnValue:
    _permit()
    takeouts.throw_away(id)
    tell("ok", _("The export was deleted."))
    return redirect(_base(), 303)


@pages.get("/<uuid:id>/download")
def download(id: UUID, **_slug: str) -> ResponseReturnValue:
    """Send the ZIP to somebody who has just proven who they are; others come back to the page afterwards."""
    _permit()
    takeouts.find(id)
    asked = confirm.first(f"{_base()}?{urlencode({'take': id})}")
    if asked is not None:
        return asked
    path, name = takeouts.take(id)
    answer: Response = send_file(path, "application/zip", as_attachment=True, download_name=name, max_age=0)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@pages.get("/close")
def ask_close(error: DiwanError | None = None, **_slug: str) -> ResponseReturnValue:
    _permit()
    closing.require_owner()
    asked = _prove()
    if asked is not None:
        return asked
    problems = error.errors if isinstance(error, Invalid) else {}
    if isinstance(error, Refuse) and error.field:
        problems = {error.field: error.message}
    page = render(
        "data_close.html", [(_("Data and closing"), _base()), (_("Close the business"), "")], base=_base(),
        grace=closing.grace(), fields=_fields(problems), error="" if problems or error is None else str(error),
    )  # fmt: skip
    return page, error.status if error else 200


@pages.post("/close")
def close(**_slug: str) -> ResponseReturnValue:
    _permit()
    closing.require_owner()
    asked = _prove()
    if asked is not None:
        return asked
    try:
        users.confirm_password(_me(), request.form.get("password", ""))
        closing.close(request.form.get("address", ""))
    except DiwanError as error:
        current.session.rollback()
        return ask_close(error)
    return redirect(home(), 303)


def _permit() -> None:
    current.require(takeouts.PERMISSION)
    if current.user.kind == SUPPORT:
        raise Denied(_("Support may not take the data of a business, nor close it."))


def _me() -> UUID:
    if current.user.id is None:
        raise Denied(_("Only a person can do this."))
    return current.user.id


def _prove() -> ResponseReturnValue | None:
    """Return where somebody must go who did not prove lately who they are, with a second factor if they have one."""
    here = f"{_base()}/close"
    if factors.factors_of(_me()) and not server_session().get(factors.PROVEN):
        return redirect(f"/account/confirm?{urlencode({'next': here, 'second': 1})}", 303)
    return confirm.first(here)


def _base() -> str:
    return f"{home()}/settings/data"


def _running(takeout: Takeout) -> dict[str, Any]:
    found = jobs.status(takeout.job_id) if takeout.job_id else None
    total = found.total if found else 0
    return {
        "waiting": not total, "percent": 100 * found.done / total if found and total else 0,
        "text": found.message if found else "", "stop_action": f"{_base()}/{takeout.id}/stop",
    }  # fmt: skip


def _item(takeout: Takeout) -> dict[str, Any]:
    zone = current.tenant.timezone
    label, tone = STATES[takeout.state]
    kept = takeout.state == DONE and takeout.file_id is not None
    return {
        "made": formats.moment(takeout.created_at, zone), "label": label, "tone": tone, "error": takeout.error,
        "rows": ngettext("%(rows)s row", "%(rows)s rows", takeout.rows, rows=f"{takeout.rows:,}") if kept else "",
        "size": size(takeout.size) if kept else "", "sha256": takeout.sha256 if kept else "",
        "until": formats.moment(takeout.expires_at, zone) if kept and takeout.expires_at else "",
        "download": f"{_base()}/{takeout.id}/download" if kept else "",
        "delete_action": f"{_base()}/{takeout.id}/delete" if kept else "",
    }  # fmt: skip


def size(number: int) -> str:
    """Return a number of bytes as people read it."""
    for unit, text in UNITS:
        if number >= unit:
            return str(text % {"n": f"{number / unit:,.1f}"})
    return str(_("%(n)s bytes", n=number))


def _fields(errors: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": "address", "kind": "text", "label": _("Type %(address)s to confirm", address=current.tenant.slug),
            "required": True, "value": request.form.get("address", ""), "error": errors.get("address"), "dir": "ltr",
            "autocomplete": "off", "maxlength": 60, "wide": True,
        },
        {
            "name": "password", "kind": "password", "label": _("Your password"), "required": True, "value": "",
            "error": errors.get("password"), "autocomplete": "current-password", "maxlength": 200, "wide": True,
        },
    ]  # fmt: skip
