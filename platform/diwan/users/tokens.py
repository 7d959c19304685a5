"""API tokens: made for oneself in one business, shown once, opened with one round trip.

A token never allows more than its person may at that moment; nothing here can show it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, select, update

from diwan import audit
from diwan.access.permissions import GRANT, intersect
from diwan.db.base import now
from diwan.db.context import Actor, Grants, Tenant, current, scope, tenant_from
from diwan.db.direct import fetch_row
from diwan.errors import Denied, Invalid, NotFound, Unauthenticated
from diwan.kit import ids
from diwan.kit.i18n import _
from diwan.users.models import ApiToken
from diwan.users.service import clean_name

PREFIX = "dwn_"
USED_EVERY = timedelta(minutes=5)
MOST = 100


def create(name: str, grants: Iterable[str] = ("*",), expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """Make a token for the actor in the open business; return it and its text, which is shown once.

    `grants` may ask for more than the person has: `open_token` takes only what both allow. Raises Invalid, Denied.
    """
    name, wanted = clean_name(name), sorted(set(grants))
    if current.user.id is None or current.user.kind != "user":
        raise Denied(_("Only a person can make API tokens."))
    if not wanted or not all(GRANT.fullmatch(grant) for grant in wanted):
        raise Invalid({"grants": _("Choose permissions from the list.")})
    if expires_at is not None and expires_at <= now():
        raise Invalid({"expires_at": _("Choose a day in the future.")})
    if sum(token.revoked_at is None for token in mine()) >= MOST:
        raise Invalid({"name": _("You have %(n)s tokens. Revoke those that you no longer use.", n=MOST)})
    text = ids.token(PREFIX)
    token = ApiToken(
        user_id=current.user.id,
        name=name,
        prefix=text[: len(PREFIX) + 6],
        secret_hash=ids.sha256(text),
        grants=wanted,
        expires_at=expires_at,
    )
    current.session.add(token)
    current.session.flush()
    audit.record("create", "core.api_token", token.id, name, after={"grants": wanted, "expires_at": expires_at})
    return token, text


def mine() -> Sequence[ApiToken]:
    """Return the actor's tokens in the open business, newest first."""
    statement = select(ApiToken).where(ApiToken.user_id == current.user.id).order_by(ApiToken.id.desc())
    return current.session.scalars(statement).all()


def revoke(token_id: UUID, *, anybodys: bool = False) -> ApiToken:
    """End a token at once: one's own, or with `anybodys` anyone's of the business. Raises NotFound."""
    token = current.session.scalars(select(ApiToken).where(ApiToken.id == token_id)).one_or_none()
    if token is None or (token.user_id != current.user.id and not anybodys):
        raise NotFound(_("There is no such token."))
    if token.revoked_at is None:
        token.revoked_at = now()
        audit.record("revoked", "core.api_token", token.id, token.name)
    return token


def open_token(text: str) -> tuple[Tenant, Actor]:
    """Return whose token this is, in one round trip. Raises Unauthenticated, the same for every reason."""
    moment = now()
    row = None
    if text.startswith(PREFIX) and len(text) < 100:
        row = fetch_row("SELECT * FROM core.open_token(%s, %s)", (ids.sha256(text), moment))
    if row is None:
        raise Unauthenticated(_("This token is unknown, expired or revoked."))
    tenant = tenant_from(row)
    if row.used_at is None or moment - row.used_at > USED_EVERY:
        _note_use(tenant, row.token_id, moment)
    grants = Grants.of(intersect(row.grants, row.token_grants))
    return tenant, Actor(row.user_id, row.user_name, row.email, row.user_language, kind="token", grants=grants)


def _note_use(tenant: Tenant, token_id: UUID, moment: datetime) -> None:
    # A transaction of its own, at most every five minutes: the request's own may be rolled back, or wait for others.
    bind = current.session.get_bind()
    engine = bind if isinstance(bind, Engine) else bind.engine
    with scope(tenant=tenant), engine.begin() as connection:
        connection.execute(
            update(ApiToken).where(ApiToken.tenant_id == tenant.id, ApiToken.id == token_id).values(used_at=moment)
        )
