"""What somebody who owns the database could do to an audit log: for tests that must find it.

It must never run outside of tests.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from diwan.audit import chain

ENTRIES = """SELECT l.seq, e.tenant_id, e.id, e.at, e.actor_id, e.actor_name, e.actor_kind, e.request_id, e.action,
    e.resource, e.record_id, e.title, e.before::text AS before, e.after::text AS after
    FROM core.audit_link l JOIN core.audit_entry e ON e.id = l.entry_id ORDER BY l.seq"""


def links_fit(owner: psycopg.Connection[Any], tenant: int) -> bool:
    """Whether the stored chain of a business is the one of its entries, head and all. `app.tenant_id` is set."""
    digest, seq = chain.BEGIN, 0
    with owner.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Any] = cursor.execute(ENTRIES).fetchall()
        stored = dict(owner.execute("SELECT seq, hash FROM core.audit_link").fetchall())
        head = owner.execute("SELECT seq, hash FROM core.audit_head WHERE tenant_id = %s", (tenant,)).fetchone()
    for row in rows:
        digest, seq = _next(digest, row), row.seq
        if stored[seq] != digest:
            return False
    return head == (seq, digest) and len(stored) == len(rows)


def _next(digest: bytes, row: Any) -> bytes:
    return hashlib.sha256(digest + chain.canonical(row._replace(at=row.at.astimezone(UTC)))).digest()


def chain_anew(owner: psycopg.Connection[Any], tenant: int) -> None:
    """Work the whole chain of a business out again, so that forged entries fit. `app.tenant_id` is set."""
    digest = chain.BEGIN
    with owner.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Any] = cursor.execute(ENTRIES).fetchall()
        for row in rows:
            digest = _next(digest, row)
            owner.execute("UPDATE core.audit_link SET hash = %s WHERE seq = %s", (digest, row.seq))
    owner.execute("UPDATE core.audit_head SET hash = %s WHERE tenant_id = %s", (digest, tenant))
