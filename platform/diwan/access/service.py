"""Roles of the business that is open: made, changed, given, taken, resolved.

Nobody can give what they do not hold: every function that gives checks the actor of the scope.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import delete, insert, select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from diwan import audit
from diwan.access.models import MemberRole, Role, RoleGrant
from diwan.access.permissions import DEFAULT_ROLES, GRANT, OWNER, covers_all
from diwan.db.context import current
from diwan.db.grants import Grants
from diwan.errors import Denied, Invalid, NotFound, Refuse
from diwan.kit.i18n import _
from diwan.kit.ids import uuid7
from diwan.kit.text import clean, fold

Term = tuple[date | None, date | None]
"""From when until when somebody has a role; both days count, None has no end."""

# Plain table names: memberships belong to `tenants`, which stands beside this area.
OWNERS = text(
    """SELECT m.user_id FROM core.membership m
    JOIN core.member_role mr ON mr.tenant_id = m.tenant_id AND mr.membership_id = m.id
    JOIN core.role r ON r.tenant_id = mr.tenant_id AND r.id = mr.role_id
    WHERE m.tenant_id = :tenant AND m.state = 'active' AND r.key = :owner ORDER BY m.id"""
)


def make_default_roles() -> dict[str, UUID]:
    """Make the roles that a business begins with; return their ids by key."""
    return {key: _insert_role(key, "", "", grants) for key, (_name, grants) in DEFAULT_ROLES.items()}


def label(role: Role) -> str:
    """Return a role's name for the reader. One that the business never renamed has none stored: it is translated."""
    if role.name:
        return role.name
    if role.key in DEFAULT_ROLES:
        return str(DEFAULT_ROLES[role.key][0])
    suggested = current.lineup.find("role", role.key) if current.lineup else None
    return str(suggested.label) if suggested else role.key


def roles() -> Sequence[Role]:
    """Return the roles, the default ones first."""
    order = list(DEFAULT_ROLES)
    found = current.session.scalars(select(Role)).all()
    return sorted(found, key=lambda r: (order.index(r.key) if r.key in order else len(order), r.plugin, fold(label(r))))


def find_role(role_id: UUID) -> Role:
    """Return a role. Raises NotFound."""
    found = current.session.scalars(select(Role).where(Role.id == role_id)).one_or_none()
    if found is None:
        raise NotFound(_("There is no such role."))
    return found


def grants_by_role() -> Mapping[UUID, list[str]]:
    """Return the grants of every role, by its id."""
    found: dict[UUID, list[str]] = defaultdict(list)
    statement = (
        select(RoleGrant.role_id, RoleGrant.permission)
        .where(RoleGrant.tenant_id == current.tenant.id)
        .order_by(RoleGrant.permission)
    )
    for role_id, permission in current.session.execute(statement):
        found[role_id].append(permission)
    return found


def create_role(name: str, grants: Iterable[str]) -> Role:
    """Make a role of the business's own. Raises Invalid, Denied."""
    name, grants = _checked(name, grants)
    stem = re.sub(r"[^a-z0-9]+", "_", fold(name)).strip("_") or "role"
    taken = {role.key for role in roles()}
    key = next(k for k in (stem, *(f"{stem}_{n}" for n in range(2, len(taken) + 3))) if k not in taken)
    role_id = _insert_role(key, name, "", grants)
    audit.record("create", "core.role", role_id, name, after={"grants": grants})
    return find_role(role_id)


def update_role(role_id: UUID, name: str, grants: Iterable[str], version: int | None = None) -> Role:
    """Change name and grants; `version` is the one that the person saw. Raises Denied, Invalid, Refuse.

    The owner's role never changes, or a business could lock itself out.
    """
    role = find_role(role_id)
    if version is not None and version != role.version:
        raise Refuse(_("Somebody else changed this role meanwhile. You see what you chose; save again to keep that."))
    if role.key == OWNER:
        raise Refuse(_("The owner's role cannot be changed."))
    before = grants_by_role().get(role_id, [])
    name, grants = _checked(name, grants)
    _require_held(before)
    audit.record(
        "update", "core.role", role_id, name, {"name": label(role), "grants": before}, {"name": name, "grants": grants}
    )
    role.name, role.version = "" if name == label(role) else name, role.version + 1
    current.session.execute(
        delete(RoleGrant).where(RoleGrant.tenant_id == current.tenant.id, RoleGrant.role_id == role_id)
    )
    _insert_grants(role_id, grants)
    return role


def delete_role(role_id: UUID) -> None:
    """Delete a role that nobody has. Raises Refuse."""
    role = find_role(role_id)
    if role.key in DEFAULT_ROLES:
        raise Refuse(_("This role belongs to every business and cannot be deleted."))
    used = select(MemberRole.membership_id).where(
        MemberRole.tenant_id == current.tenant.id, MemberRole.role_id == role_id
    )
    if current.session.execute(used.limit(1)).first():
        raise Refuse(_("Somebody has this role. Take it from them first."))
    audit.record("delete", "core.role", role_id, label(role), before={"grants": grants_by_role().get(role_id, [])})
    current.session.execute(delete(Role).where(Role.tenant_id == current.tenant.id, Role.id == role_id))


