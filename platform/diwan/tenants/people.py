"""The people of the open business: members, their roles, invitations to join.

A business never loses its last owner, and nobody gives rights that they do not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from diwan import audit, mail
from diwan.access import service as access
from diwan.access.models import Role
from diwan.access.permissions import OWNER
from diwan.access.terms import Held, Term, held_by_members
from diwan.db import context, enter_tenant
from diwan.db.base import now
from diwan.db.context import current, replace_scope, tenant_from
from diwan.db.direct import fetch_row
from diwan.errors import Invalid, NotFound, Refuse
from diwan.kit import ids
from diwan.kit.i18n import _, language
from diwan.kit.ids import sha256
from diwan.tenants.models import Invitation, Membership
from diwan.tenants.service import actor_of
from diwan.users import service as users
from diwan.users import tokens
from diwan.users.models import User
from diwan.users.throttle import Limit

INVITATION_LIFE = timedelta(days=7)
# A business can send this many invitations at once; then each takes longer. It keeps us from being a machine for spam.
INVITATIONS = Limit("invitations", free=200, wait=10, longest=3600, window=24 * 3600)


@dataclass(frozen=True, slots=True)
class Member:
    """A person in the open business, for lists."""

    id: UUID
    user_id: UUID
    name: str
    email: str
    state: str
    since: datetime
    seen_at: datetime | None
    held: Sequence[Held]
    job_title: str = ""
    avatar: UUID | None = None

    @property
    def roles(self) -> Sequence[Role]:
        """All of their roles, those too that are over or to come."""
        return [held.role for held in self.held]


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that may be accepted now, found by its secret."""

    id: UUID
    email: str
    role_keys: list[str]
    inviter: str
    tenant: context.Tenant


def members() -> list[Member]:
    """Return everybody in the open business, the disabled ones last."""
    held = held_by_members()
    statement = (
        select(Membership, User.name, User.email, User.seen_at)
        .join(User, User.id == Membership.user_id)
        .order_by(Membership.state, User.name, Membership.id)
    )
    return [
        Member(m.id, m.user_id, name, email, m.state, m.created_at, seen_at, held.get(m.id, []), m.job_title, m.avatar)
        for m, name, email, seen_at in current.session.execute(statement)
    ]


def find_member(membership_id: UUID) -> tuple[Membership, User]:
    """Return a member of the open business, locked. Raises NotFound."""
    statement = (
        select(Membership, User)
        .join(User, User.id == Membership.user_id)
        .where(Membership.id == membership_id)
        .with_for_update(of=Membership)
    )
    row = current.session.execute(statement).one_or_none()
    if row is None:
        raise NotFound(_("There is no such person here."))
    return row[0], row[1]


def set_roles(membership_id: UUID, role_keys: Iterable[str], terms: Mapping[str, Term] | None = None) -> None:
    """Give a member exactly these roles, for these times by key; without `terms`, roles that stay keep theirs.

    Raises Denied, Invalid, Refuse (the last owner).
    """
    owners = access.owners()
    membership, user = find_member(membership_id)
    before = access.roles_of_members().get(membership_id, [])
    after = access.roles_named(role_keys)
    if not after:
        raise Invalid({"roles": _("Choose at least one role, or disable the person.")})
    were = access.terms_of(membership_id)
    given = were if terms is None else {role.id: terms.get(role.key, (None, None)) for role in after}
    if any(given.get(role.id, (None, None)) != (None, None) for role in after if role.key == OWNER):
        raise Invalid({"roles": _("An owner is one without an end: give that role no days.")})
    changed = {role.id for role in before} ^ {role.id for role in after}
    changed |= {role.id for role in after if role.id in were and given[role.id] != were[role.id]}
    if not changed:
        return
    access.require_may_give(role for role in {r.id: r for r in (*before, *after)}.values() if role.id in changed)
    if OWNER not in {role.key for role in after}:
        _keep_an_owner(user.id, owners)
    access.give_roles(membership_id, [role.id for role in after], given)
    membership.version += 1
    audit.record("roles_changed", "core.member", membership_id, user.name, _roles_in_words(before, were),
                 _roles_in_words(after, given))  # fmt: skip


def _roles_in_words(roles: Iterable[Role], terms: Mapping[UUID, Term]) -> dict[str, object]:
    """Return roles for the log: their keys, and the days of those that have some."""
    said: dict[str, object] = {"roles": [role.key for role in roles]}
    for role in roles:
        days = [day.isoformat() if day else "" for day in terms.get(role.id, ())]
        if any(days):
            said[role.key] = " / ".join(days)
    return said


def disable_member(membership_id: UUID) -> None:
    """Shut a person out of the open business and end their API tokens; what they made stays. Raises Denied, Refuse."""
    owners = access.owners()
    membership, user = find_member(membership_id)
    if user.id == current.user.id:
        raise Refuse(_("You cannot disable yourself. Ask another administrator."))
    access.require_may_give(access.roles_of_members().get(membership_id, []))
    _keep_an_owner(user.id, owners)
    if membership.state == "active":
        membership.state, membership.version = "disabled", membership.version + 1
        tokens.revoke_all(user.id)
        audit.record("disabled", "core.member", membership_id, user.name)


def enable_member(membership_id: UUID) -> None:
    """Let a disabled person in again, with the roles from before, without tokens. Raises Denied."""
    membership, user = find_member(membership_id)
    access.require_may_give(access.roles_of_members().get(membership_id, []))
    if membership.state == "disabled":
        membership.state, membership.version = "active", membership.version + 1
        audit.record("enabled", "core.member", membership_id, user.name)


