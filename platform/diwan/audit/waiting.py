"""Entries wait in the session and are written with one statement just before the commit.

It must not write earlier without need: from the first entry on, the business's chain is locked until the commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, TextClause, event
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from diwan.audit.models import AuditEntry
from diwan.audit.unseen import Change, Key
from diwan.db.bulk import as_document, insert_rows
from diwan.db.context import current
from diwan.db.engine import tenant_setting

TABLE: Table = AuditEntry.__table__  # type: ignore[assignment]
COLUMNS = (
    "id", "at", "actor_id", "actor_name", "actor_kind", "request_id", "action", "resource", "record_id", "title",
    "before", "after",
)  # fmt: skip
MOST = 20_000
"""So many entries wait, as bytes; a transaction with more writes them out and holds the chain from then on."""
FEW = 20
BATCH = 5_000
WAITING = "audit"

# A text of its own, which costs no compiling: nearly every request that changes something ends with it.
INSERT_FEW = f"""INSERT INTO core.audit_entry (tenant_id, {", ".join(f'"{name}"' for name in COLUMNS)})
    SELECT %(tenant)s, s.* FROM json_to_recordset(%(document)s) AS s (id uuid, at timestamptz, actor_id uuid,
    actor_name text, actor_kind text, request_id text, action text, resource text, record_id uuid, title text,
    before jsonb, after jsonb)"""  # noqa: S608

Row = dict[str, Any]


@dataclass(slots=True)
class Waiting:
    """What a transaction has to say to the log. `marks` holds what waited when each open savepoint began."""

    rows: list[Row] = field(default_factory=list)
    changes: dict[Key, Change] = field(default_factory=dict)
    marks: dict[SessionTransaction, tuple[list[Row], dict[Key, Change]]] = field(default_factory=dict)
    ended: SessionTransaction | None = None


def waiting(session: Session | None = None) -> Waiting:
    """Return what waits in the open transaction, which begins here if there is none."""
    session = session or current.session
    if not session.in_transaction():
        session.begin()  # so that a rollback is heard
    found: Waiting | None = session.info.get(WAITING)
    if found is None:
        found = session.info[WAITING] = Waiting()
    return found


def add(rows: list[Row]) -> None:
    """Let rows wait for the commit; before and after are JSON already, as nobody may change them any more."""
    mine = waiting()
    mine.rows.extend(rows)
    if len(mine.rows) > MOST:
        write(current.session)


def write(session: Session | None = None) -> None:
    """Write what waits into the log, in the open transaction."""
    session = session or current.session
    mine: Waiting | None = session.info.get(WAITING)
    if mine is None or not mine.rows:
        return
    rows, mine.rows = mine.rows, []
    connection = session.connection()
    own = current.tenant_or_none
    opened = own.id if own else None
    # In order of the tenants: two that write in several businesses never wait for each other.
    for tenant, found in groupby(sorted(rows, key=itemgetter("tenant_id")), key=itemgetter("tenant_id")):
        if tenant != opened:
            connection.exec_driver_sql(tenant_setting(tenant))
        _insert(connection, tenant, list(found))
        if own is not None and tenant != opened:
            connection.exec_driver_sql(tenant_setting(own.id))


def _insert(connection: Connection, tenant: int, rows: list[Row]) -> None:
    if len(rows) <= FEW:
        document = as_document([{name: row[name] for name in COLUMNS} for row in rows])
        connection.exec_driver_sql(INSERT_FEW, {"tenant": tenant, "document": document})
        return
    for start in range(0, len(rows), BATCH):
        insert_rows(connection, TABLE, rows[start : start + BATCH], names=COLUMNS, shared={"tenant_id": tenant})


def attach(factory: Any, settle: Callable[[], None]) -> None:
    """Listen to sessions. `settle` makes entries of the changes that nobody told of."""

    def before_commit(session: Session) -> None:
        if session.get_nested_transaction() is not None:  # a savepoint ends well
            return
        session.flush()  # changes that nobody recorded show now
        mine: Waiting | None = session.info.get(WAITING)
        if mine is not None and mine.changes:
            settle()
        write(session)

    event.listen(factory, "after_transaction_create", _begun)
    event.listen(factory, "after_soft_rollback", _undone)
    event.listen(factory, "after_transaction_end", _ended)
    event.listen(factory, "before_commit", before_commit)
    event.listen(factory, "do_orm_execute", _reads)


def _begun(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        mine = waiting(session)
        mine.marks[transaction] = (mine.rows.copy(), {key: change.copy() for key, change in mine.changes.items()})


def _undone(session: Session, transaction: SessionTransaction) -> None:
    """A savepoint was rolled back: what was recorded in it is gone, and what was written in it waits again."""
    mine: Waiting | None = session.info.get(WAITING)
    if mine is not None and transaction in mine.marks:
        mine.rows, mine.changes = mine.marks.pop(transaction)
        mine.ended = None


def _ended(session: Session, transaction: SessionTransaction) -> None:
    mine: Waiting | None = session.info.get(WAITING)
    if mine is None:
        return
    if transaction.parent is None:
        del session.info[WAITING]
    elif transaction.nested:
        # A savepoint that is rolled back ends first and says so afterwards: its mark stays until the next one ends.
        if mine.ended is not None:
            mine.marks.pop(mine.ended, None)
        mine.ended = transaction


def _reads(state: ORMExecuteState) -> None:
    """Who reads the log in a transaction finds what it has recorded so far."""
    mine: Waiting | None = state.session.info.get(WAITING)
    if mine is not None and mine.rows and _concerns(state):
        write(state.session)


def _concerns(state: ORMExecuteState) -> bool:
    statement: Any = state.statement
    if isinstance(statement, TextClause):
        return "audit_" in statement.text
    return any(mapper.class_ is AuditEntry for mapper in state.all_mappers)
