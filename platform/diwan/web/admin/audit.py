"""The words of the audit log: what somebody did, to what, and what it changed.

It must not read the log; the pages do (`audit_log`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from diwan.audit.models import AuditEntry
from diwan.db import current
from diwan.kit import formats
from diwan.kit.i18n import LANGUAGES, _, listed
from diwan.resources import Resource
from diwan.resources.logged import seen
from diwan.web import cells
from diwan.web.admin.roles import permission_label

# action -> (what the person did, icon)
ACTIONS: dict[str, tuple[object, str]] = {
    "create": (_("created"), "plus"),
    "update": (_("changed"), "pencil"),
    "delete": (_("deleted"), "trash"),
    "archive": (_("archived"), "archive"),
    "restore": (_("restored"), "archive-off"),
    "import": (_("imported"), "table-import"),
    "import_undo": (_("took back the import of"), "arrow-back-up"),
    "create_many": (_("created many at once:"), "plus"),
    "update_many": (_("changed many at once:"), "pencil"),
    "delete_many": (_("deleted many at once:"), "trash"),
    "export": (_("exported"), "download"),
    "export_everything": (_("asked for a copy of everything of"), "download"),
    "exported_everything": (_("made a copy of everything of"), "download"),
    "download_everything": (_("downloaded everything of"), "download"),
    "closed": (_("closed"), "lock"),
    "kept": (_("kept after all"), "lock-open"),
    "used": (_("used"), "key"),
    "audit.checked": (_("checked the audit log"), "shield-check"),
    "audit.removed": (_("removed old entries of the audit log"), "trash"),
    "audit.kept": (_("changed how long the audit log is kept"), "history"),
    "attach": (_("attached a file to"), "paperclip"),
    "detach": (_("removed a file from"), "paperclip"),
    "tag": (_("added a tag to"), "tag"),
    "untag": (_("removed a tag from"), "tag"),
    "signed_in": (_("logged in"), "login"),
    "signed_out": (_("logged out"), "logout"),
    "invited": (_("invited"), "send"),
    "invited_again": (_("invited again"), "send"),
    "joined": (_("joined"), "user-plus"),
    "revoked": (_("revoked"), "ban"),
    "roles_changed": (_("changed the roles of"), "shield"),
    "viewed_as": (_("looked at the business as"), "eye"),
    "disabled": (_("disabled"), "user-minus"),
    "enabled": (_("enabled"), "user-check"),
    "handed_over": (_("handed over what belonged to"), "transfer"),
    "plugin.enabled": (_("switched on the module"), "toggle-right"),
    "plugin.disabled": (_("switched off the module"), "toggle-left"),
    "policy_changed": (_("changed what is asked at sign-in"), "shield-lock"),
    "factor_added": (_("added a step to their sign-in"), "shield-check"),
    "factor_removed": (_("removed a step from their sign-in"), "shield-off"),
    "factors_reset": (_("reset the two-step sign-in of"), "shield-off"),
    "factors_reset_by_operator": (_("got their two-step sign-in reset by whoever runs Diwan"), "shield-off"),
    "recovery_codes_made": (_("made new recovery codes"), "file-text"),
    "recovery_code_used": (_("used a recovery code"), "file-text"),
    "password_changed": (_("changed their password"), "key"),
    "email_changed": (_("changed their e-mail address"), "mail"),
    "email_undone": (_("took their account back"), "shield-check"),
    "renamed": (_("changed their name"), "user"),
    "session_ended": (_("logged out one of their devices"), "logout"),
    "sessions_ended": (_("logged out all their other devices"), "logout"),
    "sessions_ended_by_operator": (_("was logged out everywhere by whoever runs Diwan"), "logout"),
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
    "core.team": _("Team"),
    "core.task": _("Tasks"),
    "core.invitation": _("Invitation"),
    "core.api_token": _("API token"),
    "core.account": _("Account"),
    "core.audit": _("Audit log"),
    "core.setting": _("Settings"),
    "core.custom_field": _("Own field"),
    "core.tag": _("Tag"),
}

NAMES_ENOUGH = ("invited", "invited_again", "roles_changed", "disabled", "enabled", "handed_over", "plugin.enabled",
                "plugin.disabled", "suspended", "resumed")  # fmt: skip
"""Actions that say by themselves what it is that they name."""

VIA = {
    "token": _("by a token"),
    "service": _("a program"),
    "plugin": _("a module"),
    "system": "",
    "operator": _("support"),
    "support": _("support"),
}
TONES = {"create": "ok", "delete": "bad", "delete_many": "bad", "archive": "warn", "export": "info"}

GROUPS: dict[str, tuple[object, tuple[str, ...]]] = {
    "made": (_("Created"), ("create", "create_many", "import")),
    "changed": (_("Changed"), ("update", "update_many", "archive", "restore", "tag", "untag", "attach", "detach")),
    "deleted": (_("Deleted"), ("delete", "delete_many", "import_undo")),
    "entry": (
        _("Signing in and accounts"),
        (
            "signed_in", "signed_out", "password_changed", "email_changed", "email_undone", "factor_added",
            "factor_removed", "factors_reset", "recovery_codes_made", "recovery_code_used", "session_ended",
            "sessions_ended", "sessions_ended_by_operator", "renamed", "policy_changed",
        ),
    ),
    "rights": (
        _("People and rights"),
        ("invited", "invited_again", "joined", "revoked", "roles_changed", "viewed_as", "disabled", "enabled",
         "handed_over", "used"),
    ),
    "out": (
        _("Data that left"), ("export", "export_everything", "exported_everything", "download_everything"),
    ),
    "support": (
        _("Support"),
        ("support.granted", "support.revoked", "support.entered", "support.left", "support.looked", "suspended",
         "resumed", "job.retried", "job.discarded"),
    ),
}  # fmt: skip
"""What the filter offers instead of half a hundred actions."""

FIELDS = {
    "name": _("Name"),
    "manager": _("Manager"),
    "parent": _("Below"),
    "people": _("People"),
    "belonged_to": _("Belongs to"),
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
    "failed_tries": _("Wrong passwords before"),
    "format": _("Format"),
    "records": _("Records"),
    "removed": _("Removed earlier"),
    "kept": _("Kept"),
    "filter": _("Filter"),
    "fields": _("Fields"),
    "file": _("File"),
    "tag": _("Tag"),
    "entries": _("Entries"),
    "fault": _("Fault"),
    "months": _("Months"),
    "audit_months": _("Months that it is kept"),
    "bytes": _("Bytes"),
    "kind": _("Kind"),
}

TOKENS = {"personal": _("Person"), "service": _("Business")}
"""To whom a token belongs."""

MACHINES = ("seq", "hash", "through")
"""What only programs read."""

ALONE = ("signed_in", "signed_out", "joined", "audit.checked", "audit.removed", "audit.kept")
"""Actions that need no object."""


def told(entry: AuditEntry) -> tuple[Markup, str]:
    """Return what a person did, in words, and its icon. The record's name may run the other way than the sentence."""
    verb, icon = ACTIONS.get(entry.action, (entry.action, "point"))
    if entry.action in ALONE or entry.resource == "core.account":
        return escape(str(verb)), icon
    resource = current.lineup.resources.get(entry.resource)
    place = resource.label if resource else CORE.get(entry.resource, "")
    if resource is not None and entry.action in resource.actions:
        verb = resource.actions[entry.action].label
    if entry.action in NAMES_ENOUGH or (resource is not None and entry.record_id is None and entry.title):
        place = ""
    title = Markup("<bdi>{}</bdi>").format(entry.title) if entry.title else ""
    return Markup(" ").join(part for part in (str(verb), str(place), title) if part), icon


