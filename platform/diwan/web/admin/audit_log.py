"""The pages of the audit log: who did what, newest first, with search, filters and files; whether it is intact.

They must read only; nobody changes the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from diwan import audit, jobs
from diwan.access import service as access
from diwan.audit import checks, retention
from diwan.audit import service as log
from diwan.audit.service import Filter
from diwan.db import current
from diwan.db.base import now
from diwan.errors import BadRequest, Invalid
from diwan.exports import log as files
from diwan.kit import formats
from diwan.kit.i18n import _, ngettext
from diwan.tenants import keeping, people
from diwan.web.admin.audit import CORE, GROUPS, item
from diwan.web.export_pages import MIME, Counter, streamed
from diwan.web.shell import home, render, tell

pages = Blueprint("audit", __name__, url_prefix="/t/<slug>/audit")

READ, KEEP = "core.audit.read", "core.tenant.update"
FILTERS = ("q", "who", "act", "what", "record", "from", "to")
MONTHS = (12, 24, 36, 60, 84, 120)


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    current.require(READ)
    base, asked = f"{home()}/audit", _asked()
    zone = ZoneInfo(current.tenant.timezone)
    found = list(log.entries(wanted=_filter(zone), before=_uuid(request.args.get("before", ""))))
    roles = {role.key: access.label(role) for role in access.roles()}
    more, found = len(found) > log.PAGE, found[: log.PAGE]
    days = [
        {"label": formats.day(day), "items": [item(entry, zone, roles) for entry in entries]}
        for day, entries in groupby(found, key=lambda entry: entry.at.astimezone(zone).date())
    ]
    older = f"{base}?{urlencode({**asked, 'before': found[-1].id})}" if more else None
    newest = f"{base}?{urlencode(asked)}" if request.args.get("before") else None
    shown = {
        "title": _("Audit log"),
        "filters": _filters(asked),
        "search": asked.get("q", ""),
        "filtered": bool(asked),
        "narrowed": bool(asked.keys() - {"q"}),
        "href": base,
        "days": days,
        "pager": {"previous_href": newest, "next_href": older, "text": ""} if older or newest else None,
        "files": [
            {"label": label, "href": f"{base}/export?{urlencode({**asked, 'format': form})}", "icon": icon}
            for form, label, icon in (("csv", _("CSV"), "file-text"), ("jsonl", _("JSON lines"), "code"))
        ],
        "chain": _chain(base, zone),
        "keep": _keep(base),
    }
    return render("audit.html", [(_("Audit log"), base)], audit=shown)


@pages.get("/export")
def export(**_slug: str) -> ResponseReturnValue:
    """Send what the filters leave as a file; it is itself an entry of the log."""
    current.require(READ)
    form, asked, counter = request.args.get("format", "csv"), _asked(), Counter()
    if form not in ("csv", "jsonl"):
        raise BadRequest(_("There is no such format; known: %(known)s.", known="csv, jsonl"))
    found = counter.over(files.pages(_filter(ZoneInfo(current.tenant.timezone))))
    lines: Any = files.csv_lines(found) if form == "csv" else files.jsonl_lines(found)

    def note() -> None:
        told = {"format": form, "records": counter.count, **({"filter": asked} if asked else {})}
        audit.record("export", "core.audit", None, "", after=told)

    response = Response(streamed(lines, note), content_type=MIME[form])
    response.headers.set("Content-Disposition", "attachment", filename=f"audit-{now():%Y-%m-%d}.{form}")
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.post("/check")
def check(**_slug: str) -> ResponseReturnValue:
    """Begin a check of the chain."""
    current.require(READ)
    job = jobs.enqueue(checks.CHECK)
    return redirect(f"{home()}/audit?checking={job}", 303)


@pages.post("/keep")
def keep(**_slug: str) -> ResponseReturnValue:
    """Set how long entries are kept."""
    current.require(READ)
    current.require(KEEP)
    try:
        keeping.keep_audit(retention.parse_months(request.form.get(retention.POLICY, "")))
    except Invalid as error:
        tell("bad", next(iter(error.errors.values())))
    else:
        tell("ok", _("The settings were saved."))
    return redirect(f"{home()}/audit", 303)


def _chain(base: str, zone: ZoneInfo) -> dict[str, Any]:
    """What is known of the chain, and whether a check runs that this page waits for."""
    job = _uuid(request.args.get("checking", ""))
    status = jobs.status(job) if job else None
    running = status is not None and status.name == checks.CHECK and not status.finished
    found = checks.last_check()
    shown: dict[str, Any] = {"action": f"{base}/check", "running": f"{base}?checking={job}" if running else ""}
    if found is None:
        return {
            **shown,
            "tone": "",
            "title": _("Not checked yet"),
            "text": _("Each entry is sealed to the one before."),
        }
    count = ngettext("%(n)d entry", "%(n)d entries", found.entries)
    when = _("checked %(when)s", when=formats.moment(found.at, str(zone)))
    if found.fault:
        text = _("%(when)s. Tell whoever runs this Diwan: %(fault)s.", when=when, fault=found.fault)
        return {**shown, "tone": "bad", "title": _("Somebody has changed the log"), "text": text}
    return {**shown, "tone": "good", "title": _("Nothing was changed or removed"), "text": f"{count}, {when}"}


def _keep(base: str) -> dict[str, Any] | None:
    if not current.user.can(KEEP):
        return None
    months = retention.kept_months(current.tenant.policy)
    known = sorted({*MONTHS, *([months] if months else [])})
    choices = [{"value": "", "label": _("For ever")}] + [
        {"value": str(number), "label": ngettext("%(n)d month", "%(n)d months", number)} for number in known
    ]
    field = {
        "name": retention.POLICY, "kind": "choice", "label": _("Keep entries"), "choices": choices, "required": True,
        "value": str(months or ""),
        "help": _("Older ones are removed once a day. That they were removed stays in the log, and what is left can"
                  " still be checked."),
    }  # fmt: skip
    return {"action": f"{base}/keep", "field": field}


def _asked() -> dict[str, str]:
    return {name: value for name in FILTERS if (value := request.args.get(name, "").strip())}


def _filter(zone: ZoneInfo) -> Filter:
    asked = _asked()
    since, until = _day(asked.get("from", "")), _day(asked.get("to", ""))
    act = asked.get("act", "")
    group = GROUPS.get(act)
    return Filter(
        text=asked.get("q", ""),
        actor_id=_uuid(asked.get("who", "")),
        resource=asked.get("what", ""),
        record_id=_uuid(asked.get("record", "")),
        action="" if group else act,
        actions=group[1] if group else (),
        since=datetime.combine(since, time(), zone) if since else None,
        until=datetime.combine(until + timedelta(days=1), time(), zone) if until else None,
    )


def _filters(asked: Mapping[str, str]) -> list[dict[str, Any]]:
    persons = [{"value": str(member.user_id), "label": member.name} for member in people.members()]
    places = [(key, resource.labels) for key, resource in current.lineup.resources.items() if not resource.part_of]
    kinds = [{"value": key, "label": label} for key, label in [*places, *CORE.items()]]
    acts = [{"value": key, "label": label} for key, (label, _actions) in GROUPS.items()]
    found = [
        {"name": "who", "kind": "choice", "label": _("Who"), "choices": persons},
        {"name": "act", "kind": "choice", "label": _("Action"), "choices": acts},
        {"name": "what", "kind": "choice", "label": _("What"), "choices": kinds},
        {"name": "from", "kind": "date", "label": _("From")},
        {"name": "to", "kind": "date", "label": _("To")},
    ]
    return [{**field, "value": asked.get(str(field["name"]), "")} for field in found]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(1970, 1, 1) <= found < date(9999, 1, 1) else None
