"""Where people are told why they may, or may not: from a refusal, and from a record.

It must not explain anything itself, nor cost a statement; the pages do (web.admin.why).
"""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from flask import request

from diwan.db import current
from diwan.errors import DiwanError
from diwan.resources import Resource
from diwan.resources.explaining import actions_of


def why_href(error: DiwanError) -> str | None:
    """Return where a person is told why they were refused; None where there is nothing to tell."""
    permission = str(error.detail.get("permission", ""))
    if current.tenant_or_none is None or current.user.id is None or current.lineup is None or not permission:
        return None
    place = permission.rpartition(".")[0]
    resource: Resource | None = current.lineup.whole.resources.get(place)
    if resource is None or resource.plugin not in current.lineup.plugins:
        return None
    action = next((a for a in actions_of(resource) if resource.permission(a) == permission), "")
    if not action:
        return None
    record = (request.view_args or {}).get("id")
    asked = {"resource": place, "action": action, **({"id": str(record)} if isinstance(record, UUID) else {})}
    return f"/t/{current.tenant.slug}/why?{urlencode(asked)}"


def who_href(resource: Resource, record_id: UUID) -> str:
    """Return where it is told who sees a record."""
    return f"/t/{current.tenant.slug}/why/who?{urlencode({'resource': resource.key, 'id': str(record_id)})}"
