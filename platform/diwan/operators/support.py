"""Support access: a business lets the platform's operators in, to look or to work, until a moment; and who was in.

It must give an operator nothing that the grant does not say, and tell the owners when somebody comes and when it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, update

from diwan import audit, notifications
from diwan.access.permissions import OWNER
from diwan.access.service import OWNERS
from diwan.audit.models import AuditEntry
from diwan.db.base import now
from diwan.db.context import SYSTEM, Actor, Tenant, current, replace_scope, tenant_from
from diwan.db.direct import fetch_row
from diwan.db.grants import Grants
from diwan.errors import Invalid, NotFound
from diwan.events import outbox
from diwan.kit import i18n
from diwan.kit.i18n import _
from diwan.operators import log
from diwan.operators.models import SupportGrant
from diwan.operators.service import reason_of

KIND: Final = "support"
READ, FULL = "read", "full"
LEVELS: Final = {READ: _("Look only"), FULL: _("Look and change")}
LIVES: Final = {1: _("1 hour"), 4: _("4 hours"), 24: _("1 day"), 72: _("3 days")}
"""Hours that a grant may last."""
ENDED = "core.support.ended"
RESOURCE = "core.support_grant"
SEEN_EVERY = timedelta(minutes=1)
GONE_AFTER = timedelta(minutes=10)
PAGE = 50
# Of the core's own permissions support gets these at most: never people, roles, tokens, nor further grants.
CORE_FULL: Final = ("core.member.read", "core.plugin.manage", "core.tenant.update", "core.audit.read",
                    "core.view.share")  # fmt: skip
TITLE = text(
    "SELECT title FROM core.search_entry WHERE tenant_id = :tenant AND resource = :resource AND record_id = :id"
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A business that a live grant opens to an operator."""

    tenant: Tenant
    grant_id: UUID
    level: str
    reason: str
    expires_at: datetime

    @property
    def reads_only(self) -> bool:
        return self.level != FULL


def open_for(user_id: UUID, slug: str) -> Opened | None:
    """Return the business if this account is an operator and it lets support in now. One statement of its own."""
    row = fetch_row("SELECT * FROM core.open_support(%s, %s, %s)", (user_id, slug, now()))
    if row is None:
        return None
    return Opened(tenant_from(row), row.grant_id, row.level, row.reason, row.expires_at)


def grants_of(level: str, lineup: Any) -> Grants:
    """Return what a level allows with these modules on: to read all of theirs, or to do all that they offer."""
    if level != FULL:
        return Grants.of([key for key in lineup.permissions if key.endswith(".read")])
    return Grants.of([*lineup.permissions, *CORE_FULL])


def name_of(tenant: Tenant, name: str) -> str:
    """Return as whom an operator appears in a business's log: said in the language of the business."""
    with _language_of(tenant):
        return str(_("Support: %(name)s", name=name))


def actor(opened: Opened, operator: Actor) -> Actor:
    """Return an operator as who they are inside a business: without any rights there yet."""
    return replace(operator, name=name_of(opened.tenant, operator.name), kind=KIND, grants=Grants())


def give(level: str, hours: int, reason: str) -> SupportGrant:
    """Let support in from now on. Raises Denied, Invalid."""
    current.require("core.support.grant")
    errors: dict[str, object] = {}
    if level not in LEVELS:
        errors["level"] = _("Choose from the list.")
    if hours not in LIVES:
        errors["hours"] = _("Choose from the list.")
    try:
        reason = reason_of(reason)
    except Invalid as error:
        errors |= error.errors
    if errors:
        raise Invalid(errors)
    moment = now()
    grant = SupportGrant(
        granted_by=current.user.id, granted_by_name=current.user.name, reason=reason, level=level,
        created_at=moment, expires_at=moment + timedelta(hours=hours),
    )  # fmt: skip
    current.session.add(grant)
    current.session.flush()
    outbox.put("job", ENDED, {"grant": grant.id}, available_at=grant.expires_at)
    facts = {"level": level, "expires_at": grant.expires_at, "reason": reason}
    audit.record("support.granted", RESOURCE, grant.id, "", after=facts)
    return grant


