"""The proof of an erasure for people: a plain text, mailed to the owner who closed the business.

It must say what was counted and how, and what this cannot reach.
"""

from __future__ import annotations

import logging
import time
from uuid import UUID

from sqlalchemy import select

from diwan import mail
from diwan.db import current, scope, unit_of_work
from diwan.kit import formats, i18n
from diwan.kit.i18n import _
from diwan.kit.ids import sha256
from diwan.leaving.models import Erasure

log = logging.getLogger("diwan.leaving")
AT_ONCE = 10
PAUSE = 300.0
"""Seconds that a mail server which did not take a mail is left alone."""
_rest = {"until": 0.0}


def as_text(erasure: Erasure) -> list[str]:
    """Return the report as lines, in the language of the scope."""
    checks = erasure.checks
    lines: list[object] = [
        _("Erasure %(id)s", id=erasure.id),
        _("SHA-256 of the address: %(digest)s", digest=erasure.slug_hash.hex()),
        _("Closed: %(moment)s", moment=_moment(erasure.closed_at)),
        _("Erased: %(moment)s", moment=_moment(erasure.erased_at)),
        "",
        _("%(rows)s rows and %(files)s files (%(bytes)s bytes) were erased, and %(persons)s accounts of people who "
          "worked nowhere else.", rows=f"{sum(erasure.counts.values()):,}", files=f"{erasure.files:,}",
          bytes=f"{erasure.bytes:,}", persons=f"{erasure.persons:,}"),
        *(f"    {table}: {rows:,}" for table, rows in sorted(erasure.counts.items())),
        "",
        _("Afterwards everything was looked at again: %(tables)s tables hold %(rows)s rows of the business, its folder "
          "%(files)s files, the queues %(messages)s messages. Nothing remains.", tables=checks.get("tables", 0),
          rows=checks.get("rows", 0), files=checks.get("files", 0), messages=checks.get("messages", 0)),
        _("Backups that were made before hold the data until they are deleted in their turn; whoever runs this "
          "installation tells you when."),
        "",
        _("SHA-256 of this record: %(digest)s", digest=erasure.digest),
    ] if erasure.erased_at else [
        _("Erasure %(id)s", id=erasure.id),
        _("It is not done. What remains: %(remains)s",
          remains=", ".join(f"{k}: {v}" for k, v in erasure.remains.items()) or "?"),
    ]  # fmt: skip
    return [str(line) for line in lines]


def tell_owners() -> int:
    """Mail the reports of erasures that nobody was told of; return how many. The scheduler's chore."""
    if time.monotonic() < _rest["until"]:
        return 0
    with scope(), unit_of_work() as session:
        waiting = select(Erasure.id).where(Erasure.erased_at.is_not(None), Erasure.tell != {})
        ids = list(session.scalars(waiting.order_by(Erasure.begun_at).limit(AT_ONCE)))
    return sum(_tell(id) for id in ids)


def _tell(id: UUID) -> bool:
    """Send to all, then forget whom. A mail server that is away keeps the addresses until it is back."""
    with scope(), unit_of_work() as session:
        erasure = session.get_one(Erasure, id)
        session.expunge(erasure)
    tell, told = erasure.tell, []
    for person in tell.get("to", []):
        token = i18n.set_language(person["language"])
        try:
            mail.send_now(
                person["email"], "erased", person["language"], name=person["name"], business=tell["business"],
                address=tell["address"], report=as_text(erasure),
            )  # fmt: skip
            told.append(person)
        except OSError as error:
            log.warning("the proof of erasure %s was not sent: %s", id, error)
            _rest["until"] = time.monotonic() + PAUSE
        finally:
            i18n.reset_language(token)
    rest = [person for person in tell.get("to", []) if person not in told]
    with scope(), unit_of_work() as session:
        session.get_one(Erasure, id).tell = {**tell, "to": rest} if rest else {}
    return not rest


def _moment(moment: object) -> str:
    return formats.moment(moment, "UTC") + " UTC" if moment else "-"  # type: ignore[arg-type]


def find(text: str) -> Erasure | None:
    """Return an erasure by its id, or by the address of the business that was."""
    try:
        wanted = Erasure.id == UUID(text)
    except ValueError:
        wanted = Erasure.slug_hash == sha256(text)
    return current.session.scalars(select(Erasure).where(wanted).order_by(Erasure.begun_at.desc())).first()
