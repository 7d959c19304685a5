"""What the fragment around a record shows: its parts read with a fixed number of statements, and put into words.

It must not write, nor show more of a change than the fields that are there now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from markupsafe import Markup, escape

from diwan import audit, collaboration
from diwan.audit.models import AuditEntry
from diwan.collaboration.models import Comment, Task
from diwan.db import current
from diwan.db.base import now
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.resources import Resource, store
from diwan.tenants import profile
from diwan.web import cells, forms
from diwan.web.account.business import avatar_href
from diwan.web.shell import home

PAGE = 20
ADDRESS = r"https?://[^\s<>\"'\u200e\u200f]+"
LINK = Markup('<a class="link" href="{0}" rel="noopener noreferrer nofollow ugc" target="_blank">{0}</a>')
MENTION = Markup('<b class="mention"><bdi>{0}</bdi></b>')
TRAILING = ".,;:!?)]}\u060c\u061b\u061f"
VERBS = {
    **forms.VERBS,
    "attach": (_("attached a file"), "paperclip"),
    "detach": (_("removed a file"), "paperclip"),
    "tag": (_("added a tag"), "tag"),
    "untag": (_("removed a tag"), "tag"),
    "support.looked": (_("looked at it"), "eye"),
}
TONES = {
    "brand": _("Main colour"), "ok": _("Green"), "warn": _("Amber"), "bad": _("Red"), "info": _("Blue"),
    "violet": _("Violet"),
}  # fmt: skip
EXTRA = {"file": _("File"), "tag": _("Tag")}


def build(resource: Resource, id: UUID, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return all that stands around a record."""
    followers = collaboration.followers(resource, id)
    members = collaboration.people(resource=resource, record=id)
    names = {person.id: person.name for person in members}
    writes = resource.may("update")
    return {
        "base": f"{cells.record_base(resource.key)}/{id}/around",
        "record_href": f"{cells.record_base(resource.key)}/{id}",
        "writes": writes,
        "starred": collaboration.is_starred(resource, id),
        "following": current.user.id in followers,
        "followers": [names[user] for user in followers if user in names],
        "tags": collaboration.tags_for(resource.key, [id]).get(id, []),
        "tones": [{"value": tone, "label": label} for tone, label in TONES.items()] if writes else [],
        "known_tags": [mark.name for mark in collaboration.suggest_tags()] if writes else [],
        "related": [_related(found, id) for found in collaboration.related(resource, id)],
        "tasks": [task_line(task, names) for task in collaboration.tasks_of(resource, id)],
        "assignees": [{"id": str(p.id), "name": p.name, "me": p.id == current.user.id} for p in members if p.may],
        "files": [_file(found, names) for found in collaboration.attachments(resource, id)]
        if resource.attachments
        else None,
        "comments": resource.comments,
        "activity": activity(resource, id, arguments, {p.id: p.avatar for p in members if p.avatar}),
    }


def activity(
    resource: Resource, id: UUID, arguments: Mapping[str, str], pictures: Mapping[UUID, UUID] | None = None
) -> dict[str, Any]:
    """Return one page of what happened and what was said, newest first. `pictures`: of people, if they are known."""
    only = arguments.get("only") == "comments"
    before = _id(arguments.get("before", ""))
    said = collaboration.comments(resource, id, before, PAGE) if resource.comments else []
    happened = [] if only else audit.service.entries(
        resource=resource.key, record_id=id, before=before, limit=PAGE
    )  # fmt: skip
    found: list[AuditEntry | Comment] = sorted([*said, *happened], key=lambda item: item.id, reverse=True)
    shown = found[:PAGE]
    mentioned = {user for item in shown if isinstance(item, Comment) for user in item.mentions}
    words = [word for person in collaboration.people("", mentioned) for word in (person.name, person.email)] if (
        mentioned
    ) else []  # fmt: skip
    if pictures is None:
        pictures = profile.avatars(item.author_id for item in shown if isinstance(item, Comment) and item.author_id)
    hidden = _hidden(resource, id) if happened else frozenset()
    base = f"{cells.record_base(resource.key)}/{id}/around"
    more = {"before": str(shown[-1].id), **({"only": "comments"} if only else {})} if len(found) > PAGE else None
    return {
        "only": only,
        "base": base,
        "items": [
            _comment(item, words, pictures) if isinstance(item, Comment) else _entry(resource, item, hidden)
            for item in shown
        ],
        "more_href": f"{base}/activity?{urlencode(more)}" if more else None,
        "first": before is None,
        "comments": resource.comments,
    }


