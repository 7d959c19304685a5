"""API tokens: a person's own, or the business's (service tokens); shown once, opened with one round trip.

A person's token never allows more than its person may at that moment; nothing here can show a token again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text

from diwan import audit
from diwan.access.holding import grants_held
from diwan.access.permissions import GRANT, covers_all, intersect
from diwan.db.base import now
from diwan.db.context import Actor, Tenant, current, scope, tenant_from
from diwan.db.direct import fetch_row
from diwan.db.grants import Grants
from diwan.db.session import unit_of_work
from diwan.errors import Denied, Invalid, NotFound, Unauthenticated
from diwan.kit import ids
from diwan.kit.i18n import _
from diwan.users.models import ApiToken, User
from diwan.users.service import clean_name

PREFIX: Final = "dwn_"
PERSONAL, SERVICE = "personal", "service"
MANAGE_ALL: Final = "core.service_token.manage"
"""The right to make tokens of the business, to see all tokens of it and to revoke any."""
USED_EVERY = timedelta(minutes=5)
MOST = 100
PAGE = 50

# Only one of several requests at once notes the use: the others find another time there.
NOTE_USE = text(
    """UPDATE core.api_token SET used_at = :moment, used_ip = :ip
    WHERE tenant_id = :tenant AND id = :id AND used_at IS NOT DISTINCT FROM :before"""
)


def create(name: str, grants: Iterable[str] = ("*",), expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """Make a token for the actor in the open business; return it and its text, which is shown once.

    `grants` may ask for more than the person has: `open_token` takes only what both allow. Raises Invalid, Denied.
    """
    _require_person()
    if sum(token.revoked_at is None for token in mine()) >= MOST:
        raise Invalid({"name": _("You have %(n)s tokens. Revoke those that you no longer use.", n=MOST)})
    return _make(PERSONAL, current.user.id, name, grants, expires_at)


def create_service(name: str, grants: Iterable[str], expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """Make a token of the business, which has no person and outlives whoever made it; return it and its text.

    Raises Denied for a right that the actor does not hold: the token's grants are all that limits it.
    """
    current.require(MANAGE_ALL)
    _require_person()
    wanted = sorted(set(grants))
    if all(GRANT.fullmatch(grant) for grant in wanted) and not covers_all(current.user.grants, wanted):
        raise Denied(_("You cannot give a token rights that you do not have yourself."))
    alive = select(ApiToken.id).where(ApiToken.kind == SERVICE, ApiToken.revoked_at.is_(None)).limit(MOST)
    if len(current.session.scalars(alive).all()) >= MOST:
        raise Invalid({"name": _("The business has %(n)s tokens. Revoke those that it no longer uses.", n=MOST)})
    return _make(SERVICE, None, name, wanted, expires_at)


def _require_person() -> None:
    if current.user.id is None or current.user.kind != "user":
        raise Denied(_("Only a person can make API tokens."))


def _make(
    kind: str, owner: UUID | None, name: str, grants: Iterable[str], expires_at: datetime | None
) -> tuple[ApiToken, str]:
    name, wanted = clean_name(name), sorted(set(grants))
    if not wanted or not all(GRANT.fullmatch(grant) for grant in wanted):
        raise Invalid({"grants": _("Choose permissions from the list.")})
    if expires_at is not None and expires_at <= now():
        raise Invalid({"expires_at": _("Choose a day in the future.")})
    secret = ids.token(PREFIX)
    token = ApiToken(
        kind=kind,
        user_id=owner,
        created_by=current.user.id,
        name=name,
        prefix=secret[: len(PREFIX) + 6],
        secret_hash=ids.sha256(secret),
        grants=wanted,
        expires_at=expires_at,
    )
    current.session.add(token)
    current.session.flush()
    after = {"kind": kind, "grants": wanted, "expires_at": expires_at}
    audit.record("create", "core.api_token", token.id, name, after=after)
    return token, secret


def mine() -> Sequence[ApiToken]:
    """Return the actor's tokens in the open business, newest first."""
    statement = select(ApiToken).where(ApiToken.user_id == current.user.id).order_by(ApiToken.id.desc())
    return current.session.scalars(statement).all()