def invitations() -> Sequence[Invitation]:
    """Return the invitations that are neither accepted nor revoked, newest first; some may have expired."""
    statement = (
        select(Invitation)
        .where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
        .order_by(Invitation.id.desc())
    )
    return current.session.scalars(statement).all()


def invite(email: str, role_keys: Iterable[str]) -> Invitation:
    """Invite somebody by mail. An older open invitation of the same address ends. Raises Invalid, Denied, TooMany."""
    email = users.normal_email(email)
    roles = access.roles_named(role_keys)
    if not roles:
        raise Invalid({"roles": _("Choose at least one role.")})
    access.require_may_give(roles)
    state = current.session.scalars(
        select(Membership.state).join(User, User.id == Membership.user_id).where(User.email == email)
    ).one_or_none()
    if state == "active":
        raise Invalid({"email": _("This person works here already.")})
    if state == "disabled":
        raise Invalid({"email": _("This person was disabled here. Enable them in the list instead.")})
    INVITATIONS.take(str(current.tenant.id))
    end_invitations([email])
    return send_invitation(email, [role.key for role in roles], "invited")


def resend_invitation(invitation_id: UUID) -> Invitation:
    """Send an invitation again, with a new link and seven new days; the old link ends. Raises NotFound, Denied."""
    old = _find_open(invitation_id)
    access.require_may_give(access.roles_named(old.role_keys))
    INVITATIONS.take(str(current.tenant.id))
    end_invitations([old.email])
    return send_invitation(old.email, old.role_keys, "invited_again")


def revoke_invitation(invitation_id: UUID) -> None:
    """End an invitation; its link no longer works. Raises NotFound."""
    invitation = _find_open(invitation_id)
    invitation.revoked_at = now()
    audit.record("revoked", "core.invitation", invitation.id, invitation.email)


def find_invitation(secret: str) -> Invited:
    """Return what an invitation's link offers, outside any tenant. Raises NotFound, the same for every reason."""
    row = fetch_row("SELECT * FROM core.open_invitation(%s, %s)", (sha256(secret), now()))
    if row is None:
        raise NotFound(_("This invitation was used, revoked or has expired. Ask your colleague for a new one."))
    inviter = current.session.get(User, row.invited_by) if row.invited_by else None
    return Invited(row.invitation_id, row.email, row.role_keys, inviter.name if inviter else "", tenant_from(row))


def accept_invitation(secret: str, user: User) -> context.Tenant:
    """Make the person a member and continue this transaction inside the business. Raises NotFound, Refuse."""
    invited = find_invitation(secret)
    if user.email != invited.email:
        raise Refuse(_("This invitation is for %(email)s. Log in with that address.", email=invited.email))
    enter_tenant(invited.tenant)
    replace_scope(user=actor_of(user, ()))
    done = current.session.execute(
        update(Invitation)
        .where(Invitation.id == invited.id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
        .values(accepted_at=now())
        .returning(Invitation.id)
    ).first()
    if done is None:
        raise NotFound(_("This invitation was used, revoked or has expired. Ask your colleague for a new one."))
    known = current.session.scalars(select(Membership).where(Membership.user_id == user.id)).one_or_none()
    if known is not None:
        raise Refuse(_("You were a member of this business before. Ask an administrator to enable you again.")
                     if known.state == "disabled" else _("You work here already."))  # fmt: skip
    membership = Membership(user_id=user.id)
    current.session.add(membership)
    current.session.flush()
    # A role that was deleted since the invitation is left out.
    access.give_roles(membership.id, [role.id for role in access.roles() if role.key in invited.role_keys])
    audit.record("joined", "core.member", membership.id, user.name, after={"roles": invited.role_keys})
    return invited.tenant


def accept_as_new(secret: str, name: str, password: str) -> tuple[User, context.Tenant]:
    """Make an account for the invited address, which the link proves, and accept. Raises Invalid, NotFound, Refuse."""
    invited = find_invitation(secret)
    if users.find_user(invited.email) is not None:
        raise Refuse(_("This address has an account already. Log in to accept the invitation."))
    user = users.create_user(invited.email, users.clean_name(name), password, language())
    return user, accept_invitation(secret, user)


def _keep_an_owner(user_id: UUID, owners: Sequence[UUID]) -> None:
    if user_id in owners and len(set(owners)) == 1:
        raise Refuse(_("A business needs an owner. Make somebody else an owner first."))


def _find_open(invitation_id: UUID) -> Invitation:
    found = current.session.scalars(
        select(Invitation).where(
            Invitation.id == invitation_id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
        )
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such invitation; it may have been accepted."))
    return found


def end_invitations(emails: Iterable[str]) -> None:
    """End the open invitations of these addresses; their links no longer work."""
    current.session.execute(
        update(Invitation)
        .where(Invitation.email.in_(list(emails)), Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
        .values(revoked_at=now())
    )


def send_invitation(email: str, role_keys: list[str], action: str, language: str | None = None) -> Invitation:
    """Make an invitation and send its mail after the commit, in `language` or that of the account, if there is one."""
    secret = ids.token()
    invitation = Invitation(
        email=email,
        role_keys=role_keys,
        secret_hash=sha256(secret),
        invited_by=current.user.id,
        expires_at=now() + INVITATION_LIFE,
    )
    current.session.add(invitation)
    current.session.flush()
    if language is None:
        known = users.find_user(email)
        language = known.language if known else current.tenant.language
    mail.send(
        email,
        "invitation",
        language,
        inviter=current.user.name,
        inviter_email=current.user.email,
        business=current.tenant.name,
        link=f"/invitation/{secret}",
    )
    audit.record(action, "core.invitation", invitation.id, email, after={"roles": role_keys})
    return invitation
