"""What may be granted by the core, the roles every business begins with, and the arithmetic of grants.

It must not read the database. A grant is a permission or a prefix that ends in `*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from diwan.db.context import Grants
from diwan.kit.i18n import LazyText, _

PERMISSIONS: dict[str, LazyText] = {
    "core.member.read": _("See who works here"),
    "core.member.invite": _("Invite people"),
    "core.member.update": _("Change roles, disable people"),
    "core.role.update": _("Make and change roles"),
    "core.plugin.manage": _("Switch modules on and off"),
    "core.tenant.update": _("Change the settings of the business"),
    "core.token.manage": _("Make API tokens for oneself"),
    "core.audit.read": _("Read the audit log"),
    "core.view.share": _("Share views of lists with everybody"),
}

GRANT = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*)*(\.\*)?|\*")
"""What a grant looks like."""

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
    """Return whether `grants` allow all that the grant `wanted` allows."""
    stem = wanted.removesuffix("*")
    return any(
        stem.startswith(grant[:-1]) if grant.endswith("*") else not wanted.endswith("*") and grant == wanted
        for grant in grants
    )


def intersect(first: Iterable[str], second: Iterable[str]) -> list[str]:
    """Return the grants that both sides allow."""
    first, second = set(first), set(second)
    return sorted({g for g in first if covers(second, g)} | {g for g in second if covers(first, g)})


def patterns(grants: Grants) -> list[str]:
    """Return compiled grants as the texts they were made of."""
    return [*sorted(grants.keys), *(f"{prefix}*" for prefix in grants.prefixes)]


def covers_all(grants: Grants, wanted: Iterable[str]) -> bool:
    """Return whether an actor with `grants` holds everything that `wanted` would give."""
    mine = patterns(grants)
    return all(covers(mine, grant) for grant in wanted)
