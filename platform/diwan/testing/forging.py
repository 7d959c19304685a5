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


def chain_anew(owner: psycopg.Connection[Any], tenant: int) -> None:
    """Work the whole chain of a business out again, so that forged entries fit. `app.tenant_id` is set."""
    digest = chain.BEGIN
    with owner.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Any] = cursor.execute(ENTRIES).fetchall()
        for row in rows:
            digest = hashlib.sha256(digest + chain.canonical(row._replace(at=row.at.astimezone(UTC)))).digest()
            owner.execute("UPDATE core.audit_link SET hash = %s WHERE seq = %s", (digest, row.seq))
    owner.execute("UPDATE core.audit_head SET hash = %s WHERE tenant_id = %s", (digest, tenant))
