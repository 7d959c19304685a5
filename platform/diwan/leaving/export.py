"""Writes everything of a business into one ZIP: its tables as JSON Lines, its lists as CSV, its files as they are.

It must need no module's code for the tables and files, and must not hold more than a page of anything.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from diwan import __version__, exports, files
from diwan.db import current, scope, unit_of_work
from diwan.db.base import now
from diwan.db.context import SYSTEM, replace_scope
from diwan.errors import DiwanError
from diwan.exports.reading import Rows
from diwan.kernel.catalogue import installed
from diwan.kernel.lineup import lineup_of
from diwan.leaving import catalogue, readme
from diwan.leaving.archive import Archive
from diwan.leaving.catalogue import TenantTable
from diwan.leaving.models import Takeout
from diwan.leaving.snapshot import Snapshot, taken
from diwan.resources import Resource

FORMAT, VERSION = "diwan-business", 1
CHUNK = 1 << 20
STEP = 2_000
FILE_WEIGHT = 20
"""A file counts as so many rows in the progress."""

Progress = Callable[[int, int, object], None]
FILES = """SELECT id, name, mime, size, encode(sha256, 'hex') AS sha256, purpose, created_at, created_by
    FROM core.file WHERE tenant_id = {tenant} ORDER BY id"""
TENANT = "SELECT * FROM core.tenant WHERE id = {tenant}"
MODULES = "SELECT plugin, state, version FROM core.tenant_plugin WHERE tenant_id = %s ORDER BY plugin"


@dataclass(slots=True)
class Written:
    """What an export holds."""

    rows: int = 0
    tables: dict[str, int] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    missing: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def write(path: Path, made_by: str, progress: Progress = lambda *_: None) -> Written:
    """Write the ZIP of the open tenant to `path`. No transaction may be open."""
    with scope(tenant=current.tenant, user=SYSTEM, request_id=current.request_id):
        with unit_of_work():
            replace_scope(lineup=lineup_of(current.tenant))  # all of it, whoever asked
        with taken() as view, Archive(path) as archive:
            return _Writing(view, archive, progress).run(made_by)


class _Writing:
    def __init__(self, view: Snapshot, archive: Archive, progress: Progress) -> None:
        self.view, self.archive, self.written = view, archive, Written()
        self._progress, self._done, self._total = progress, 0, 0

    def run(self, made_by: str) -> Written:
        moment, tenant = now(), current.tenant
        tables = catalogue.tables(self.view.connection)
        expected = {table.key: self.view.count(table) for table in tables}
        self._total = sum(expected.values()) + expected["core.file"] * FILE_WEIGHT
        self._business()
        for table in tables:
            self._table(table)
        if self.written.tables != expected:  # one moment has one number of rows
            raise RuntimeError("an export holds another number of rows than the database")
        self._files()
        self._lists()
        self.archive.add("README.txt", readme.text(tenant, moment, self.written).encode())
        self.archive.add("manifest.json", _json(self._manifest(moment, made_by)))
        return self.written

    def _business(self) -> None:
        number = int(current.tenant.id)
        for name, found in (("tenant", self.view.lines(TENANT.format(tenant=number))), ("user", self.view.people())):
            with closing(found), self.archive.member(f"tables/core/{name}.jsonl") as out:
                for line in found:
                    out.write(line)

    def _table(self, table: TenantTable) -> None:
        place, count = f"tables/{_safe(table.schema)}/{_safe(table.name)}", 0
        self.archive.add(f"{place}.schema.json", _json(table.describe()))
        self.written.left_out += [f"{table.key}.{column.name}" for column in table.columns if column.secret]
        with closing(self.view.rows(table)) as found, self.archive.member(f"{place}.jsonl") as out:
            for line in found:
                out.write(line)
                count += 1
                if count % STEP == 0:
                    self._step(STEP, table.key)
        self._step(count % STEP, table.key)
        self.written.tables[table.key] = count
        self.written.rows += count

    def _files(self) -> None:
        listing = io.StringIO()
        rows = csv.writer(listing, lineterminator="\r\n")
        rows.writerow(["id", "name", "type", "bytes", "sha256", "purpose", "created_at", "path"])
        with closing(self.view.lines(FILES.format(tenant=int(current.tenant.id)))) as found:
            for row in map(orjson.loads, found):
                place = self._file(row) if row["purpose"] != files.UNCOUNTED else ""
                shown = (row["name"], row["mime"], row["size"], row["sha256"], row["purpose"], row["created_at"], place)
                rows.writerow([row["id"], *(_guarded(value) for value in shown)])
                self._step(FILE_WEIGHT, row["name"])
        self.archive.add("files/files.csv", ("\ufeff" + listing.getvalue()).encode())

    def _file(self, row: dict[str, Any]) -> str:
        place = f"files/{row['id']}-{_safe(row['name'])}"
        try:
            source = files.bytes_of(row["id"], bytes.fromhex(row["sha256"])).open("rb")
        except (DiwanError, OSError) as error:  # the rest of a business must not stay behind for one lost file
            self.written.missing.append({"id": row["id"], "name": row["name"], "why": str(error)})
            return ""
        with source, self.archive.member(place, packed=False) as out:
            while chunk := source.read(CHUNK):
                out.write(chunk)
        self.written.files += 1
        self.written.bytes += self.archive.members[place]["bytes"]
        if self.archive.members[place]["sha256"] != row["sha256"]:
            self.written.missing.append({"id": row["id"], "name": row["name"], "why": "other bytes than were stored"})
        return place

    def _lists(self) -> None:
        for key, resource in current.lineup.resources.items():
            for archived in (False, True):
                place = f"lists/{key}{'.archived' if archived else ''}.csv"
                try:
                    self._list(place, resource, archived=archived)
                except DiwanError as error:  # a computed field of a module fails: its rows are in the tables
                    self.written.skipped[place] = str(error)

    def _list(self, place: str, resource: Resource, *, archived: bool) -> None:
        count = 0

        def counted(pages: Iterator[Rows]) -> Iterator[Rows]:
            nonlocal count
            for page in pages:
                count += len(page)
                yield page

        columns = list(resource.fields)
        with self.view.joined():
            pages = exports.rows(resource, columns, archived=archived)
            first = next(pages, [])
            if archived and not first:
                return
            with self.archive.member(place) as out:
                for text in exports.csv_lines(resource, columns, counted(_chained(first, pages))):
                    out.write(text.encode())
        self.written.lists[place] = count
        self._step(0, resource.labels)

    def _step(self, done: int, what: object) -> None:
        self._done += done
        self._progress(self._done, max(self._total, self._done, 1), what)

    def _manifest(self, moment: Any, made_by: str) -> dict[str, Any]:
        tenant, written = current.tenant, self.written
        modules = self.view.connection.exec_driver_sql(MODULES, (tenant.id,)).all()
        known = installed()
        return {
            "format": FORMAT, "version": VERSION, "diwan": __version__,
            "business": {"id": tenant.id, "address": tenant.slug, "name": tenant.name},
            "made_at": moment.isoformat(timespec="seconds"), "made_by": made_by,
            "modules": [
                {"name": m.plugin, "state": m.state, "version": m.version, "code": m.plugin in known} for m in modules
            ],
            "rows": written.rows, "tables": written.tables, "lists": written.lists,
            "files": {"count": written.files, "bytes": written.bytes, "missing": written.missing},
            "left_out": written.left_out, "lists_left_out": written.skipped, "members": self.archive.members,
        }  # fmt: skip


def _chained(first: Rows, rest: Iterator[Rows]) -> Iterator[Rows]:
    yield first
    yield from rest


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _safe(name: str) -> str:
    """A name that is one file on every system, and never another folder."""
    return re.sub(r'[\x00-\x1f/\\:*?"<>|]', "_", name).strip(". ")[-120:] or "file"


def _guarded(value: Any) -> str:
    """No cell becomes a formula in a spreadsheet."""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def file_name(takeout: Takeout) -> str:
    """Return what the download is called."""
    return f"{current.tenant.slug}-{takeout.created_at:%Y-%m-%d}.zip"
