"""`Model`: what every record of a plugin has, and one SQLAlchemy registry per plugin package.

A broken mapper must stop only its own plugin, so no two packages share a registry.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Numeric,
    PrimaryKeyConstraint,
    Select,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    literal_column,
    select,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, registry

from diwan.db.base import TYPES, metadata, now
from diwan.db.columns import Sealed, Seconds
from diwan.db.context import current
from diwan.db.session import guard_classes
from diwan.kit.ids import uuid7
from diwan.resources.fields import KIND_OF_TYPE, Field
from diwan.resources.kinds import KINDS

MODEL_TYPES: dict[Any, Any] = {
    **TYPES, Decimal: Numeric(), date: Date(), datetime: DateTime(timezone=True), bool: Boolean(),
    list[str]: ARRAY(Text()), dict: JSONB(), dict[str, Any]: JSONB(), timedelta: Seconds(), list[UUID]: ARRAY(Uuid()),
}  # fmt: skip

_registries: dict[str, registry] = {}
_schemas: dict[str, str] = {}


def register_package(package: str, plugin: str) -> None:
    """Tell under which plugin name (and PostgreSQL schema) the models of a top-level package live."""
    _schemas[package] = plugin


def registry_of(package: str) -> registry:
    """Return the mapper registry of a top-level package, made at its first use."""
    if package not in _registries:
        _registries[package] = registry(metadata=metadata, type_annotation_map=MODEL_TYPES)
    return _registries[package]


def forget_package(package: str) -> None:
    """Undo a plugin that failed to load: dispose its mappers, take its tables out of the MetaData."""
    broken = _registries.pop(package, None)
    schema = _schemas.pop(package, None)
    if broken is not None:
        broken.dispose(cascade=True)
    for table in [t for t in metadata.tables.values() if schema and t.schema == schema]:
        metadata.remove(table)


def snake(name: str) -> str:
    """Return `ClassName` as `class_name`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Model:
    """A record of a plugin: the tenant, a time-ordered id, timestamps, a version for stale saves, an archive date.

    `class Loan(Model)` in the package of plugin `loans` is the table `loans.loan`. Class methods read the current
    tenant's rows only.
    """

    __table__: ClassVar[Table]

    tenant_id: Mapped[int] = mapped_column(BigInteger, sort_order=-20)
    id: Mapped[UUID] = mapped_column(default=uuid7, sort_order=-19)
    created_at: Mapped[datetime] = mapped_column(default=now, sort_order=90)
    created_by: Mapped[UUID | None] = mapped_column(sort_order=91)
    updated_at: Mapped[datetime] = mapped_column(default=now, sort_order=92)
    archived_at: Mapped[datetime | None] = mapped_column(sort_order=93)
    version: Mapped[int] = mapped_column(default=1, sort_order=94)
    sort_title: Mapped[str] = mapped_column(default="", sort_order=95)
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", sort_order=96)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__dict__.get("__abstract__"):
            return
        package = cls.__module__.partition(".")[0]
        if package not in _schemas:
            raise TypeError(f"{cls.__name__}: write `plugin = Plugin(__name__)` before the models of {package}.")
        name = snake(cls.__name__)
        cls.__tablename__ = name  # type: ignore[attr-defined]
        cls.__table_args__ = (PrimaryKeyConstraint("tenant_id", "id"), {"schema": _schemas[package]})  # type: ignore[attr-defined]
        cls.__mapper_args__ = {"eager_defaults": True}  # type: ignore[attr-defined] # what PostgreSQL computes returns
        registry_of(package).mapped(cls)
        _complete(cls.__table__, _schemas[package])

    # -- reading: what plugins write most -------------------------------------------------------------------------
    @classmethod
    def where(cls, *criteria: Any, **equal: Any) -> Select[Self]:
        """Return a select of this tenant's records that are not archived."""
        tests = [getattr(cls, name) == value for name, value in equal.items()]
        return select(cls).where(cls.tenant_id == current.tenant.id, cls.archived_at.is_(None), *criteria, *tests)

    @classmethod
    def all(cls, *criteria: Any, **equal: Any) -> Sequence[Self]:
        """Return the records that match."""
        return current.session.scalars(cls.where(*criteria, **equal)).all()

    @classmethod
    def count(cls, *criteria: Any, **equal: Any) -> int:
        """Return how many records match."""
        chosen = cls.where(*criteria, **equal).with_only_columns(func.count())
        return current.session.scalar(chosen) or 0

    @classmethod
    def get(cls, id: UUID) -> Self | None:
        """Return one record of this tenant, archived or not, or None."""
        return current.session.get(cls, (current.tenant.id, id))

    @classmethod
    def add(cls, **values: Any) -> Self:
        """Create a record through the resource layer: validated, audited, searchable."""
        from diwan.resources import store

        own: Any = cls.__resource__  # type: ignore[attr-defined]
        tailored = current.lineup.whole.resources.get(own.key) if current.lineup else None
        return store.create(tailored or own, values)  # type: ignore[no-any-return]


