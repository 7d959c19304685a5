"""Reads an export back: whether every member is as it was written, and every row there.

It must believe nothing of the manifest that it can count itself.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from diwan.db import current
from diwan.leaving import archive, catalogue
from diwan.leaving.export import FORMAT, VERSION


@dataclass(slots=True)
class Verified:
    """What was found. `problems` is empty for an export that is whole."""

    manifest: Mapping[str, Any] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    members: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def verify(path: Path) -> Verified:
    """Read the whole archive: digests, rows of each table, lines that are JSON."""
    found = Verified()
    try:
        with zipfile.ZipFile(path) as opened:
            _read(opened, found)
    except (zipfile.BadZipFile, KeyError, OSError, orjson.JSONDecodeError) as error:
        found.problems.append(f"{path} cannot be read as an export: {error}")
    return found


def compare(found: Verified) -> list[str]:
    """Return how the rows of the open tenant, as they are in the database now, differ from those of an export."""
    connection = current.session.connection()
    problems = []
    present = {table.key: table for table in catalogue.tables(connection)}
    for key in sorted(present.keys() | found.tables.keys()):
        count = 0
        if key in present:
            statement = f"SELECT count(*) FROM {present[key].sql} WHERE tenant_id = %s"  # noqa: S608
            count = connection.exec_driver_sql(statement, (current.tenant.id,)).scalar_one()
        if count != found.tables.get(key, 0):
            problems.append(f"{key}: {found.tables.get(key, 0)} rows in the export, {count} in the database")
    return problems


def _read(opened: zipfile.ZipFile, found: Verified) -> None:
    manifest = found.manifest = orjson.loads(opened.read("manifest.json"))
    if (manifest["format"], manifest["version"]) != (FORMAT, VERSION):
        found.problems.append(f"this is {manifest['format']} {manifest['version']}, not {FORMAT} {VERSION}")
        return
    names = set(opened.namelist()) - {"manifest.json"}
    for name in sorted(names ^ manifest["members"].keys()):
        found.problems.append(f"{name}: {'not in the manifest' if name in names else 'missing'}")
    for name in sorted(names & manifest["members"].keys()):
        told = manifest["members"][name]
        if archive.digest(opened, name) != (told["sha256"], told["bytes"]):
            found.problems.append(f"{name}: other bytes than the manifest says")
        found.members += 1
    for table, rows in manifest["tables"].items():
        member = f"tables/{table.replace('.', '/', 1)}.jsonl"
        found_lines = archive.lines(opened, member) if member in names else iter(())
        count = sum(orjson.loads(line) is not None for line in found_lines)
        found.tables[table] = count
        if count != rows:
            found.problems.append(f"{table}: {count} rows, the manifest says {rows}")
