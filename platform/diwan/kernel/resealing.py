"""Seals again, with the newest key, whatever is sealed with an older one: columns and secret settings of all tenants.

It may be stopped at any moment and run again; a value that changes meanwhile is left to whoever changed it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Column, LargeBinary, Table, bindparam, select, text, tuple_, type_coerce, update

from diwan import settings
from diwan.db.base import metadata
from diwan.db.columns import SEALED_FOR, Sealed
from diwan.db.context import SYSTEM, Tenant, current, scope
from diwan.db.session import unit_of_work
from diwan.kit.sealing import SealError, key_of, newest_key, place, seal, unseal

BATCH = 500
SETTINGS = "core.setting.values"


@dataclass(slots=True)
class Resealed:
    """What became of the values of one place: sealed anew, sealed with the newest key already, impossible to open."""

    place: str
    done: int = 0
    kept: int = 0
    failed: list[str] = field(default_factory=list)


def sealed_columns() -> list[Column[Any]]:
    """Return every column of the core and the plugins that holds sealed values; there is no list to keep."""
    columns = (column for table in metadata.sorted_tables for column in table.columns)
    return [c for c in columns if isinstance(c.type, Sealed) or SEALED_FOR in c.info]


def reseal_all() -> Iterator[Resealed]:
    """Seal everything anew, each batch in a transaction of its own. Yields what became of each place."""
    with scope(user=SYSTEM), unit_of_work():
        tenants = [Tenant(*row) for row in current.session.execute(text("SELECT id, slug, name FROM core.tenant"))]
    for column in sealed_columns():
        result = Resealed(f"{column.table.fullname}.{column.name}")
        if "tenant_id" in column.table.c:
            for tenant in tenants:
                with scope(tenant=tenant, user=SYSTEM):
                    _reseal_column(column, result)
        else:
            with scope(user=SYSTEM):
                _reseal_column(column, result)
        yield result
    result = Resealed(SETTINGS)
    for tenant in tenants:
        with scope(tenant=tenant, user=SYSTEM), unit_of_work():
            _reseal_settings(result)
    yield result


def _reseal_column(column: Column[Any], result: Resealed) -> None:
    table = column.table
    keys = [key for key in table.primary_key.columns if key.name != "tenant_id"]
    after: tuple[Any, ...] | None = None
    while True:
        with unit_of_work():
            rows = _batch(table, column, keys, after)
            for row in rows:
                _reseal_row(table, column, keys, row, result)
        if len(rows) < BATCH:
            return
        after = tuple(rows[-1][: len(keys)])


def _batch(table: Table, column: Column[Any], keys: list[Column[Any]], after: tuple[Any, ...] | None) -> list[Any]:
    owner = table.c[column.info[SEALED_FOR]] if SEALED_FOR in column.info else text("NULL")
    statement = select(*keys, _raw(column).label("sealed"), owner).where(column.is_not(None), *_own(table))
    if after is not None:
        statement = statement.where(tuple_(*keys) > after)
    return list(current.session.connection().execute(statement.order_by(*keys).limit(BATCH)))


def _reseal_row(table: Table, column: Column[Any], keys: list[Column[Any]], row: Any, result: Resealed) -> None:
    sealed, owner = bytes(row[len(keys)]), row[len(keys) + 1]
    where = _place(column, owner)
    named = f"{result.place} {', '.join(map(str, row[: len(keys)]))}"
    renewed = _renewed(sealed, where, named, result)
    if renewed is None:
        return
    same = [key == value for key, value in zip(keys, row, strict=False)]
    changed = update(table).where(*same, *_own(table), _raw(column) == sealed)
    new = bindparam(None, renewed, type_=LargeBinary())
    done = current.session.connection().execute(changed.values({column.name: new}))
    result.done += done.rowcount


def _renewed(sealed: bytes, where: bytes, named: str, result: Resealed) -> bytes | None:
    """Return a value sealed with the newest key, or None where it is that already or cannot be opened."""
    try:
        if key_of(sealed) == newest_key():
            result.kept += 1
            return None
        return seal(unseal(sealed, where), where)
    except SealError as error:
        result.failed.append(f"{named}: {error}")
        return None


def _reseal_settings(result: Resealed) -> None:
    rows = current.session.connection().execute(
        text(
            "SELECT plugin, values -> 'secrets' FROM core.setting"
            " WHERE tenant_id = :tenant AND values ? 'secrets' FOR UPDATE"
        ),
        {"tenant": current.tenant.id},
    )
    for plugin, values in rows.all():
        renewed: dict[str, str] = {}
        for name, kept in values.items():
            where = settings.secret_place(plugin, name, current.tenant.id)
            new = _renewed(b64decode(kept), where, f"{SETTINGS} {current.tenant.slug} {plugin}.{name}", result)
            renewed |= {name: b64encode(new).decode()} if new is not None else {}
        if renewed:
            current.session.connection().execute(
                text(
                    "UPDATE core.setting SET values = jsonb_set(values, '{secrets}', CAST(:secrets AS jsonb))"
                    " WHERE tenant_id = :tenant AND plugin = :plugin"
                ),
                {"secrets": orjson.dumps({**values, **renewed}).decode(), "tenant": current.tenant.id,
                 "plugin": plugin},
            )  # fmt: skip
            result.done += len(renewed)


def _own(table: Table) -> Iterable[Any]:
    return (table.c.tenant_id == current.tenant.id,) if "tenant_id" in table.c else ()


def _raw(column: Column[Any]) -> Any:
    """The bytes as they are stored: the column's own type would open them."""
    return type_coerce(column, LargeBinary)


def _place(column: Column[Any], owner: Any) -> bytes:
    if isinstance(column.type, Sealed):
        return column.type.place(current.tenant.id)
    return place(f"{column.table.fullname}.{column.name}", owner)
