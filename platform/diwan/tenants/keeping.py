"""How long a business keeps its audit log: set here, done by the daily round (`audit.retention`).

It must leave the other keys of the policy to others.
"""

from __future__ import annotations

from sqlalchemy import select

from diwan import audit
from diwan.audit.retention import POLICY, kept_months
from diwan.db.context import current, replace_scope
from diwan.tenants.models import Tenant


def keep_audit(months: int | None) -> None:
    """Keep entries of the open business for some months; None: for ever."""
    tenant = current.session.scalars(select(Tenant).where(Tenant.id == current.tenant.id).with_for_update()).one()
    before = kept_months(tenant.policy)
    if before == months:
        return
    rest = {name: value for name, value in tenant.policy.items() if name != POLICY}
    tenant.policy = {**rest, **({POLICY: months} if months else {})}
    audit.record("audit.kept", "core.audit", None, tenant.name, {POLICY: before}, {POLICY: months})
    current.session.flush()
    replace_scope(tenant=tenant.snapshot())
