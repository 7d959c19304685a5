"""What a person does with an import: upload, map, check, start, stop, resume, undo, look at what failed.

It never reads more than a few rows itself: everything long is a job. It never commits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from sqlalchemy import delete, select

from diwan import files, jobs
from diwan.db import current
from diwan.db.base import now
from diwan.errors import Invalid, NotFound, Refuse
from diwan.imports.models import MODES, ROWS, ImportRow, ImportRun
from diwan.imports.reading import MAX_BYTES, open_table
from diwan.imports.table import Table
from diwan.imports.targets import SEVERAL, guess_mapping, guess_match, importable, match_fields
from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.resources.values import as_json

CHECK, RUN, UNDO = "core.import.check", "core.import.run", "core.import.undo"
BUSY = frozenset({"checking", "queued", "running", "undoing"})
MAPPABLE = frozenset({"uploaded", "mapped", "checked"})
UNDOABLE = frozenset({"done", "failed", "stopped"})
PAGE = 1_000
GONE = _("The file of this import was deleted, because it was older than 90 days.")


def start(resource: Resource, stream: IO[bytes], name: str, mime: str = "") -> ImportRun:
    """Keep an uploaded file and return its run with a guessed mapping. Raises Refuse or TooLarge for a bad file."""
    resource.require("import")
    stored = files.store(stream, name, purpose="import", mime=mime, limit=MAX_BYTES)
    run = ImportRun(resource=resource.key, file_id=stored.id, file_name=stored.name, mapping={})
    run.created_by = current.user.id
    try:
        _guess(resource, run, open_table(files.path_of(stored.id), stored.name))
    except BaseException:
        files.discard(stored.id)  # the row goes with the transaction, the bytes would stay
        raise
    current.session.add(run)
    current.session.flush()
    return run


def get_run(id: UUID | str, *, lock: bool = False) -> ImportRun:
    """Return a run, one's own or where one reads every record of the resource: its file may hold any of them.

    Raises NotFound also where its module is off, Denied without the right to import.
    """
    try:
        key = id if isinstance(id, UUID) else UUID(str(id))
    except ValueError:
        raise NotFound(_("There is no such import.")) from None
    run = current.session.get(ImportRun, (current.tenant.id, key), with_for_update=lock or None, populate_existing=lock)
    if run is None or current.lineup is None or run.resource not in current.lineup.resources:
        raise NotFound(_("There is no such import."))
    resource = resource_of(run)
    resource.require("import")
    if run.created_by != current.user.id and not _reads_all(resource):
        raise NotFound(_("There is no such import."))
    return run


def _reads_all(resource: Resource) -> bool:
    return resource.may("read") and resource.reach is None


def recent_runs(resource: Resource, limit: int = 20) -> Sequence[ImportRun]:
    """Return the last imports of a resource, newest first."""
    resource.require("import")
    runs = select(ImportRun).where(ImportRun.resource == resource.key).order_by(ImportRun.created_at.desc())
    if not _reads_all(resource):
        runs = runs.where(ImportRun.created_by == current.user.id)
    return current.session.scalars(runs.limit(limit)).all()


def resource_of(run: ImportRun) -> Resource:
    """Return what the run imports."""
    resource: Resource = current.lineup.resources[run.resource]
    return resource


def read(run: ImportRun) -> Table:
    """Open the file of a run as its person wants it read. Raises NotFound once it is gone."""
    if run.file_id is None:
        raise NotFound(GONE)
    path: Path = files.path_of(run.file_id)
    return open_table(
        path, run.file_name, encoding=run.encoding or None, delimiter=run.delimiter or None, sheet=run.sheet or None
    )


def set_format(run: ImportRun, *, encoding: str = "", delimiter: str = "", sheet: str = "") -> Table:
    """Read the file in another encoding, with another delimiter, or another sheet; the mapping is guessed anew."""
    _expect(run, MAPPABLE)
    run.encoding, run.delimiter, run.mapping = encoding, delimiter, {"sheet": sheet}
    table = read(run)
    _guess(resource_of(run), run, table)
    run.state = "uploaded"
    return table


def set_mapping(
    run: ImportRun, columns: Mapping[str, str], *, defaults: Mapping[str, Any] | None = None, match_field: str = "",
    mode: str = "update",
) -> None:  # fmt: skip
    """Say which column goes to which field ("" for nowhere), what fills blanks, and how a row finds its record.

    mode: update (change records that match), skip (leave them alone), create (every row is a new record).
    Raises Invalid with one message per column, and per default as "all-<field>".
    """
    _expect(run, MAPPABLE)
    resource = resource_of(run)
    chosen = {column: name for column, name in columns.items() if name}
    errors = _mapping_errors(resource, read(run), chosen)
    parsed, wrong = _parse_defaults(resource, defaults or {})
    errors |= wrong
    if mode not in MODES:
        errors["mode"] = _("Choose what to do with records that are there already.")
    if mode != "create" and match_field not in {n for n in match_fields(resource) if n in chosen.values()}:
        errors["match_field"] = _("Choose a mapped field by which a row finds its record.")
    if errors:
        raise Invalid(errors)
    run.mapping = {**run.mapping, "columns": chosen}
    run.defaults, run.mode = parsed, mode
    run.match_field = match_field if mode != "create" else ""
    run.state, run.error = "mapped", ""


def begin_check(run: ImportRun) -> None:
    """Ask for the dry run: every row is read, validated and matched; nothing is written but what would fail."""
    _expect(run, {"mapped", "checked"})
    forget_rows(run)
    run.state, run.error = "checking", ""
    run.job_id = jobs.enqueue(CHECK, {"run": run.id})


def begin(run: ImportRun) -> None:
    """Ask for the import itself. The dry run must have passed with the present mapping."""
    _expect(run, {"checked"})
    resource = resource_of(run)
    resource.require("create")
    if run.mode == "update":
        resource.require("update")
    forget_rows(run)
    run.state, run.error = "queued", ""
    run.started_at = run.finished_at = None
    run.job_id = jobs.enqueue(RUN, {"run": run.id})


def stop(run: ImportRun) -> None:
    """Stop a run between two batches; what is imported stays, and can be undone or resumed."""
    _expect(run, {"queued", "running"})
    if run.job_id:
        jobs.cancel(run.job_id)
    run.state, run.finished_at = "stopped", now()


def resume(run: ImportRun) -> None:
    """Go on with a run that failed or was stopped, after the last row that it recorded."""
    _expect(run, {"failed", "stopped"})
    run.state, run.error, run.finished_at = "queued", "", None
    run.job_id = jobs.enqueue(RUN, {"run": run.id})


def begin_undo(run: ImportRun) -> None:
    """Ask for the undoing: new records go, changes are taken back, unless somebody changed a record since."""
    _expect(run, UNDOABLE)
    resource = resource_of(run)
    for action in ("delete", "update") if run.mode == "update" else ("delete",):
        resource.require(action)
    run.state, run.error, run.done = "undoing", "", 0
    run.job_id = jobs.enqueue(UNDO, {"run": run.id})


def failed_rows(run: ImportRun) -> Iterator[tuple[list[str], str]]:
    """Yield the cells and the problem of each row that failed, in the order of the file."""
    for row in rows_of(run, "failed"):
        yield row.cells or [], row.problem.replace("\n", "; ")


def rows_of(run: ImportRun, *outcomes: str, after: int = 0, limit: int | None = None) -> Iterator[ImportRow]:
    """Yield what became of rows, in the order of the file, in pages of statements."""
    while limit is None or limit > 0:
        wanted = (
            select(ROWS)
            .where(ROWS.c.tenant_id == current.tenant.id, ROWS.c.run_id == run.id, ROWS.c.number > after)
            .where(ROWS.c.outcome.in_(outcomes))
            .order_by(ROWS.c.number)
            .limit(PAGE if limit is None else min(limit, PAGE))
        )
        page: Sequence[Any] = current.session.connection().execute(wanted).all()
        yield from page
        if len(page) < PAGE:
            return
        after, limit = page[-1].number, None if limit is None else limit - len(page)


def forget_rows(run: ImportRun) -> None:
    """Empty the record of a run: its rows and counters."""
    rows = delete(ROWS).where(ROWS.c.tenant_id == current.tenant.id, ROWS.c.run_id == run.id)
    current.session.connection().execute(rows)
    run.done = run.created = run.updated = run.skipped = run.failed = 0


def _guess(resource: Resource, run: ImportRun, table: Table) -> None:
    columns = {guess.column: guess.target for guess in guess_mapping(resource, table) if guess.target}
    run.mapping = {"sheet": run.sheet, "columns": columns}
    run.match_field = guess_match(resource, columns)
    run.mode = "update" if run.match_field else "create"
    run.total = table.expected


def _expect(run: ImportRun, states: frozenset[str] | set[str]) -> None:
    if run.state not in states:
        raise Refuse(_("This import has moved on in the meantime. Reload the page to see where it is."))


def _mapping_errors(resource: Resource, table: Table, chosen: Mapping[str, str]) -> dict[str, object]:
    errors: dict[str, object] = {}
    fields = importable(resource)
    used: set[str] = set()
    for column, name in chosen.items():
        if column not in table.columns:
            errors[column] = _("The file has no such column.")
        elif name not in fields:
            errors[column] = _("There is no such field.")
        elif name in used and fields[name].kind.name not in SEVERAL:
            errors[column] = _("Another column goes to this field already.")
        used.add(name)
    if not chosen:
        errors["columns"] = _("Choose a field for at least one column.")
    return errors


def _parse_defaults(resource: Resource, defaults: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, object]]:
    fields, parsed, errors = importable(resource), dict[str, Any](), dict[str, object]()
    for name, raw in defaults.items():
        if raw in (None, "", []):
            continue
        if name not in fields:
            errors[f"all-{name}"] = _("There is no such field.")
            continue
        try:
            parsed[name] = as_json(fields[name].parse(raw))
        except ValueError as error:
            errors[f"all-{name}"] = error.args[0] if error.args else _("This value does not fit.")
    return parsed, errors
