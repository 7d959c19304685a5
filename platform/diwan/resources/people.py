"""Colleagues as a resource, `core.person`: what fields of records refer to that belong to somebody.

It must not be written to: people join and leave through `tenants`. Its table is a view over members and accounts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry

from diwan.db.context import current
from diwan.errors import NotFound
from diwan.kit.i18n import _
from diwan.resources.declare import Resource
from diwan.resources.fields import Field
from diwan.resources.kinds import KINDS

KEY = "core.person"
READABLE = ("read",)

# A MetaData of its own: the view is no table that migrations compare.
TABLE = Table(
    "person", MetaData(),
    Column("tenant_id", BigInteger(), primary_key=True),
    Column("id", Uuid(), primary_key=True),
    Column("name", Text(), nullable=False),
    Column("email", Text(), nullable=False),
    Column("job_title", Text(), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Uuid()),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("archived_at", DateTime(timezone=True)),
    Column("version", BigInteger(), nullable=False),
    Column("sort_title", Text(), nullable=False),
    Column("custom", JSONB(), nullable=False),
    schema="core",
)  # fmt: skip


class Person:
    """An account that works, or has worked, in the open business."""

    __table__ = TABLE
    id: UUID
    name: str
    email: str
    job_title: str
    archived_at: datetime | None


registry(metadata=TABLE.metadata).map_imperatively(Person, TABLE)


class People(Resource):
    """The resource of colleagues: it can be read by who may see who works here, and nothing else."""

    __slots__ = ()

    def permission(self, action: str) -> str:
        return "core.member.read" if action in READABLE else f"{KEY}.{action}"

    @property
    def permissions(self) -> tuple[str, ...]:
        return ()

    def may(self, action: str, record: Any = None) -> bool:
        return action in READABLE and current.user.can(self.permission(action))

    def require(self, action: str, record: Any = None) -> None:
        if action not in READABLE:
            raise NotFound(_("People join and leave under People."))
        current.require(self.permission(action))


def _field(name: str, label: Any, kind: str, **options: Any) -> Field:
    return Field(label=label, readonly=True, name=name, kind=KINDS[kind], nullable=False, **options)


PERSON = People(
    key=KEY, plugin="core", name="person", model=Person, label=_("Person"), labels=_("People"),  # type: ignore[arg-type]
    title="name", icon="users", help="", columns=("name", "email", "job_title"), filters=(), sort="name", sections=(),
    menu=False, read_only=True, custom_fields=False, comments=False, attachments=False,
    fields={
        "name": _field("name", _("Name"), "text", search=True),
        "email": _field("email", _("E-mail"), "email", unique=True),
        "job_title": _field("job_title", _("Job title"), "text"),
    },
)  # fmt: skip
Person.__resource__ = PERSON  # type: ignore[attr-defined]


def names(ids: Iterable[Any]) -> dict[UUID, str]:
    """Return the names of people who work or have worked here, in one statement."""
    wanted = bindparam("ids", [id for id in ids if id is not None], type_=ARRAY(Uuid()))
    statement = select(TABLE.c.id, TABLE.c.name).where(
        TABLE.c.tenant_id == current.tenant.id, TABLE.c.id == any_(wanted)
    )
    return {row.id: row.name for row in current.session.connection().execute(statement)}
