"""Brings what is due to the queue again: rows whose message was lost, whose time has come, whose worker died.

It must not judge what it sends: a message too many is refused by the claim.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, TextClause, text

from diwan.audit import retention
from diwan.db import scope, unit_of_work
from diwan.db.base import now
from diwan.db.context import SYSTEM
from diwan.events.outbox import Message
from diwan.jobs import chores, leftovers
from diwan.jobs.queue import Queues
from diwan.jobs.schedules import tenants
from diwan.users import service as users
from diwan.users import token_ends

MOST = 5000
KEPT = timedelta(days=14)
ANSWERS_KEPT = timedelta(days=1)
"""How long a program may repeat a request of the API under the same key."""
STEPS_KEPT = timedelta(days=1)
DRAFTS_KEPT = timedelta(days=90)
BATCH = 5000

DUE = text("SELECT tenant_id, id, kind, name, fence FROM core.outbox_due(:moment, :most)")
ANSWERED = text(
    """DELETE FROM core.idempotency_key WHERE tenant_id = :tenant AND (user_id, key_hash) IN (
        SELECT user_id, key_hash FROM core.idempotency_key
        WHERE tenant_id = :tenant AND created_at < :moment LIMIT :most)"""
)
PASSED = text(
    """DELETE FROM core.undo_step WHERE tenant_id = :tenant AND id IN (
        SELECT id FROM core.undo_step WHERE tenant_id = :tenant AND created_at < :moment LIMIT :most)"""
)
LEFT = text(
    """DELETE FROM core.draft WHERE tenant_id = :tenant AND (user_id, resource, record_id) IN (
        SELECT user_id, resource, record_id FROM core.draft
        WHERE tenant_id = :tenant AND saved_at < :moment LIMIT :most)"""
)
FINISHED = text(
    """DELETE FROM core.outbox WHERE tenant_id = :tenant AND id IN (
        SELECT id FROM core.outbox
        WHERE tenant_id = :tenant AND state IN ('done', 'cancelled') AND finished_at < :moment LIMIT :most)"""
)


def sweep(queues: Queues, most: int = MOST) -> int:
    """Send the due rows that are not on their way; return how many were sent."""
    if queues.waiting() > 2 * most:  # nobody empties the queues: more messages would only fill the memory
        return 0
    with unit_of_work() as session:
        rows = session.connection().execute(DUE, {"moment": now(), "most": most}).all()
    messages = queues.missing([Message(row.tenant_id, row.id, row.kind, row.fence) for row in rows])
    queues.push(messages)
    return len(messages)


def clean() -> int:
    """Delete what has expired: of sign-ins, of the API's answers, steps that nobody can undo any more, forms
    that nobody came back to, what the outbox finished, files that nothing holds, old
    entries of the audit log where a business wants that; return how many rows.

    The same round warns of API tokens that are about to end."""
    moment = now()
    with unit_of_work():
        deleted = users.sweep()
    for tenant in tenants():
        with scope(tenant=tenant, user=SYSTEM):
            deleted += _delete_in_batches(FINISHED, tenant.id, moment - KEPT)
            deleted += _delete_in_batches(ANSWERED, tenant.id, moment - ANSWERS_KEPT)
            deleted += _delete_in_batches(PASSED, tenant.id, moment - STEPS_KEPT)
            deleted += _delete_in_batches(LEFT, tenant.id, moment - DRAFTS_KEPT)
            deleted += leftovers.clean_files()
            deleted += retention.forget_for_age()
            deleted += sum(chore() for chore in chores.of_tenants())
            with unit_of_work():
                token_ends.warn_of_ends()
    return deleted


def _delete_in_batches(statement: TextClause, tenant: int, moment: datetime) -> int:
    deleted = 0
    while True:
        with unit_of_work() as session:
            values = {"tenant": tenant, "moment": moment, "most": BATCH}
            count = _count(session.connection().execute(statement, values))
        deleted += count
        if count < BATCH:
            return deleted


def _count(result: CursorResult[object]) -> int:
    return max(result.rowcount, 0)