def task_line(task: Task, names: Mapping[UUID, str]) -> dict[str, Any]:
    """Return a task as lists show it."""
    zone = current.tenant.timezone
    late = task.due_at is not None and task.done_at is None and task.due_at < now()
    return {
        "id": task.id,
        "title": task.title,
        "note": task.note,
        "edit_href": f"{home()}/tasks/{task.id}",
        "done": task.done_at is not None,
        "due": formats.moment(task.due_at, zone) if task.due_at else "",
        "late": late,
        "remind": formats.moment(task.remind_at, zone) if task.remind_at and not task.reminded_at else "",
        "assignee": names.get(task.assignee_id, "") if task.assignee_id else "",
        "mine": current.user.id in (task.assignee_id, task.created_by),
        "record": task.record_title,
        "href": record_href(task.resource, task.record_id),
    }


def record_href(resource: str, id: UUID | None) -> str:
    """Return where a record is, or nothing where its module is off or the person may not read it."""
    found = current.lineup.resources.get(resource) if resource and id else None
    return f"{home()}/{resource.replace('.', '/')}/{id}" if found and found.may("read") else ""


def linked(text: str, names: Sequence[str] = ()) -> Markup:
    """Return text as HTML: escaped, with its web addresses as links and mentions of these names marked."""
    parts, place = [], 0
    for match in _marks(names).finditer(text):
        shown = match[0] if match[0].startswith("@") else match[0].rstrip(TRAILING)
        parts.append(escape(text[place : match.start()]))
        parts.append((MENTION if shown.startswith("@") else LINK).format(shown))
        place = match.start() + len(shown)
    return Markup("").join([*parts, escape(text[place:])])


def _marks(names: Sequence[str]) -> re.Pattern[str]:
    """What stands out in a comment. The longest name first: "@Ali Hasan" is not "@Ali"."""
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
    return re.compile(rf"(?<!\w)@(?:{known})(?!\w)|{ADDRESS}", re.IGNORECASE) if known else re.compile(ADDRESS)


def size_text(size: int) -> str:
    """Return the size of a file in words."""
    for unit, step in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= step:
            return f"{size / step:.1f} {unit}"
    return f"{size} B"


def _comment(comment: Comment, names: Sequence[str], pictures: Mapping[UUID, UUID]) -> dict[str, Any]:
    picture = pictures.get(comment.author_id) if comment.author_id else None
    return {
        "id": comment.id,
        "comment": True,
        "who": comment.author_name,
        "picture": avatar_href(picture),
        "html": linked(comment.body, names),
        "text": comment.body,
        "gone": comment.deleted_at is not None,
        "edited": comment.edited_at is not None,
        "mine": collaboration.may_change(comment),
        "when": formats.ago(comment.created_at, now()),
        "when_full": formats.moment(comment.created_at, current.tenant.timezone),
    }


def _hidden(resource: Resource, id: UUID) -> frozenset[str]:
    """Return the fields that the person reads on other records, but not on this one."""
    if resource.reach is None or not resource.reach.reads:
        return frozenset()
    record = store.get(resource, id)
    return frozenset(name for name in resource.reach.reads if not resource.reads(name, record))


def _entry(resource: Resource, entry: AuditEntry, hidden: Set[str]) -> dict[str, Any]:
    verb, icon = VERBS.get(entry.action, (entry.action, "point"))
    if entry.action in resource.actions:
        verb = resource.actions[entry.action].label
    before, after = ({n: v for n, v in (d or {}).items() if n not in hidden} for d in (entry.before, entry.after))
    changes = [] if entry.action == "create" else cells.changes(resource, before, after)
    for name, label in EXTRA.items():
        old, new = (entry.before or {}).get(name), (entry.after or {}).get(name)
        if (old or new) and name not in resource.fields:
            changes.append({"label": label, "before": old, "after": new})
    return {
        "who": entry.actor_name or _("System"),
        "what": verb,
        "icon": icon,
        "changes": changes,
        "when": formats.ago(entry.at, now()),
        "when_full": formats.moment(entry.at, current.tenant.timezone),
    }


def _related(found: Any, id: UUID) -> dict[str, Any]:
    where = orjson.dumps([[found.field.name, "has" if found.field.kind.several else "eq", str(id)]]).decode()
    several = [name for name, f in found.resource.fields.items() if f.reference == found.field.reference]
    label = str(found.resource.labels)
    return {
        "label": f"{label} ({found.field.label})" if len(several) > 1 else label,
        "icon": found.resource.icon,
        "count": f"{found.number}+" if found.capped else str(found.number),
        "href": f"{cells.record_base(found.resource.key)}?{urlencode({'where': where})}",
    }


def _file(found: collaboration.Attached, names: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "size": size_text(found.size),
        "image": found.mime.startswith("image/"),
        "previews": found.previews,
        "who": names.get(found.created_by, "") if found.created_by else "",
        "when": formats.ago(found.created_at, now()),
    }


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
