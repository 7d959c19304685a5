"""The audit log: who did what, newest first, with filters.

It must read only; nobody changes the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from diwan.access import service as access
from diwan.audit import service as log
from diwan.audit.models import AuditEntry
from diwan.db import current
from diwan.kit import formats
from diwan.kit.i18n import LANGUAGES, _, listed
from diwan.tenants import people
from diwan.web import cells
from diwan.web.admin.roles import permission_label
from diwan.web.shell import home, render

pages = Blueprint("audit", __name__, url_prefix="/t/<slug>/audit")

# action -> (what the person did, icon)
ACTIONS: dict[str, tuple[object, str]] = {
    "create": (_("created"), "plus"),
    "update": (_("changed"), "pencil"),
    "delete": (_("deleted"), "trash"),
    "archive": (_("archived"), "archive"),
    "restore": (_("restored"), "archive-off"),
    "import": (_("imported"), "table-import"),
    "attach": (_("attached a file to"), "paperclip"),
    "detach": (_("removed a file from"), "paperclip"),
    "tag": (_("added a tag to"), "tag"),
    "untag": (_("removed a tag from"), "tag"),
    "signed_in": (_("logged in"), "login"),
    "invited": (_("invited"), "send"),
    "invited_again": (_("invited again"), "send"),
    "joined": (_("joined"), "user-plus"),
    "revoked": (_("revoked"), "ban"),
    "roles_changed": (_("changed the roles of"), "shield"),
    "disabled": (_("disabled"), "user-minus"),
    "enabled": (_("enabled"), "user-check"),
    "plugin.enabled": (_("switched on the module"), "toggle-right"),
    "plugin.disabled": (_("switched off the module"), "toggle-left"),
    "policy_changed": (_("changed what is asked at sign-in"), "shield-lock"),
    "factor_added": (_("added a step to their sign-in"), "shield-check"),
    "factor_removed": (_("removed a step from their sign-in"), "shield-off"),
    "factors_reset": (_("reset the two-step sign-in of"), "shield-off"),
    "recovery_codes_made": (_("made new recovery codes"), "file-text"),
    "recovery_code_used": (_("used a recovery code"), "file-text"),
    "password_changed": (_("changed their password"), "key"),
    "email_changed": (_("changed their e-mail address"), "mail"),
    "email_undone": (_("took their account back"), "shield-check"),
    "renamed": (_("changed their name"), "user"),
    "session_ended": (_("logged out one of their devices"), "logout"),
    "sessions_ended": (_("logged out all their other devices"), "logout"),
    "support.granted": (_("let support in"), "lifebuoy"),
    "support.revoked": (_("ended support access"), "lifebuoy"),
    "support.entered": (_("came in"), "login-2"),
    "support.left": (_("left"), "door-exit"),
    "support.looked": (_("looked at"), "eye"),
    "suspended": (_("suspended the business"), "player-pause"),
    "resumed": (_("opened the business again"), "player-play"),
    "job.retried": (_("tried a parked job again:"), "refresh"),
    "job.discarded": (_("gave up a parked job:"), "trash"),
}
CORE = {
    "core.tenant": _("Business"),
    "core.member": _("Person"),
    "core.role": _("Role"),
    "core.invitation": _("Invitation"),
    "core.api_token": _("API token"),
    "core.account": _("Account"),
}

NAMES_ENOUGH = ("invited", "invited_again", "roles_changed", "disabled", "enabled", "plugin.enabled", "plugin.disabled",
                "suspended", "resumed")  # fmt: skip
"""Actions that say by themselves what it is that they name."""

FIELDS = {
    "name": _("Name"),
    "country": _("Country"),
    "language": _("Language"),
    "timezone": _("Time zone"),
    "currency": _("Base currency"),
    "roles": _("Roles"),
    "grants": _("What it allows"),
    "expires_at": _("Works until"),
    "version": _("Version"),
    "ip": _("Internet address"),
    "second_factor": _("Two steps"),
    "second_factor_required": _("Who must sign in with two steps"),
    "addresses": _("Allowed networks"),
    "session_hours": _("Log in again after hours"),
    "idle_minutes": _("Log in again after a pause of minutes"),
    "email": _("E-mail"),
    "job_title": _("Job title"),
    "phone": _("Phone"),
    "signature": _("Signature"),
    "avatar": _("Picture"),
    "count": _("Number"),
    "factor": _("Step"),
    "left": _("Codes left"),
    "reason": _("Reason"),
    "level": _("Level"),
}


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    current.require("core.audit.read")
    base, asked = f"{home()}/audit", request.args
    zone = ZoneInfo(current.tenant.timezone)
    since, until = _day(asked.get("from", "")), _day(asked.get("to", ""))
    found = list(
        log.entries(
            actor_id=_uuid(asked.get("who", "")),
            resource=asked.get("what", ""),
            record_id=_uuid(asked.get("record", "")),
            since=datetime.combine(since, time(), zone) if since else None,
            until=datetime.combine(until + timedelta(days=1), time(), zone) if until else None,
            before=_uuid(asked.get("before", "")),
        )
    )
    roles = {role.key: access.label(role) for role in access.roles()}
    more, found = len(found) > log.PAGE, found[: log.PAGE]
    days = [
        {"label": formats.day(day), "items": [_item(entry, zone, roles) for entry in entries]}
        for day, entries in groupby(found, key=lambda entry: entry.at.astimezone(zone).date())
    ]
    kept = {key: value for key, value in asked.items() if value and key != "before"}
    older = f"{base}?{urlencode({**kept, 'before': found[-1].id})}" if more else None
    newest = f"{base}?{urlencode(kept)}" if asked.get("before") else None
    shown = {
        "title": _("Audit log"),
        "filters": _filters(),
        "href": base,
        "days": days,
        "pager": {"previous_href": newest, "next_href": older, "text": ""} if older or newest else None,
    }
    return render("audit.html", [(_("Audit log"), base)], audit=shown)


def told(entry: AuditEntry) -> tuple[Markup, str]:
    """Return what a person did, in words, and its icon. The record's name may run the other way than the sentence."""
    verb, icon = ACTIONS.get(entry.action, (entry.action, "point"))
    if entry.action in ("signed_in", "joined") or entry.resource == "core.account":
        return escape(str(verb)), icon
    resource = current.lineup.resources.get(entry.resource)
    place = resource.label if resource else CORE.get(entry.resource, "")
    if resource is not None and entry.action in resource.actions:
        verb = resource.actions[entry.action].label
    if entry.action in NAMES_ENOUGH:
        place = ""
    title = Markup("<bdi>{}</bdi>").format(entry.title) if entry.title else ""
    return Markup(" ").join(part for part in (str(verb), str(place), title) if part), icon


