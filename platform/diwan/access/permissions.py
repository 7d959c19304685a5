"""What may be granted by the core, the roles every business begins with, and the arithmetic of grants.

It must not read the database. How a grant is written: `diwan.db.grants`.
"""

from __future__ import annotations

from collections.abc import Iterable

from diwan.db.grants import GRANT, Grant, Grants
from diwan.kit.i18n import LazyText, _

__all__ = ["GRANT", "Grant", "Grants"]

PERMISSIONS: dict[str, LazyText] = {
    "core.member.read": _("See who works here"),
    "core.member.invite": _("Invite people"),
    "core.member.update": _("Change roles, disable people"),
    "core.team.update": _("Make teams and say who is in them"),
    "core.role.update": _("Make and change roles"),
    "core.plugin.manage": _("Switch modules on and off"),
    "core.tenant.update": _("Change the settings of the business"),
    "core.tenant.export": _("Export everything that the business has"),
    "core.token.manage": _("Make API tokens for oneself"),
    "core.service_token.manage": _("Make API tokens of the business, see and revoke everybody's"),
    "core.support.grant": _("Let the platform's support in for a time"),
    "core.audit.read": _("Read the audit log"),
    "core.view.share": _("Share views of lists with everybody"),
}

OWNER, ADMIN, MEMBER = "owner", "admin", "member"

# owner: everything; only an owner makes or unmakes an owner, and one always remains.
# admin: everything as well, whatever modules come: an administrator who lacks the rights of a module that was just
#        switched on would be a trap. What sets the owner apart is the rule above.
# member: sees colleagues, may have API tokens (which never exceed the person's own rights). Nothing of any module: a
#        role "everybody" that grows with each module would show the payslips to the whole business on the day payroll
#        is switched on. Each module suggests roles of its own (`contacts.editor`), which an administrator gives.
DEFAULT_ROLES: dict[str, tuple[LazyText, tuple[str, ...]]] = {
    OWNER: (_("Owner"), ("*",)),
    ADMIN: (_("Administrator"), ("*",)),
    MEMBER: (_("Member"), ("core.member.read", "core.token.manage")),
}


def covers(grants: Iterable[str], wanted: str) -> bool:
    """Return whether one of `grants` allows all that the grant `wanted` allows."""
    asked = Grant.parse(wanted)
    return any(Grant.parse(grant).covers(asked) for grant in grants)


def intersect(first: Iterable[str], second: Iterable[str]) -> list[str]:
    """Return the grants that both sides allow."""
    mine, others = [Grant.parse(g) for g in set(first)], [Grant.parse(g) for g in set(second)]
    met = (one.meet(other) for one in mine for other in others)
    return sorted({str(grant) for grant in met if grant is not None})


def patterns(grants: Grants) -> list[str]:
    """Return compiled grants as the texts they were made of."""
    return [*sorted(str(g) for found in grants.keys.values() for g in found), *(f"{p}*" for p in grants.prefixes)]


def covers_all(grants: Grants, wanted: Iterable[str]) -> bool:
    """Return whether an actor with `grants` holds everything that `wanted` would give."""
    mine = patterns(grants)
    return all(covers(mine, grant) for grant in wanted)
