"""Proves that the log is as it was written: works out the chain anew from the stored entries, in Python.

It must read only, and owe nothing to the function that makes the chain: only to the form in docs/operations/audit.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from diwan.db.base import now
from diwan.db.context import current
from diwan.kit.i18n import _

BEGIN = bytes(32)
"""What the first entry of a business is linked to."""
BATCH = 2_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REMOVED = "audit.removed"
"""The action of the entry that tells of entries that were removed for their age."""

HEAD = text("SELECT seq, hash, start_seq, start_hash FROM core.audit_head WHERE tenant_id = :tenant")
LINKS = text(
    """SELECT l.seq, l.entry_id, l.hash, e.tenant_id, e.id, e.at, e.actor_id, e.actor_name, e.actor_kind, e.request_id,
        e.action, e.resource, e.record_id, e.title, e.before::text AS before, e.after::text AS after
    FROM core.audit_link l
    LEFT JOIN core.audit_entry e ON e.tenant_id = l.tenant_id AND e.id = l.entry_id
    WHERE l.tenant_id = :tenant AND l.seq > :seq ORDER BY l.seq LIMIT :most"""
)
UNLINKED = text(
    """SELECT e.id FROM core.audit_entry e WHERE e.tenant_id = :tenant AND NOT EXISTS (
        SELECT FROM core.audit_link l WHERE l.tenant_id = :tenant AND l.entry_id = e.id) ORDER BY e.id LIMIT 1"""
)
LINK = text("SELECT hash FROM core.audit_link WHERE tenant_id = :tenant AND seq = :seq")


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of a chain at some moment, to be kept where nobody who can write to the database can."""

    tenant: int
    slug: str
    seq: int
    hash: str
    at: str

    @classmethod
    def read(cls, line: str) -> Anchor:
        """Return the anchor of a line of JSON. Raises ValueError."""
        try:
            given = json.loads(line)
            return cls(int(given["tenant"]), given["slug"], int(given["seq"]), given["hash"], given["at"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not an anchor: {line.strip()[:80]}") from error


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that does not fit. `seq` is the place in the chain, `entry` the id of the entry."""

    reason: object
    seq: int | None = None
    entry: UUID | None = None

    def __str__(self) -> str:
        place = f" ({_('place')} {self.seq})" if self.seq is not None else ""
        return f"{self.reason}{place}" + (f": {self.entry}" if self.entry else "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found. `removed` counts entries that were removed for their age."""

    entries: int
    seq: int
    hash: str
    removed: int
    checked_at: datetime
    fault: Fault | None = None

    @property
    def intact(self) -> bool:
        return self.fault is None


def canonical(row: Any) -> bytes:
    """Return the text of an entry that is hashed: a JSON array of its columns as texts, in a fixed order."""
    micros = (row.at - EPOCH) // timedelta(microseconds=1)
    values = [
        row.tenant_id, row.id, micros, row.actor_id, row.actor_name, row.actor_kind, row.request_id, row.action,
        row.resource, row.record_id, row.title, row.before, row.after,
    ]  # fmt: skip
    return json.dumps([None if value is None else str(value) for value in values], ensure_ascii=False).encode()


def verify(anchors: Iterable[Anchor] = ()) -> Verdict:
    """Check the chain of the open business from its beginning; stop at the first fault.

    It needs a transaction that has read nothing yet: it looks at one moment, so that work may go on meanwhile.
    """
    connection = current.session.connection()
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    tenant = current.tenant.id
    head = connection.execute(HEAD, {"tenant": tenant}).first()
    walk = _Walk(tenant, *((head.start_seq, head.start_hash) if head else (0, BEGIN)))
    fault = walk.through(connection)
    removed = head.start_seq if head else 0
    if fault is None and walk.entries and (head is None or (head.seq, head.hash) != (walk.seq, walk.hash)):
        fault = Fault(_("the chain does not end where its head says"), head.seq if head else 0)
    if fault is None and head is not None and not walk.entries and head.seq != head.start_seq:
        fault = Fault(_("the entries are missing"), head.start_seq + 1)
    if fault is None and (stray := connection.execute(UNLINKED, {"tenant": tenant}).scalar()) is not None:
        fault = Fault(_("an entry has no link"), None, stray)
    if fault is None and removed and walk.told != {"through": removed, "hash": walk.start.hex()}:
        fault = Fault(_("older entries are gone, and no entry tells that they were removed"), removed)
    if fault is None:
        fault = next(_differing(connection, tenant, anchors, removed), None)
    return Verdict(walk.entries, walk.seq, walk.hash.hex(), removed, now(), fault)


class _Walk:
    """Goes along the chain, link by link."""

    def __init__(self, tenant: int, seq: int, start: bytes) -> None:
        self.tenant, self.seq, self.hash, self.start, self.entries = tenant, seq, start, start, 0
        self.told: Mapping[str, Any] | None = None

    def through(self, connection: Connection) -> Fault | None:
        while True:
            values = {"tenant": self.tenant, "seq": self.seq, "most": BATCH}
            rows = connection.execute(LINKS, values).all()
            for row in rows:
                if (fault := self._step(row)) is not None:
                    return fault
            if len(rows) < BATCH:
                return None

    def _step(self, row: Any) -> Fault | None:
        if row.seq != self.seq + 1:
            return Fault(_("a link is missing"), self.seq + 1)
        if row.id is None:
            return Fault(_("an entry is missing"), row.seq, row.entry_id)
        digest = hashlib.sha256(self.hash + canonical(row)).digest()
        if digest != row.hash:
            return Fault(_("an entry was changed, or stands in another place"), row.seq, row.entry_id)
        self.seq, self.hash, self.entries = row.seq, digest, self.entries + 1
        if row.action == REMOVED and row.after:
            told = json.loads(row.after)
            self.told = {"through": told.get("through"), "hash": told.get("hash")}
        return None


def _differing(connection: Connection, tenant: int, anchors: Iterable[Anchor], removed: int) -> Iterator[Fault]:
    """Yield what an anchor says and the chain does not. Anchors of removed entries prove nothing any more."""
    for anchor in anchors:
        if anchor.tenant != tenant or anchor.seq <= removed:
            continue
        stored = connection.execute(LINK, {"tenant": tenant, "seq": anchor.seq}).scalar()
        if stored is None or stored.hex() != anchor.hash:
            yield Fault(_("the chain is not the one that the anchor of %(at)s knew", at=anchor.at), anchor.seq)