def _item(entry: AuditEntry, zone: ZoneInfo, roles: Mapping[str, str]) -> dict[str, Any]:
    resource = current.lineup.resources.get(entry.resource)
    what, icon = told(entry)
    return {
        "who": entry.actor_name or _("System"),
        "what": what,
        "when": formats.moment(entry.at, str(zone)),
        "icon": icon,
        "changes": cells.changes(resource, entry.before, entry.after)
        if resource and entry.action == "update"
        else _changes(entry, zone, roles),
    }


def _changes(entry: AuditEntry, zone: ZoneInfo, roles: Mapping[str, str]) -> list[dict[str, Any]]:
    if not entry.resource.startswith("core."):
        return []
    before, after = entry.before or {}, entry.after or {}
    return [
        {
            "label": FIELDS.get(name, name),
            "before": _text(name, before.get(name), zone, roles),
            "after": _text(name, after.get(name), zone, roles),
        }
        for name in dict.fromkeys([*before, *after])
    ]


def _text(name: str, value: Any, zone: ZoneInfo, roles: Mapping[str, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return listed(permission_label(item) if name == "grants" else roles.get(item, item) for item in value)
    if name == "expires_at":
        return formats.moment(datetime.fromisoformat(value), str(zone))
    if name == "country":
        return formats.country(value)
    return LANGUAGES.get(value, value) if name == "language" else str(value)


def _filters() -> list[dict[str, Any]]:
    asked = request.args
    persons = [{"value": str(member.user_id), "label": member.name} for member in people.members()]
    places = [(key, resource.labels) for key, resource in current.lineup.resources.items() if not resource.part_of]
    kinds = [{"value": key, "label": label} for key, label in [*places, *CORE.items()]]
    return [
        {"name": "who", "kind": "choice", "label": _("Who"), "choices": persons, "value": asked.get("who", "")},
        {"name": "what", "kind": "choice", "label": _("What"), "choices": kinds, "value": asked.get("what", "")},
        {"name": "from", "kind": "date", "label": _("From"), "value": asked.get("from", "")},
        {"name": "to", "kind": "date", "label": _("To"), "value": asked.get("to", "")},
    ]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