def everybodys(before: UUID | None = None, limit: int = PAGE) -> Sequence[tuple[ApiToken, str]]:
    """Return the tokens of the business that work, newest first, each with its person's or its maker's name.

    `before` is the id of the last one already shown; there is one more than `limit` where there are more.
    """
    current.require(MANAGE_ALL)
    statement = (
        select(ApiToken, User.name)
        .join(User, User.id == func.coalesce(ApiToken.user_id, ApiToken.created_by), isouter=True)
        .where(ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(ApiToken.id < before)
    return [(token, name or "") for token, name in current.session.execute(statement)]


def revoke(token_id: UUID, *, anybodys: bool = False) -> ApiToken:
    """End a token at once: one's own, or with `anybodys` anyone's of the business. Raises NotFound."""
    token = current.session.scalars(select(ApiToken).where(ApiToken.id == token_id)).one_or_none()
    own = token is not None and token.user_id is not None and token.user_id == current.user.id
    if token is None or not (own or anybodys):
        raise NotFound(_("There is no such token."))
    if token.revoked_at is None:
        token.revoked_at = now()
        audit.record("revoked", "core.api_token", token.id, token.name, after={"kind": token.kind})
    return token


def revoke_all(user_id: UUID) -> int:
    """End all tokens of a person in the open business; return how many. For whoever shuts the person out."""
    alive = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None)).with_for_update()
    found = current.session.scalars(alive).all()
    for token in found:
        token.revoked_at = now()
        audit.record("revoked", "core.api_token", token.id, token.name, after={"kind": token.kind})
    return len(found)


def open_token(secret: str, ip: str = "") -> tuple[Tenant, Actor]:
    """Return whose token this is, in one round trip. Raises Unauthenticated, the same for every reason."""
    moment = now()
    row = None
    if secret.startswith(PREFIX) and len(secret) < 100:
        row = fetch_row("SELECT * FROM core.open_token(%s, %s)", (ids.sha256(secret), moment))
    if row is None:
        raise Unauthenticated(_("This token is unknown, expired or revoked."))
    tenant = tenant_from(row)
    actor = _actor(row, grants_held(tenant, row.membership_id, row.rights, moment) if row.membership_id else ())
    if row.used_at is None or moment - row.used_at > USED_EVERY:
        _note_use(tenant, actor, row, moment, ip)
    return tenant, actor


def _actor(row: Any, held: tuple[str, ...]) -> Actor:
    allowed = tuple(row.token_grants)
    if row.token_kind == SERVICE:
        grants, narrowing = Grants.of(allowed), allowed
        return Actor(name=row.token_name, kind="service", grants=grants, token_id=row.token_id, narrowing=narrowing)
    unlimited = allowed == ("*",)
    return Actor(
        row.user_id,
        row.user_name,
        row.email,
        row.user_language,
        kind="token",
        grants=Grants.of(held) if unlimited else _both(held, allowed),
        token_id=row.token_id,
        narrowing=None if unlimited else allowed,
    )


@lru_cache(maxsize=2_000)
def _both(person: tuple[str, ...], token: tuple[str, ...]) -> Grants:
    """Return what both allow; every request of a token asks the same, and comparing costs more than the rest of it."""
    return Grants.of(intersect(person, token))


def _note_use(tenant: Tenant, actor: Actor, row: Any, moment: datetime, ip: str) -> None:
    # A transaction of its own, at most every five minutes: the request's own may be rolled back. The log gets an
    # entry for the first use of a day, and for one from another address.
    told = row.used_at is not None and row.used_at.date() == moment.date() and row.used_ip == ip
    values = {"moment": moment, "ip": ip, "tenant": tenant.id, "id": row.token_id, "before": row.used_at}
    with scope(tenant=tenant, user=actor, request_id=current.request_id), unit_of_work() as session:
        noted = session.connection().execute(NOTE_USE, values).rowcount
        if noted and not told:
            audit.record("used", "core.api_token", row.token_id, row.token_name, after={"ip": ip})
