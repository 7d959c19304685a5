"""The head of a person's page: what they show of themselves, their teams, and how they leave.

It must link only where the reader may go.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from diwan.access import teams
from diwan.db import current
from diwan.db.base import now
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.kit.phones import show_phone
from diwan.tenants.models import Membership
from diwan.users.models import User
from diwan.web.account.business import avatar_href
from diwan.web.shell import home


def about(membership: Membership, user: User) -> dict[str, Any]:
    """Return what partials/person_about.html takes."""
    you, active = user.id == current.user.id, membership.state == "active"
    address = f"{home()}/people/{membership.id}"
    return {
        "picture": avatar_href(membership.avatar),
        "job_title": membership.job_title,
        "phone": {"href": f"tel:{membership.phone}", "text": show_phone(membership.phone)}
        if membership.phone
        else None,
        "since": formats.day(membership.created_at.astimezone(ZoneInfo(current.tenant.timezone)).date()),
        "last_seen": formats.ago(user.seen_at, now()) if user.seen_at else None,
        "teams": [
            {
                "name": team.name,
                "href": f"{home()}/people/teams/{team.id}",
                "leads": team.manager_id == user.id,
            }
            for team in teams.teams_of(user.id)
        ],
        "profile_href": f"{home()}/profile" if you else None,
        "leave_href": None if you else f"{address}/leaving",
        "leave_label": _("Remove") if active else _("Hand over"),
        "leave_icon": "user-minus" if active else "transfer",
        "enable_action": None if active else f"{address}/enable",
    }
