"""Tells people that an API token ends soon, so that no program stops by surprise.

It must tell each of the two warnings once, however often it runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select, text

from diwan import notifications
from diwan.access import service as access
from diwan.db.base import now
from diwan.db.context import current
from diwan.kit import i18n
from diwan.kit.i18n import _, ngettext
from diwan.users.models import ApiToken, User

KIND: Final = "token"
"""The kind of the notification."""
DAYS: Final = (14, 3)
MEMBER = text("SELECT FROM core.membership WHERE tenant_id = :tenant AND user_id = :user AND state = 'active'")


def warn_of_ends() -> int:
    """Tell whom it concerns that tokens of the open business end within 14 and 3 days; return how many tokens."""
    moment = now()
    ending = (
        select(ApiToken)
        .where(
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > moment,
            ApiToken.expires_at <= moment + timedelta(days=max(DAYS)),
            or_(ApiToken.warned_days.is_(None), ApiToken.warned_days > min(DAYS)),
        )
        .with_for_update(skip_locked=True)
    )
    told = 0
    for token in current.session.scalars(ending).all():
        left = token.expires_at - moment if token.expires_at else timedelta.max
        days = _due(token, left)
        if days is not None:
            token.warned_days = days
            _tell(token, _receivers(token), left)
            told += 1
    return told


def _due(token: ApiToken, left: timedelta) -> int | None:
    """Return which warning it is time for; one that a token was too short-lived for from the start is left out."""
    life = left + (now() - token.created_at)
    due = min((days for days in DAYS if left <= timedelta(days=days) < life), default=None)
    return due if due is not None and (token.warned_days is None or token.warned_days > due) else None


def _receivers(token: ApiToken) -> list[UUID]:
    """Whose it is; of a token of the business the owners, and who made it while they work here."""
    if token.user_id is not None:
        return [token.user_id]
    found = list(access.owners())
    maker = {"tenant": current.tenant.id, "user": token.created_by}
    if token.created_by not in found and current.session.execute(MEMBER, maker).first() is not None:
        found.append(token.created_by)  # type: ignore[arg-type]
    return found


def _tell(token: ApiToken, receivers: Iterable[UUID], left: timedelta) -> None:
    days = max(1, -(-left // timedelta(days=1)))
    readers = select(User.id, User.language).where(User.id.in_(list(receivers)))
    for user, language in current.session.execute(readers).all():
        spoken = i18n.set_language(language or current.tenant.language)
        try:
            title = ngettext(
                "The API token “%(name)s” ends in %(n)d day.",
                "The API token “%(name)s” ends in %(n)d days.",
                days,
                name=token.name,
            )
            body = _("Programs that use it stop working then. Make a new one and give it to them.")
            notifications.notify([user], KIND, title, body, itself=True)
        finally:
            i18n.reset_language(spoken)