def fields_of(model: type[Model]) -> dict[str, Field]:
    """Return the described columns of a model by name, in the order of their declaration; secrets are none of them."""
    return {name: described for name, described in described_columns(model).items() if not described.secret}


def described_columns(model: type[Model]) -> dict[str, Field]:
    """Return all columns that were declared with `field()`, by name."""
    return {str(c.name): c.info["field"] for c in model.__table__.columns if "field" in c.info}


def _complete(table: Table, schema: str) -> None:
    """Add what follows from the fields: the tenant's foreign key, references, unique values, the sort index."""
    table.append_constraint(
        ForeignKeyConstraint(["tenant_id"], ["core.tenant.id"], ondelete="CASCADE", name=f"fk_{table.name}_tenant_id")
    )
    for column in table.columns:
        described: Field | None = column.info.get("field")
        if described is not None:
            _describe(described, column)
            _constrain(table, schema, column, described)
    types = {str(column.name): column.type for column in table.columns}
    for column in table.columns:
        described = column.info.get("field")
        if column.computed is not None and described is not None and described.formula is not None:
            column.computed.sqltext = literal_column(described.formula.sql(types, column.type))
    Index(f"ix_{table.name}_sort_title", table.c.tenant_id, table.c.sort_title, table.c.id)


def _describe(described: Field, column: Column[Any]) -> None:
    described.name = str(column.name)
    described.purpose = f"{column.table.fullname}.{column.name}"  # under which the field's files are stored
    described.nullable = bool(column.nullable)
    if described.secret:
        column.type, column.comment = Sealed(described.purpose), "secret"  # no export of a business carries it
    kind = described.widget or _kind_of(described, column)
    if kind not in KINDS:
        raise TypeError(f"{column.table.fullname}.{column.name}: unknown kind {kind!r}; known: {', '.join(KINDS)}.")
    described.kind = KINDS[kind]
    if described.kind.several:
        column.nullable = False
        described.nullable = False
    if isinstance(described.ref, type):
        target: Any = described.ref
        described.target, described.ref = target, str(target.__table__.fullname)


def _kind_of(described: Field, column: Column[Any]) -> str:
    """Return the kind that the type of a column tells, where the declaration says none."""
    if isinstance(column.type, ARRAY):
        if isinstance(column.type.item_type, Uuid):
            return "references"
        return "choices" if described.choices else "tags"
    kind = KIND_OF_TYPE.get(type(column.type).__name__, "text")
    return "choice" if kind == "text" and described.choices else kind


def _constrain(table: Table, schema: str, column: Column[Any], described: Field) -> None:
    name = column.name
    if described.unique:
        table.append_constraint(UniqueConstraint("tenant_id", name, name=f"uq_{table.name}_{name}"))
    if described.kind.several:
        return
    target = "core.file" if described.is_file else described.reference
    if target == "core.person":
        table.append_constraint(
            ForeignKeyConstraint(
                ["tenant_id", name],
                ["core.membership.tenant_id", "core.membership.user_id"],
                ondelete="RESTRICT",
                name=f"fk_{table.name}_{name}",
            )
        )
    elif target and (described.is_file or target.startswith(schema + ".")):
        table.append_constraint(
            ForeignKeyConstraint(
                ["tenant_id", name],
                [f"{target}.tenant_id", f"{target}.id"],
                ondelete="RESTRICT" if described.is_file else described.ondelete,
                name=f"fk_{table.name}_{name}",
            )
        )
    if target == "core.person":  # lists of what is somebody's own are read in their usual order
        Index(f"ix_{table.name}_{name}", table.c.tenant_id, column, table.c.sort_title, table.c.id)
        return
    if described.index and described.ref is None:
        Index(f"ix_{table.name}_{name}", table.c.tenant_id, column, table.c.id)
    if described.ref is not None or described.is_file:
        Index(f"ix_{table.name}_{name}", table.c.tenant_id, column)


guard_classes(Model)
