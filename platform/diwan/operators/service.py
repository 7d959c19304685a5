"""What an operator does to a business from outside: suspend it, resume it, try a parked job again or discard it.

It must write both logs, the platform's and the business's, in the transaction of the change; it deletes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from diwan import audit
from diwan.db import enter_tenant
from diwan.db.base import now
from diwan.db.context import current, replace_scope
from diwan.db.direct import fetch_row
from diwan.errors import Invalid, NotFound, Refuse
from diwan.kit.i18n import _
from diwan.kit.ids import sha256
from diwan.kit.text import clean
from diwan.operators import log
from diwan.tenants.models import Tenant

ACTIVE, SUSPENDED = "active", "suspended"
LONGEST_REASON: Final = 300
RETRY = text(
    """UPDATE core.outbox SET state = 'ready', attempts = 0, available_at = :moment, finished_at = NULL,
        fence = fence + 1
    WHERE tenant_id = :tenant AND id = :id AND state = 'parked' RETURNING kind, name"""
)
DISCARD = text(
    """UPDATE core.outbox SET state = 'cancelled', finished_at = :moment
    WHERE tenant_id = :tenant AND id = :id AND state = 'parked' RETURNING kind, name"""
)


def suspend(tenant_id: int, reason: str) -> None:
    """Close a business for its people and programs until it is resumed. Its data stays. Raises NotFound, Refuse."""
    _set_state(tenant_id, ACTIVE, SUSPENDED, reason_of(reason))


def resume(tenant_id: int) -> None:
    """Open a suspended business again. Raises NotFound, Refuse."""
    _set_state(tenant_id, SUSPENDED, ACTIVE, "")


def retry_job(tenant_id: int, job_id: UUID) -> None:
    """Give a parked job all its attempts again. Raises NotFound."""
    _change_job(RETRY, "job.retried", tenant_id, job_id)


def discard_job(tenant_id: int, job_id: UUID) -> None:
    """Give a parked job up: it will not run any more. Raises NotFound."""
    _change_job(DISCARD, "job.discarded", tenant_id, job_id)


def reason_of(text: str) -> str:
    """Return a reason on one line. Raises Invalid where there is none or it is far too long."""
    reason = " ".join(clean(text).split())
    if not reason:
        raise Invalid({"reason": _("Enter a reason.")})
    if len(reason) > LONGEST_REASON:
        raise Invalid({"reason": _("Use at most %(n)s characters.", n=LONGEST_REASON)})
    return reason


def standing(user_id: UUID, slug: str) -> Any:
    """Return name and state of a business that is not open now, for one of its members; None for anybody else."""
    return fetch_row("SELECT * FROM core.standing(%s, %s)", (user_id, slug))


def closed_of(user_id: UUID) -> list[Any]:
    """Return slug, name and state of the businesses of a member that are not open now."""
    statement = text("SELECT * FROM core.standing(:who, '')")
    return list(current.session.connection().execute(statement, {"who": user_id}))


def token_standing(token: str) -> Any:
    """Return name and state of the business of a token that works but for that; None for any other token."""
    return fetch_row("SELECT * FROM core.token_standing(%s, %s)", (sha256(token), now()))


@contextmanager
def within(tenant: Tenant) -> Iterator[None]:
    """Continue the open transaction inside a business, as an operator, and leave its scope afterwards."""
    before = current.scope
    enter_tenant(tenant.snapshot())
    replace_scope(user=replace(before.user, kind="operator"))
    try:
        yield
    finally:
        replace_scope(tenant=before.tenant, user=before.user)


def _found(tenant_id: int) -> Tenant:
    statement = select(Tenant).where(Tenant.id == tenant_id).with_for_update()
    found = current.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound(_("There is no such business."))
    return found


def _set_state(tenant_id: int, before: str, after: str, reason: str) -> None:
    tenant = _found(tenant_id)
    if tenant.state != before:
        raise Refuse(_("The state of this business is another one by now. Reload the page."))
    tenant.state = after
    current.session.flush()
    action = "suspended" if after == SUSPENDED else "resumed"
    facts = {"reason": reason} if reason else {}
    _note(f"tenant.{action}", tenant, **facts)
    with within(tenant):
        audit.record(action, "core.tenant", None, tenant.name, after=facts or None)


def _change_job(statement: Any, action: str, tenant_id: int, job_id: UUID) -> None:
    tenant = _found(tenant_id)
    with within(tenant):
        values = {"tenant": tenant_id, "id": job_id, "moment": now()}
        row = current.session.connection().execute(statement, values).first()
        if row is None:
            raise NotFound(_("This job is not parked any more."))
        audit.record(action, "core.job", job_id, row.name)
    _note(action, tenant, job=row.name, kind=row.kind)


def _note(action: str, tenant: Tenant, **details: Any) -> None:
    me = current.user
    log.note(action, name=me.name, operator_id=me.id, business_id=tenant.id, **details)
