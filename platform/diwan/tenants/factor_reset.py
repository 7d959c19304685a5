"""An administrator helps a member who lost phone and recovery codes: their second factors are taken away.

It must not reach people who work in other businesses too: their account is not this business's alone.
"""

from __future__ import annotations

from uuid import UUID

from diwan import audit
from diwan.access import service as access
from diwan.db.context import current
from diwan.errors import Refuse
from diwan.kit.i18n import _
from diwan.tenants import people
from diwan.tenants.service import tenants_of
from diwan.users import factors


def reset_factors(membership_id: UUID) -> None:
    """Take all second factors from a member and end their sessions; a mail tells them. Raises Denied, Refuse."""
    _membership, user = people.find_member(membership_id)
    if user.id == current.user.id:
        raise Refuse(_("Change your own two-step sign-in under Security in your account."))
    # As with roles: nobody reaches those who may more than they do, and owners are reached by owners.
    access.require_may_give(access.roles_of_members().get(membership_id, []))
    if any(tenant.id != current.tenant.id for tenant in tenants_of(user.id)):
        raise Refuse(
            _(
                "This can be done only for people who work in this business alone. They can use a recovery code, or ask"
                " whoever runs this Diwan."
            )
        )
    if not factors.factors_of(user.id):
        raise Refuse(_("They have no two-step sign-in."))
    factors.reset(user, current.tenant.name)
    audit.record("factors_reset", "core.member", membership_id, user.name)
