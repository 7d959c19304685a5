"""Runs pg_dump and pg_restore, of the machine or of the wheel, on a whole database. Must not know what is in it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from diwan.embedded.binaries import POSTGRES_MAJOR, find_binaries
from diwan.embedded.errors import EmbeddedError


def dump_database(url: str, to: Path, *, server_major: int, embedded: bool) -> None:
    """pg_dump -Fc. `url` must name a superuser: forced row-level security hides the rows from everybody else."""
    tool = find_tool("pg_dump", server_major, embedded=embedded)
    _run([tool, "--format=custom", f"--file={to}"], url)


def restore_database(url: str, dump: Path, *, dump_major: int, embedded: bool) -> None:
    """pg_restore into a database that holds at most what `bootstrap` made; all of it or nothing."""
    tool = find_tool("pg_restore", dump_major, embedded=embedded)
    _run([tool, "--clean", "--if-exists", "--exit-on-error", "--single-transaction", str(dump)], url)


def find_tool(name: str, major: int, *, embedded: bool) -> str:
    """The machine's program if it is new enough (it can speak TLS, the wheel's cannot), else the wheel's."""
    own = shutil.which(name)
    if own and not embedded and _major(own) >= major:
        return own
    if major <= POSTGRES_MAJOR:
        return str(find_binaries().program(name))
    raise EmbeddedError(f"This needs {name} {major} or newer. Install PostgreSQL's client programs of that version.")


def _major(program: str) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    match = re.search(r"\) (\d+)", answer)
    return int(match[1]) if match else 0


def _run(command: list[str], url: str) -> None:
    """The password goes through the environment: command lines can be read by every user of the machine."""
    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    env = {**os.environ, "LC_ALL": "C"}
    if password:
        env["PGPASSWORD"] = str(password)
    result = subprocess.run(
        [*command, "--no-password", f"--dbname={make_conninfo('', **parts)}"],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise EmbeddedError(f"{Path(command[0]).name} failed:\n{result.stderr.strip()}")