def revoke(grant_id: UUID) -> SupportGrant:
    """End a grant now: whoever is in by it is out with the next request. Raises Denied, NotFound."""
    current.require("core.support.grant")
    statement = select(SupportGrant).where(SupportGrant.id == grant_id).with_for_update()
    grant = current.session.scalars(statement).one_or_none()
    if grant is None:
        raise NotFound(_("There is no such support access."))
    if grant.live:
        grant.revoked_at, grant.seen_at = now(), None
        audit.record("support.revoked", RESOURCE, grant.id)
        if grant.first_used_at is not None:
            _tell(_("Support access has ended"), grant.reason)
    return grant


def given(limit: int = PAGE) -> Sequence[SupportGrant]:
    """Return the grants of the open business, newest first."""
    return current.session.scalars(select(SupportGrant).order_by(SupportGrant.id.desc()).limit(limit)).all()


def inside() -> SupportGrant | None:
    """Return the grant by which support is in the open business just now."""
    moment = now()
    statement = select(SupportGrant).where(
        SupportGrant.revoked_at.is_(None), SupportGrant.expires_at > moment, SupportGrant.seen_at > moment - GONE_AFTER
    )
    return current.session.scalars(statement.order_by(SupportGrant.seen_at.desc()).limit(1)).first()


def doings(before: UUID | None = None, limit: int = PAGE) -> Sequence[AuditEntry]:
    """Return what support did in the open business, newest first; one more than `limit` where there is more."""
    statement = select(AuditEntry).where(AuditEntry.actor_kind == KIND).order_by(AuditEntry.id.desc())
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    return current.session.scalars(statement.limit(limit + 1)).all()


def enter(opened: Opened, operator: str) -> None:
    """Note in both logs that support came in; tell the owners if it is the first time by this grant."""
    facts = {"level": opened.level, "expires_at": opened.expires_at, "reason": opened.reason}
    audit.record("support.entered", RESOURCE, opened.grant_id, after=facts)
    _note("support.entered", opened, operator, level=opened.level)
    first = (
        update(SupportGrant)
        .where(SupportGrant.id == opened.grant_id, SupportGrant.first_used_at.is_(None))
        .values(first_used_at=now())
    )
    found: Any = current.session.execute(first)
    if found.rowcount:
        _tell(_("Support has come into your business"), opened.reason)


def look(opened: Opened, resource: str, record_id: UUID | None, title: str) -> None:
    """Note that support looked at something for the first time in its session."""
    if record_id is not None and not title:
        values = {"tenant": current.tenant.id, "resource": resource, "id": record_id}
        title = current.session.connection().execute(TITLE, values).scalar() or ""
    audit.record("support.looked", resource, record_id, title)


def touch(opened: Opened) -> None:
    """Note, once a minute, that support is still in."""
    moment = now()
    current.session.execute(
        update(SupportGrant)
        .where(
            SupportGrant.id == opened.grant_id,
            SupportGrant.revoked_at.is_(None),
            SupportGrant.seen_at.is_(None) | (SupportGrant.seen_at < moment - SEEN_EVERY),
        )
        .values(seen_at=moment)
    )


def leave(opened: Opened, operator: str) -> None:
    """Note in both logs that support has left; the grant stays as it is."""
    current.session.execute(update(SupportGrant).where(SupportGrant.id == opened.grant_id).values(seen_at=None))
    audit.record("support.left", RESOURCE, opened.grant_id)
    _note("support.left", opened, operator)


def ended(grant: UUID) -> None:
    """Tell the owners that a grant which was used has run out. The job of `ENDED`."""
    found = current.session.scalars(select(SupportGrant).where(SupportGrant.id == grant)).one_or_none()
    if found is not None and found.first_used_at is not None and found.revoked_at is None:
        replace_scope(user=SYSTEM)  # the job is that of who gave it, and they are told as well
        _tell(_("Support access has ended"), found.reason)


def _tell(title: object, body: str) -> None:
    values = {"tenant": current.tenant.id, "owner": OWNER}
    owners = current.session.connection().execute(OWNERS, values).scalars().all()
    with _language_of(current.tenant):
        notifications.notify(owners, KIND, title, body)


def _note(action: str, opened: Opened, operator: str, **details: Any) -> None:
    log.note(
        action, name=operator, operator_id=current.user.id, business_id=opened.tenant.id, grant=str(opened.grant_id),
        **details,
    )  # fmt: skip


@contextmanager
def _language_of(tenant: Tenant) -> Iterator[None]:
    before = i18n.set_language(tenant.language)
    try:
        yield
    finally:
        i18n.reset_language(before)
