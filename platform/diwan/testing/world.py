"""Businesses and people for tests, made in the database as they are in production.

It must commit: requests, jobs and other processes of a test see what it made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID, uuid4

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from diwan.db import Actor, Tenant, current, enter_tenant, scope, unit_of_work
from diwan.db.base import now
from diwan.db.context import replace_scope
from diwan.db.engine import libpq_url
from diwan.db.grants import Grants
from diwan.kernel.lineup import lineup_of
from diwan.kit.ids import uuid7
from diwan.operators import accounts
from diwan.tenants.models import Tenant as StoredTenant

PASSWORD = "correct-horse-battery"  # noqa: S105


@dataclass(frozen=True)
class Person:
    """Somebody with an account. `grants` are those of the membership it was made with."""

    id: UUID
    email: str
    name: str
    grants: tuple[str, ...] = ()

    @property
    def actor(self) -> Actor:
        return Actor(self.id, self.name, self.email, "en", grants=Grants.of(self.grants))


class Business:
    """A tenant of a test, with its owner."""

    def __init__(self, world: World, tenant: Tenant, owner: Person) -> None:
        self.world, self.tenant, self.owner = world, tenant, owner

    @property
    def url(self) -> str:
        return f"/t/{self.tenant.slug}"

    @contextmanager
    def acting(self, person: Person | None = None) -> Iterator[None]:
        """Act as a person (the owner) inside the tenant; open `unit_of_work()` within to write."""
        with (
            self.world.app.app_context(),
            scope(tenant=self.tenant, user=(person or self.owner).actor, request_id="test"),
        ):
            with unit_of_work() as session:
                stored = session.get(StoredTenant, self.tenant.id)
                self.tenant = stored.snapshot() if stored else self.tenant
            replace_scope(tenant=self.tenant, lineup=lineup_of(self.tenant, current.user))
            yield

    def member(self, *grants: str) -> Person:
        """Add a person whose one role has these grants."""
        with self.world.app.app_context(), scope(tenant=self.tenant), unit_of_work():
            return _member(self.tenant, grants)

    def client(self, person: Person | None = None) -> FlaskClient:
        """Return a browser in which a person (the owner) is signed in."""
        from diwan.testing.browsing import signed_in

        return signed_in(self.world.app, person or self.owner)

    def token(self, person: Person | None = None, grants: Sequence[str] = ("*",)) -> str:
        """Return a new API token of a person (the owner)."""
        from diwan.users import tokens

        with self.acting(person), unit_of_work():
            return tokens.create("test", list(grants))[1]


class World:
    """Makes businesses. Use as a context manager."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self._stack.close()

    def business(self, *plugins: str, language: str = "en", country: str = "KW") -> Business:
        """Make a tenant with these plugins on and an owner who may everything. Its people read its language.

        Where none is named, all installed ones are on but those of the category "Tests", which must be asked for.
        """
        found = self.app.extensions["diwan.plugins"]
        every = (name for name, e in sorted(found.items()) if e.manifest is None or e.manifest.category != "Tests")
        names = plugins or tuple(every)
        with self.app.app_context(), scope(), unit_of_work() as session:
            values: dict[str, Any] = {
                "slug": f"t{uuid4().hex[:12]}", "name": "Test business", "country": country, "language": language,
                "timezone": "Asia/Kuwait", "currency": "KWD", "lineup_key": ",".join(sorted(names)),
                "created_at": now(),
            }  # fmt: skip
            made = session.execute(
                text(
                    "INSERT INTO core.tenant"
                    " (slug, name, country, language, timezone, currency, lineup_key, created_at)"
                    " VALUES (:slug, :name, :country, :language, :timezone, :currency, :lineup_key, :created_at)"
                    " RETURNING id"
                ),
                values,
            ).scalar_one()
            values.pop("created_at")
            tenant = Tenant(id=made, **values)
            enter_tenant(tenant)
            for name in names:
                session.execute(
                    text(
                        "INSERT INTO core.tenant_plugin (tenant_id, plugin, enabled_at, first_enabled_at)"
                        " VALUES (:tenant, :plugin, :at, :at)"
                    ),
                    {"tenant": made, "plugin": name, "at": now()},
                )
            owner = _member(tenant, ("*",), key="owner")
        return Business(self, tenant, owner)

    def operator(self) -> Person:
        """Make an account that runs the platform; it is in no business."""
        person = Person(uuid7(), f"{uuid4().hex[:12]}@example.com", "Olga Operator")
        with psycopg.connect(libpq_url(self.app.config["DIWAN"].database_owner_url), autocommit=True) as owner:
            owner.execute(
                'INSERT INTO core."user" (id, email, name, email_verified_at, created_at)'
                " VALUES (%s, %s, %s, now(), now())",
                (person.id, person.email, person.name),
            )
            accounts.add(owner, person.email, "test")
        return person

    def desk(self, operator: Person | None = None) -> FlaskClient:
        """Return a browser in which an operator (a new one) has proven a second factor."""
        from diwan.testing.browsing import signed_in
        from diwan.users.factors import PROVEN

        return signed_in(self.app, operator or self.operator(), **{PROVEN: True})


def _member(tenant: Tenant, grants: Sequence[str], key: str = "") -> Person:
    """Insert a user, a membership and a role with the grants."""
    session = current.session
    person = Person(uuid7(), f"{uuid4().hex[:12]}@example.com", "Test Person", tuple(grants))
    ids = {"tenant": tenant.id, "person": person.id, "member": uuid7(), "role": uuid7(), "at": now()}
    session.execute(
        text(
            'INSERT INTO core."user" (id, email, name, language, email_verified_at, created_at)'
            " VALUES (:id, :email, :name, :language, :at, :at)"
        ),
        {"id": person.id, "email": person.email, "name": person.name, "language": tenant.language, "at": ids["at"]},
    )
    # The owner's role is one of the platform's own: it has no name stored and is called in the reader's language.
    role = {"key": key, "name": ""} if key else dict.fromkeys(("key", "name"), f"test_{uuid4().hex[:8]}")
    for statement in (
        "INSERT INTO core.membership (tenant_id, id, user_id, created_at) VALUES (:tenant, :member, :person, :at)",
        "INSERT INTO core.role (tenant_id, id, key, name, created_at) VALUES (:tenant, :role, :key, :name, :at)",
        "INSERT INTO core.member_role (tenant_id, membership_id, role_id) VALUES (:tenant, :member, :role)",
    ):
        session.execute(text(statement), {**ids, **role})
    for grant in grants:
        session.execute(
            text("INSERT INTO core.role_grant (tenant_id, role_id, permission) VALUES (:tenant, :role, :grant)"),
            {"tenant": tenant.id, "role": ids["role"], "grant": grant},
        )
    return person


__all__ = ["PASSWORD", "Business", "Person", "World"]