def item(entry: AuditEntry, zone: ZoneInfo, roles: Mapping[str, str]) -> dict[str, Any]:
    """Return an entry as the page shows it."""
    what, icon = told(entry)
    before, after = seen(entry)
    resource = current.lineup.resources.get(entry.resource)
    lines = _lines(resource, before, after, zone, roles)
    return {
        "who": entry.actor_name or _("System"),
        "via": VIA.get(entry.actor_kind, ""),
        "what": what,
        "href": _address(resource, entry),
        "when": formats.moment(entry.at, str(zone)),
        "icon": icon,
        "tone": TONES.get(entry.action, ""),
        # A record that was made or deleted says everything, which is for those who ask.
        "changes": lines if (before is not None and after is not None) or resource is None else [],
        "values": lines if resource is not None and (before is None) != (after is None) else [],
        "request": entry.request_id,
    }


def _address(resource: Resource | None, entry: AuditEntry) -> str | None:
    if resource is None or entry.record_id is None or entry.action == "delete" or resource.part_of:
        return None
    if not current.user.can(resource.permission("read")):
        return None
    return f"{cells.record_base(resource.key)}/{entry.record_id}"


def _lines(
    resource: Resource | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    zone: ZoneInfo,
    roles: Mapping[str, str],
) -> list[dict[str, Any]]:
    lines = cells.changes(resource, before, after) if resource is not None else []
    old, new = before or {}, after or {}
    for name in (name for name in dict.fromkeys([*old, *new]) if name not in MACHINES):
        if resource is not None and (name in resource.fields or name in resource.parts):
            continue
        secret = resource.secrets.get(name) if resource is not None else None
        label = secret.label if secret is not None else FIELDS.get(name, name)
        lines.append(
            {
                "label": label,
                "before": _text(name, old.get(name), zone, roles),
                "after": _text(name, new.get(name), zone, roles),
            }
        )
    return [line for line in lines if line["before"] or line["after"]]


def _text(name: str, value: Any, zone: ZoneInfo, roles: Mapping[str, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, list):
        return listed(permission_label(one) if name == "grants" else roles.get(str(one), str(one)) for one in value)
    if isinstance(value, dict):
        return " · ".join(f"{key} = {one}" for key, one in value.items())
    if name.endswith("_at"):
        return _moment(str(value), zone)
    if name == "country":
        return formats.country(value)
    if name == "kind":
        return str(TOKENS.get(value, value))
    return LANGUAGES.get(value, value) if name == "language" else str(value)


def _moment(text: str, zone: ZoneInfo) -> str:
    try:
        return formats.moment(datetime.fromisoformat(text), str(zone))
    except ValueError:
        return text
