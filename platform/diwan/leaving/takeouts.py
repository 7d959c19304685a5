"""What a person does with an export of everything: ask for it, stop it, take it, throw it away; and its job.

It must ask for the right before anything, and tell the log. It never commits.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from diwan import audit, files, jobs, mail, notifications
from diwan.config import Config
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.errors import NotFound, Refuse
from diwan.kit.i18n import _
from diwan.leaving import export
from diwan.leaving.models import BUSY, DONE, EXPIRED, FAILED, RUNNING, STOPPED, WAITING, Takeout
from diwan.users.models import User

PERMISSION = "core.tenant.export"
RUN = "core.takeout.run"
TIMEOUT = 12 * 3600
KEPT = timedelta(days=7)
CHUNK = 1 << 20
NO_LIMIT = 1 << 62
SHOWN = 10

_folder: list[Path] = []


def configure(config: Config) -> None:
    """Tell where an export is written before it is kept. Touches nothing yet."""
    _folder[:] = [config.home / "cache" / "takeouts"]


def start() -> Takeout:
    """Ask for an export of everything. Raises Denied, and Refuse while another one is being made."""
    current.require(PERMISSION)
    if any(takeout.state in BUSY for takeout in recent()):
        raise Refuse(_("An export is being made already. Wait for it, or stop it."))
    made = Takeout(created_by=current.user.id, created_at=now(), state=WAITING)
    current.session.add(made)
    current.session.flush()
    made.job_id = jobs.enqueue(RUN, {"takeout": made.id})
    audit.record("export_everything", "core.tenant", None, current.tenant.name)
    return made


def recent() -> Sequence[Takeout]:
    """Return the last exports, newest first."""
    return current.session.scalars(select(Takeout).order_by(Takeout.created_at.desc(), Takeout.id).limit(SHOWN)).all()


def find(id: UUID, *, lock: bool = False) -> Takeout:
    """Return one. Raises NotFound, Denied."""
    current.require(PERMISSION)
    return _find(id, lock=lock)


def stop(id: UUID) -> None:
    """Stop one that is being made. Raises NotFound, Refuse."""
    takeout = find(id, lock=True)
    if takeout.state not in BUSY:
        raise Refuse(_("This export is finished already. Reload the page."))
    if takeout.job_id:
        jobs.cancel(takeout.job_id)
    takeout.state, takeout.finished_at = STOPPED, now()


def take(id: UUID) -> tuple[Path, str]:
    """Return the ZIP and what to call it, and write down who took it. The caller has asked for the password again.

    Raises NotFound, Refuse, Unavailable.
    """
    takeout = find(id)
    if takeout.file_id is None or takeout.expires_at is None or takeout.expires_at <= now():
        raise Refuse(_("This export is no longer here. Make a new one."))
    audit.record("download_everything", "core.tenant", None, current.tenant.name, after={"bytes": takeout.size})
    return files.path_of(takeout.file_id), export.file_name(takeout)


def throw_away(id: UUID) -> None:
    """Delete the ZIP of an export before its time. Raises NotFound, Denied."""
    _expire(find(id, lock=True))


def clean() -> int:
    """Delete the ZIPs whose time is over, of the open tenant; return how many."""
    with unit_of_work() as session:
        over = session.scalars(
            select(Takeout).where(Takeout.file_id.is_not(None), Takeout.expires_at <= now()).with_for_update()
        ).all()
        for takeout in over:
            _expire(takeout)
    return len(over)


def _expire(takeout: Takeout) -> None:
    if takeout.file_id is not None:
        file_id, takeout.file_id, takeout.state = takeout.file_id, None, EXPIRED
        current.session.flush()
        files.remove(file_id)


def _find(id: UUID, *, lock: bool) -> Takeout:
    key = (current.tenant.id, id)
    takeout = current.session.get(Takeout, key, with_for_update=lock or None, populate_existing=lock)
    if takeout is None:
        raise NotFound(_("There is no such export."))
    return takeout


def _parked(payload: Mapping[str, Any], error: str) -> None:
    takeout = current.session.get(Takeout, (current.tenant.id, UUID(str(payload["takeout"]))), with_for_update=True)
    if takeout is not None and takeout.state in BUSY:
        takeout.state, takeout.error, takeout.finished_at = FAILED, error, now()


@jobs.job(RUN, batches=True, timeout=TIMEOUT, attempts=3, on_parked=_parked)
def run(takeout: UUID) -> None:
    """Make the ZIP and keep it. After a crash it begins again: nothing of the first try is kept."""
    with unit_of_work():
        record = _find(takeout, lock=True)
        if record.state not in BUSY:
            return
        record.state = RUNNING
        name = export.file_name(record)
    sweep()
    folder = _folder[0] if _folder else Path(tempfile.gettempdir())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=_prefix(), dir=folder) as place:
        path = Path(place) / "export.zip"
        written = export.write(path, _who(), jobs.progress)
        _keep(takeout, path, name, written)


def sweep() -> int:
    """Remove what a killed worker of this machine left of an export of the open tenant; return how many."""
    found = [path for folder in _folder for path in folder.glob(f"{_prefix()}*")]
    for path in found:
        shutil.rmtree(path, ignore_errors=True)
    return len(found)


def _prefix() -> str:
    return f"making-{current.tenant.id}-"


def _keep(takeout: UUID, path: Path, name: str, written: export.Written) -> None:
    stored: UUID | None = None
    try:
        with unit_of_work():
            record = _find(takeout, lock=True)
            if record.state != RUNNING:  # stopped at the last moment
                return
            with path.open("rb") as source:
                kept = files.store(
                    source, name, purpose=files.UNCOUNTED, mime="application/zip", limit=NO_LIMIT, counts=False
                )
            stored, kept.created_by = kept.id, None  # nobody's own file: only `take` gives it out
            record.file_id, record.size, record.sha256 = kept.id, kept.size, kept.sha256.hex()
            record.rows, record.state, record.error = written.rows, DONE, ""
            record.finished_at, record.expires_at = now(), now() + KEPT
            after = {"rows": written.rows, "files": written.files, "bytes": kept.size}
            audit.record("exported_everything", "core.tenant", None, current.tenant.name, after=after)
            _tell(record)
            jobs.progress(1, 1)  # the fencing check: of two workers one keeps its ZIP
    except BaseException:
        if stored is not None:
            files.discard(stored)
        raise


def _tell(record: Takeout) -> None:
    user = current.session.get(User, record.created_by) if record.created_by else None
    if user is None:
        return
    link = f"/t/{current.tenant.slug}/settings/data"
    title, until = _("The export of everything is ready"), _("It stays here for %(days)s days.", days=KEPT.days)
    notifications.notify([user.id], "takeout", title, until, itself=True)
    mail.send(
        user.email, "takeout", user.language or current.tenant.language, name=user.name,
        business=current.tenant.name, link=link, days=KEPT.days,
    )  # fmt: skip


def _who() -> str:
    user = current.user
    return f"{user.name} <{user.email}>" if user.email else user.name


def sha256_of(path: Path) -> str:
    """Return the digest of a file, for who hands it on."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def write_to(path: Path, made_by: str) -> export.Written:
    """Write an export of the open tenant to a file of the operator's. It appears when it is whole."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        written = export.write(partial, made_by)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return written