def add_suggested_roles(plugin: str, suggested: Iterable[tuple[str, object, Iterable[str]]]) -> list[str]:
    """Add the roles that a plugin suggests: (key such as `contacts.editor`, label, grants).

    The label is not stored: `label()` asks the plugin for it, in the reader's language.
    A role that is there already keeps what the business made of it. Returns the keys that are new.
    """
    added = []
    for key, _label, grants in suggested:
        role_id = uuid7()
        made = current.session.execute(
            pg_insert(Role)
            .values(tenant_id=current.tenant.id, id=role_id, key=key, name="", plugin=plugin)
            .on_conflict_do_nothing(index_elements=["tenant_id", "key"])
            .returning(Role.id)
        ).first()
        if made is not None:
            _insert_grants(role_id, list(grants))
            added.append(key)
    if added:
        audit.record("create", "core.role", None, plugin, after={"roles": added})
    return added


def grants_for(membership_id: UUID) -> list[str]:
    """Return what the roles of a member grant."""
    statement = (
        select(RoleGrant.permission)
        .join(MemberRole, (MemberRole.tenant_id == RoleGrant.tenant_id) & (MemberRole.role_id == RoleGrant.role_id))
        .where(RoleGrant.tenant_id == current.tenant.id, MemberRole.membership_id == membership_id)
        .distinct()
        .order_by(RoleGrant.permission)
    )
    return list(current.session.scalars(statement))


def roles_of_members() -> Mapping[UUID, list[Role]]:
    """Return the roles of every member, by membership id."""
    known = {role.id: role for role in roles()}
    found: dict[UUID, list[Role]] = defaultdict(list)
    statement = select(MemberRole.membership_id, MemberRole.role_id).where(MemberRole.tenant_id == current.tenant.id)
    for membership_id, role_id in current.session.execute(statement):
        found[membership_id].append(known[role_id])
    return found


def roles_named(keys: Iterable[str]) -> list[Role]:
    """Return the roles with these keys. Raises Invalid for an unknown one."""
    wanted = set(keys)
    found = [role for role in roles() if role.key in wanted]
    if len(found) != len(wanted):
        raise Invalid({"roles": _("Choose roles from the list.")})
    return found


def require_may_give(given: Iterable[Role]) -> None:
    """Raise Denied unless the actor holds all that these roles grant; only an owner gives or takes the owner's role."""
    grants = grants_by_role()
    for role in given:
        if role.key == OWNER and not is_owner(current.user.id):
            raise Denied(_("Only an owner can make somebody an owner or take that away."))
        _require_held(grants.get(role.id, []))


def is_owner(user_id: UUID | None) -> bool:
    """Return whether an active member of the open business is an owner."""
    return user_id is not None and user_id in set(owners())


def owners() -> Sequence[UUID]:
    """Return the user ids of the active owners; nobody else changes who is one until the end of the transaction."""
    # First the lock, then the question in a statement of its own, which sees what a faster transaction did: of two
    # owners who step down at once, the second is refused. (NO KEY UPDATE, so that other roles can be given meanwhile.)
    lock = select(Role.id).where(Role.key == OWNER).with_for_update(key_share=True)
    current.session.execute(lock)
    return list(current.session.scalars(OWNERS, {"tenant": current.tenant.id, "owner": OWNER}))


def give_roles(membership_id: UUID, role_ids: Iterable[UUID], terms: Mapping[UUID, Term] | None = None) -> None:
    """Give exactly these roles to a member, for these times; without `terms`, roles that stay keep theirs.

    It checks nothing; `tenants` does.
    """
    mine = (MemberRole.tenant_id == current.tenant.id, MemberRole.membership_id == membership_id)
    if terms is None:
        terms = terms_of(membership_id)
    current.session.execute(delete(MemberRole).where(*mine))
    rows = []
    for role_id in role_ids:
        since, until = terms.get(role_id, (None, None))
        rows.append({"tenant_id": current.tenant.id, "membership_id": membership_id, "role_id": role_id,
                     "valid_from": since, "valid_to": until})  # fmt: skip
    if rows:
        current.session.execute(insert(MemberRole), rows)


def terms_of(membership_id: UUID) -> dict[UUID, Term]:
    """Return for how long a member has each of their roles."""
    statement = select(MemberRole.role_id, MemberRole.valid_from, MemberRole.valid_to).where(
        MemberRole.tenant_id == current.tenant.id, MemberRole.membership_id == membership_id
    )
    return {role_id: (since, until) for role_id, since, until in current.session.execute(statement)}


def _checked(name: str, grants: Iterable[str]) -> tuple[str, list[str]]:
    name, wanted = " ".join(clean(name).split()), sorted(set(grants))
    if not name or len(name) > 80:
        raise Invalid({"name": _("Enter a name of at most %(n)s characters.", n=80)})
    if not all(GRANT.fullmatch(grant) for grant in wanted):
        raise Invalid({"grants": _("Choose permissions from the list.")})
    _require_held(wanted)
    return name, wanted


def _require_held(grants: Iterable[str]) -> None:
    held: Grants = current.user.grants
    if not covers_all(held, grants):
        raise Denied(_("You cannot give or take rights that you do not have yourself."))


def _insert_role(key: str, name: str, plugin: str, grants: Iterable[str]) -> UUID:
    role = Role(key=key, name=name, plugin=plugin)
    current.session.add(role)
    current.session.flush()
    _insert_grants(role.id, list(grants))
    return role.id


def _insert_grants(role_id: UUID, grants: list[str]) -> None:
    rows = [{"tenant_id": current.tenant.id, "role_id": role_id, "permission": grant} for grant in sorted(set(grants))]
    if rows:
        current.session.execute(insert(RoleGrant), rows)
