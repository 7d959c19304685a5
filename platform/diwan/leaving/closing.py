"""The closing of a business: by its owner, for a time of grace in which it can be kept, until it is erased.

It must let nobody but an owner (or the operator, from the command line) begin or end it. It never commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from diwan import audit, mail
from diwan.access.permissions import OWNER
from diwan.config import Config
from diwan.db import current, enter_tenant
from diwan.db.base import now
from diwan.db.context import Tenant as Snapshot
from diwan.db.context import replace_scope
from diwan.db.direct import fetch_row
from diwan.errors import Denied, Invalid, NotFound, Refuse
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.tenants.models import Tenant

ACTIVE, CLOSING = "active", "closing"
OWNERS = text(
    """SELECT u.id, u.email, u.name, u.language FROM core.membership m JOIN core."user" u ON u.id = m.user_id
    WHERE m.tenant_id = :tenant AND m.state = 'active' AND u.disabled_at IS NULL AND EXISTS (
        SELECT 1 FROM core.member_role mr JOIN core.role r ON r.tenant_id = mr.tenant_id AND r.id = mr.role_id
        WHERE mr.tenant_id = m.tenant_id AND mr.membership_id = m.id AND r.key = :owner)
    ORDER BY u.id"""
)

_grace: list[int] = []


def configure(config: Config) -> None:
    """Tell how many days pass between the closing of a business and its erasure."""
    _grace[:] = [config.closing_days]


def grace() -> int:
    """Return how many days a closed business can be kept."""
    return _grace[0] if _grace else Config.closing_days


def owners() -> Sequence[Any]:
    """Return the owners of the open business: id, email, name, language."""
    return current.session.connection().execute(OWNERS, {"tenant": current.tenant.id, "owner": OWNER}).all()


def is_owner() -> bool:
    """Return whether who acts is an owner of the open business."""
    return any(owner.id == current.user.id for owner in owners())


def require_owner() -> None:
    """Raise Denied unless who acts is an owner."""
    if not is_owner():
        raise Denied(_("Only an owner of the business can close it."))


def close(address: str) -> datetime:
    """Close the open business, in the name of its owner, who typed its address; return when it is erased.

    The caller has asked for the password and the second factor. Raises Denied, Invalid, Refuse.
    """
    require_owner()
    if address.strip().lower() != current.tenant.slug:
        raise Invalid({"address": _("Type %(address)s to confirm.", address=current.tenant.slug)})
    return _close(current.user.id, days=grace())


def close_for_operator(slug: str, *, at_once: bool = False) -> datetime:
    """Close a business, or bring the day of a closed one to now. Inside no tenant. Raises NotFound, Refuse."""
    tenant = _enter(slug)
    if tenant.state == CLOSING:
        if at_once:
            tenant.closes_at = now()
        return tenant.closes_at or now()
    return _close(None, days=0 if at_once else grace())


def keep(slug: str, user_id: UUID) -> None:
    """Open a closed business again, for its owner. Inside no tenant. Raises NotFound, Denied, Refuse."""
    found = of_member(user_id, slug)
    if found is None:
        raise NotFound(_("There is nothing at this address. It may have moved, or you may lack access to it."))
    if not found.owner:
        raise Denied(_("Only an owner of the business can keep it."))
    _keep(_enter(slug))


def keep_for_operator(slug: str) -> None:
    """Open a closed business again. Inside no tenant. Raises NotFound, Refuse."""
    _keep(_enter(slug))


def of_member(user_id: UUID, slug: str) -> Any:
    """Return a closed business as a member of it may know it: tenant_id, name, closed_at, closes_at, owner; or None."""
    return fetch_row("SELECT * FROM core.business_closing(%s, %s)", (user_id, slug))


def _close(user_id: UUID | None, *, days: int) -> datetime:
    tenant = current.session.scalars(select(Tenant).where(Tenant.id == current.tenant.id).with_for_update()).one()
    if tenant.state == CLOSING:
        raise Refuse(_("This business is closed already."))
    if tenant.state != ACTIVE and days:  # its owner would open it again by keeping it
        raise Refuse(_("This business is suspended. Resume it first."))
    moment = now()
    due = moment + timedelta(days=days)
    tenant.state, tenant.closed_at, tenant.closes_at, tenant.closed_by = CLOSING, moment, due, user_id
    audit.record("closed", "core.tenant", None, tenant.name, after={"erased_at": due})
    _tell("closing", tenant.snapshot(), due)
    current.session.flush()
    return due


def _keep(tenant: Tenant) -> None:
    if tenant.state != CLOSING:
        raise Refuse(_("This business is not closed."))
    # The same test as that of the erasure: what has begun to be erased cannot be kept.
    if tenant.closes_at is not None and tenant.closes_at <= now():
        raise Refuse(_("The time to keep this business is over: it is being erased."))
    tenant.state, tenant.closed_at, tenant.closes_at, tenant.closed_by = ACTIVE, None, None, None
    audit.record("kept", "core.tenant", None, tenant.name)
    _tell("kept", tenant.snapshot(), None)
    current.session.flush()


def _enter(slug: str) -> Tenant:
    tenant = current.session.scalars(select(Tenant).where(Tenant.slug == slug).with_for_update()).one_or_none()
    if tenant is None:
        raise NotFound(_("There is no business at %(address)s.", address=slug))
    enter_tenant(tenant.snapshot())
    return tenant


def _tell(template: str, tenant: Snapshot, due: datetime | None) -> None:
    """Write to all owners, each in their language."""
    who = current.user.name
    for owner in owners():
        day = formats.moment(due, tenant.timezone) if due else ""
        mail.send(
            owner.email, template, owner.language or tenant.language, name=owner.name, business=tenant.name,
            who=who, day=str(day), link=f"/t/{tenant.slug}",
        )  # fmt: skip


def leave() -> None:
    """Forget the business whose scope `keep` and the others opened."""
    replace_scope(tenant=None)
