"""A business comes into being and changes: sign-up in one transaction, another business, its settings.

It must not show anything nor know modules; members and invitations are in `people`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from diwan import audit
from diwan.access import permissions
from diwan.access import service as access
from diwan.db import context, enter_tenant
from diwan.db.base import now
from diwan.db.context import Actor, current, replace_scope, tenant_from
from diwan.db.grants import Grants
from diwan.errors import Invalid
from diwan.kit.i18n import LANGUAGES, _
from diwan.kit.ids import sha256
from diwan.tenants import countries
from diwan.tenants.models import Membership, Tenant
from diwan.tenants.slugs import candidates
from diwan.users import codes
from diwan.users import service as users
from diwan.users.models import User

# Old links and mails of a business that was erased must not lead to another one.
BURNT = text("SELECT 1 FROM core.erasure WHERE slug_hash = :hash")
SETTINGS = ("name", "country", "language", "timezone", "currency")


def start_sign_up(email: str, business: str, country: str, language: str, *, ip: str) -> UUID:
    """Check what was typed and send the code. Returns the challenge's id. Raises Invalid, TooMany."""
    errors: dict[str, object] = {}
    values = {"name": business, "country": country, "language": language}
    for check in (lambda: users.normal_email(email), lambda: _check(values)):
        try:
            check()
        except Invalid as error:
            errors.update(error.errors)
    if errors:
        if "name" in errors:
            errors["business"] = errors.pop("name")
        raise Invalid(errors)
    return users.start_sign_up(email, users.clean_name(business), country, language, ip=ip)


def complete_sign_up(challenge_id: UUID, name: str, password: str) -> tuple[User, context.Tenant]:
    """Make the account and its business out of a proven sign-up, all in this transaction. Raises NotFound, Invalid."""
    challenge = codes.verified(challenge_id)
    name = users.clean_name(name or challenge.email.partition("@")[0])
    codes.use(challenge)
    data = challenge.data
    user = users.create_user(challenge.email, name, password, data["language"], data["business"])
    return user, create_tenant(data["business"], data["country"], data["language"], user)


def create_tenant(name: str, country: str, language: str, owner: User) -> context.Tenant:
    """Make a business with its roles and its owner, and continue this transaction inside it. Raises Invalid."""
    values = _check({"name": name, "country": country, "language": language})
    tenant = _insert(
        {
            **values,
            "timezone": countries.timezone_of(country),
            "currency": countries.currency_of(country),
            "created_at": now(),
        }
    )
    enter_tenant(tenant)
    replace_scope(user=actor_of(owner, ("*",)))
    role_ids = access.make_default_roles()
    membership = Membership(user_id=owner.id)
    current.session.add(membership)
    current.session.flush()
    access.give_roles(membership.id, [role_ids[permissions.OWNER]])
    audit.record("create", "core.tenant", None, tenant.name, after={key: getattr(tenant, key) for key in SETTINGS})
    return tenant


def tenants_of(user_id: UUID) -> Sequence[context.Tenant]:
    """Return the businesses in which a person is an active member, by name."""
    rows = current.session.connection().exec_driver_sql("SELECT * FROM core.memberships_of(%s)", (user_id,))
    return [tenant_from(row) for row in rows]


def actor_of(user: User, grants: Sequence[str]) -> Actor:
    """Return a person as the one who acts, with these grants."""
    return Actor(user.id, user.name, user.email, user.language, grants=Grants.of(list(grants)))


def update_settings(values: dict[str, str]) -> context.Tenant:
    """Change name, country, language, time zone and base currency of the open business. Raises Invalid."""
    wanted = _check({key: values[key] for key in SETTINGS if key in values})
    tenant = current.session.scalars(select(Tenant).where(Tenant.id == current.tenant.id).with_for_update()).one()
    before = {key: getattr(tenant, key) for key in wanted if getattr(tenant, key) != wanted[key]}
    for key in before:
        setattr(tenant, key, wanted[key])
    if before:
        after = {key: wanted[key] for key in before}
        audit.record("update", "core.tenant", None, tenant.name, before, after)
        current.session.flush()
        replace_scope(tenant=tenant.snapshot())
    return tenant.snapshot()


def _insert(values: dict[str, Any]) -> context.Tenant:
    for slug in candidates(values["name"]):
        if current.session.execute(BURNT, {"hash": sha256(slug)}).first() is not None:
            continue
        statement = insert(Tenant).values(slug=slug, **values).on_conflict_do_nothing(index_elements=["slug"])
        row = current.session.execute(statement.returning(Tenant.id)).first()
        if row is not None:
            return context.Tenant(
                id=row.id, slug=slug, **{key: value for key, value in values.items() if key != "created_at"}
            )
    raise AssertionError("candidates never end")


def _check(values: dict[str, str]) -> dict[str, str]:
    """Return clean values. Raises Invalid with all that is wrong."""
    errors: dict[str, object] = {}
    clean = dict(values)
    if "name" in values:
        try:
            clean["name"] = users.clean_name(values["name"])
        except Invalid as error:
            errors.update(error.errors)
    for key, known, problem in (
        ("country", countries.country_codes, _("Choose a country from the list.")),
        ("language", lambda: LANGUAGES, _("Choose a language from the list.")),
        ("timezone", countries.timezones, _("Choose a time zone from the list.")),
        ("currency", countries.currency_codes, _("Choose a currency from the list.")),
    ):
        if key in values and values[key] not in known():
            errors[key] = problem
    if errors:
        raise Invalid(errors)
    return clean
