"""Who is acting, for which tenant, with which plugins: the scope of a request or a job.

It must not import Flask: the edges (web, rest, jobs, cli) open a scope, everything below reads `current`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from diwan.db.grants import Grants
from diwan.errors import Denied
from diwan.kit import i18n
from diwan.kit.i18n import _


@dataclass(frozen=True, slots=True)
class Tenant:
    """What every request needs to know of its tenant. `currency` is ISO 4217, `country` ISO 3166-1 alpha-2.

    `tailoring` counts the changes to its custom fields (0: it never had one); `brand` holds its colours and logo,
    `policy` what it demands of those who sign in.
    """

    id: int
    slug: str
    name: str
    country: str = ""
    language: str = "en"
    timezone: str = "UTC"
    currency: str = "USD"
    lineup_key: str = ""
    tailoring: int = 0
    brand: Mapping[str, Any] = field(default_factory=dict, compare=False)
    policy: Mapping[str, Any] = field(default_factory=dict, compare=False)


def tenant_from(row: Any) -> Tenant:
    """Return the tenant out of a row of one of the lookup functions (`core.open_session` and its kind)."""
    return Tenant(
        id=row.tenant_id,
        slug=row.slug,
        name=row.tenant_name,
        country=row.country,
        language=row.tenant_language,
        timezone=row.timezone,
        currency=row.currency,
        lineup_key=row.lineup_key,
        tailoring=row.tailoring,
        brand=row.brand or {},
        policy=row.policy or {},
    )


@dataclass(frozen=True, slots=True)
class Actor:
    """The person, token or plugin that acts. `id` is the user's; None for the system, plugins and service tokens.

    `narrowing`: the grants to which a token narrowed the rights, which the jobs that it starts keep.
    """

    id: UUID | None = None
    name: str = "System"
    email: str = ""
    language: str = ""
    kind: str = "user"
    grants: Grants = field(default_factory=Grants)
    preferences: Mapping[str, Any] = field(default_factory=dict, compare=False)
    token_id: UUID | None = None
    narrowing: tuple[str, ...] | None = None

    @property
    def principal(self) -> UUID | None:
        """Return who owns what a request leaves behind: the person, or the service token, which has none."""
        return self.id or self.token_id

    def can(self, permission: str) -> bool:
        """Return whether the roles of this actor grant the permission in the current tenant."""
        return permission in self.grants


SYSTEM = Actor(kind="system", grants=Grants.of(["*"]))
NOBODY = Actor(kind="nobody", name="")


@dataclass(frozen=True, slots=True)
class Scope:
    """One request or job. Immutable: a change opens a new scope."""

    tenant: Tenant | None = None
    user: Actor = NOBODY
    lineup: Any = None
    request_id: str = ""


EMPTY = Scope()
_scope: ContextVar[Scope] = ContextVar("scope", default=EMPTY)
_sessions: list[Callable[[], Session]] = []


class Current:
    """Reads the open scope. Attributes raise a clear error where the scope lacks what is asked."""

    @property
    def scope(self) -> Scope:
        return _scope.get()

    @property
    def tenant(self) -> Tenant:
        tenant = _scope.get().tenant
        if tenant is None:
            raise RuntimeError("No tenant is open here: use `with scope(tenant=...)`.")
        return tenant

    @property
    def tenant_or_none(self) -> Tenant | None:
        return _scope.get().tenant

    @property
    def user(self) -> Actor:
        return _scope.get().user

    @property
    def lineup(self) -> Any:
        return _scope.get().lineup

    @property
    def request_id(self) -> str:
        return _scope.get().request_id

    @property
    def where(self) -> str:
        """What the log says of the scope: the request, and for whom; ids only."""
        here = _scope.get()
        parts = (here.request_id, here.tenant and here.tenant.slug, here.user.id or here.user.token_id)
        return " ".join(str(part) for part in parts if part)

    @property
    def language(self) -> str:
        return i18n.language()

    @property
    def session(self) -> Session:
        if not _sessions:
            raise RuntimeError("No application is running: create_app() provides the database session.")
        return _sessions[-1]()

    def require(self, permission: str) -> None:
        """Raise Denied unless the actor has the permission."""
        if not self.user.can(permission):
            raise Denied(
                _(
                    "You do not have the right to do this (%(permission)s)."
                    " Ask an administrator of your business for it.",
                    permission=permission,
                ),
                permission=permission,
            )


current = Current()


def provide_session(factory: Callable[[], Session]) -> None:
    """Tell `current.session` where sessions come from; called once by create_app."""
    _sessions[:] = [factory]


def replace_scope(**changes: Any) -> None:
    """Change parts of the scope that is open (the edge does this once the tenant and the person are known)."""
    _scope.set(replace(_scope.get(), **changes))


@contextmanager
def scope(**parts: Any) -> Iterator[Scope]:
    """Open a scope: `with scope(tenant=..., user=..., lineup=..., request_id=...)`."""
    opened = Scope(**parts)
    token = _scope.set(opened)
    try:
        yield opened
    finally:
        _scope.reset(token)
