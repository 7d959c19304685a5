"""Deletes stored files that nothing holds any more: chosen in forms that nobody saved, replaced, of old imports.

It must leave what it cannot judge: files of modules that are not installed here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError

from diwan import files
from diwan.db import current, unit_of_work
from diwan.db.base import metadata, now
from diwan.files.models import StoredFile
from diwan.tenants.models import Tenant

FILE: Table = StoredFile.__table__  # type: ignore[assignment]
UNHELD_KEPT = timedelta(days=1)
IMPORTS_KEPT = timedelta(days=90)
"""How long the file of an import stays; what the import did is known for longer."""
OWN = ("attachment", "import", "brand")
"""Purposes of the core's own; those of fields are "plugin.resource.field"."""
BATCH = 200
PRESENT = text(
    """SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY(:schemas)"""
)
RELEASED = text(
    """UPDATE core.import_run SET file_id = NULL
    WHERE tenant_id = :tenant AND file_id IS NOT NULL AND created_at < :moment
        AND state NOT IN ('checking', 'queued', 'running', 'undoing')"""
)


def clean_files() -> int:
    """Delete what nothing in the open tenant holds; return how many files."""
    moment = now()
    with unit_of_work() as session:
        session.connection().execute(RELEASED, {"tenant": current.tenant.id, "moment": moment - IMPORTS_KEPT})
    deleted, after = 0, UUID(int=0)
    while True:
        with unit_of_work() as session:
            tables = _tables()
            ids = list(session.connection().execute(_unheld(tables, moment - UNHELD_KEPT, after)).scalars())
            deleted += sum(_remove(id) for id in ids)
        if len(ids) < BATCH:
            return deleted
        after = ids[-1]


def _remove(id: UUID) -> bool:
    try:
        with current.session.begin_nested():
            files.remove(id)
    except IntegrityError:  # someone has just saved it, or a table that is not loaded here holds it
        return False
    return True


def _tables() -> list[Table]:
    """Return the tables of the modules that are loaded here and migrated there."""
    schemas = list({str(table.schema) for table in metadata.tables.values()})
    present = set(current.session.connection().execute(PRESENT, {"schemas": schemas}).scalars())
    return [table for table in metadata.tables.values() if table.fullname in present]


def _unheld(tables: list[Table], before: Any, after: UUID) -> Any:
    known = [table.fullname for table in tables]
    resource = func.regexp_replace(FILE.c.purpose, r"\.[^.]*$", "")
    judged = or_(FILE.c.purpose.in_(OWN), resource == any_(bindparam("known", known, type_=ARRAY(Text()))))
    holders = [*_references(tables), *_unsaved()]
    return (
        select(FILE.c.id)
        .where(FILE.c.tenant_id == current.tenant.id, FILE.c.created_at < before, FILE.c.id > after, judged)
        .where(*(~holder for holder in holders))
        .order_by(FILE.c.id)
        .limit(BATCH)
    )


def _references(tables: list[Table]) -> list[ColumnElement[bool]]:
    """Columns that refer to files: of fields, attachments and imports."""
    found = []
    for table in tables:
        for constraint in table.foreign_key_constraints:
            if constraint.referred_table is FILE:
                [column] = [c for c in constraint.columns if c.name != "tenant_id"]
                found.append(_exists(table, column == FILE.c.id))
    return found


def _unsaved() -> list[ColumnElement[bool]]:
    """The logo, forms that wait to be saved, and steps that can still be undone."""
    tenant, wanted = Tenant.__table__, cast(FILE.c.id, Text())
    logo = exists(select(true()).where(tenant.c.id == current.tenant.id, tenant.c.brand["logo"].astext == wanted))
    within = [
        _exists(table, func.strpos(cast(column, Text()), wanted) > 0)
        for table, column in (
            (metadata.tables["core.draft"], metadata.tables["core.draft"].c["values"]),
            (metadata.tables["core.undo_step"], metadata.tables["core.undo_step"].c.changes),
        )
    ]
    return [logo, *within]


def _exists(table: FromClause, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(true()).where(table.c.tenant_id == current.tenant.id, condition))
