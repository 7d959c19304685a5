"""`diwan backup` and `diwan restore`: the database and the uploaded files as one archive.

It must leave the present data untouched until the archive is known to be whole and has been loaded beside it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg import sql

from diwan import __version__
from diwan.cli._connection import Connection, connected, server_major
from diwan.db.engine import libpq_url
from diwan.embedded import EmbeddedError
from diwan.embedded.archive import Archive, read_archive, write_archive
from diwan.embedded.dump import dump_database, restore_database


def register(group: click.Group) -> None:
    """Add `backup` and `restore`."""
    group.add_command(backup)
    group.add_command(restore)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def backup(file: Path, force: bool) -> None:
    """Write the database and the uploaded files to FILE (a tar archive), also while Diwan runs."""
    if file.exists() and not force:
        raise EmbeddedError(f"{file} exists. Choose another name, or add --force to replace it.")
    if not file.parent.is_dir():
        raise EmbeddedError(f"There is no folder {file.parent.absolute()}.")
    with connected(prepare=False) as connection:
        url = _superuser_url(connection)
        major = server_major(connection.app_url)
        facts = {
            "diwan": __version__,
            "postgresql": major,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "database": connection.database,
        }
        with tempfile.TemporaryDirectory(prefix=".diwan-backup-", dir=file.parent) as folder:
            dump = Path(folder) / "dump"
            dump_database(url, dump, server_major=major, embedded=connection.embedded)
            write_archive(file, dump=dump, files=connection.home.files, facts=facts)
    click.echo(f"Wrote {file} ({file.stat().st_size / 1e6:.1f} MB).")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--force", is_flag=True, help="Replace data that is there.")
def restore(file: Path, force: bool) -> None:
    """Load FILE, which `diwan backup` wrote. Refuses to replace data without --force."""
    archive = read_archive(file)
    with connected() as connection:
        major = server_major(connection.app_url)
        _check_versions(archive.facts, major)
        url = _superuser_url(connection)
        if not force:
            _check_empty(connection, url)
        _restore(connection, url, archive)
    click.echo(f"Restored the backup of {archive.facts['made']}. `diwan run` or `diwan migrate` brings it up to date.")


def _superuser_url(connection: Connection) -> str:
    if not connection.admin_url:
        raise EmbeddedError(
            "Set DATABASE_ADMIN_URL to a superuser of your PostgreSQL: to others row-level security hides the rows."
        )
    return libpq_url(connection.admin_url, connection.database)


def _check_versions(facts: dict[str, Any], server: int) -> None:
    if _numbers(facts["diwan"]) > _numbers(__version__):
        raise EmbeddedError(f"The backup is of Diwan {facts['diwan']}, and this is {__version__}. Upgrade Diwan first.")
    if int(facts["postgresql"]) > server:
        raise EmbeddedError(
            f"The backup is of PostgreSQL {facts['postgresql']}, and the server is {server}. Use a newer server."
        )


def _numbers(version: str) -> Any:
    from packaging.version import Version

    return Version(version)


def _check_empty(connection: Connection, url: str) -> None:
    with psycopg.connect(url) as link:
        table = link.execute(
            "SELECT schemaname || '.' || tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 LIMIT 1"
        ).fetchone()
    if table is not None:
        raise EmbeddedError(f"The database has tables ({table[0]} ...). Add --force to replace everything in it.")
    if any(connection.home.files.iterdir()):
        raise EmbeddedError(f"{connection.home.files} holds files. Add --force to replace them.")


def _restore(connection: Connection, url: str, archive: Archive) -> None:
    """Load both halves beside the present ones, then exchange them; a failure before that changes nothing."""
    from sqlalchemy.engine import make_url

    from diwan.db.bootstrap import bootstrap

    aside = f"{connection.database}_restore_{os.getpid()}"
    files = connection.home.path / f".files.{os.getpid()}"
    passwords = (str(make_url(u).password or "") for u in (connection.owner_url, connection.app_url))
    try:
        files.mkdir(mode=0o700)
        count = archive.extract_files(files)
        bootstrap(connection.admin_url, aside, *passwords)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=connection.home.path) as folder:
            dump = Path(folder) / "dump"
            archive.extract_dump(dump)
            restore_database(
                libpq_url(url, aside),
                dump,
                dump_major=int(archive.facts["postgresql"]),
                embedded=connection.embedded,
            )
        with psycopg.connect(libpq_url(url, aside), autocommit=True) as link:
            link.execute("ANALYZE")
        _exchange_databases(connection, aside)
        _exchange_folders(connection.home.files, files)
    except BaseException:
        with psycopg.connect(libpq_url(connection.admin_url), autocommit=True) as link:
            link.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(aside)))
        raise
    finally:
        shutil.rmtree(files, ignore_errors=True)
    click.echo(f"Loaded the database and {count} files.")


def _exchange_databases(connection: Connection, aside: str) -> None:
    """Rename the loaded database to the real name, which PostgreSQL allows only while nobody is connected."""
    old = f"{connection.database}_before_{int(time.time())}"
    name, new, before = (sql.Identifier(text) for text in (connection.database, aside, old))
    with psycopg.connect(libpq_url(connection.admin_url), autocommit=True) as link:
        link.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        try:
            link.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s",
                (connection.database,),
            )
            with link.transaction():
                link.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(name, before))
                link.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(new, name))
        except BaseException:
            link.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
            raise
        link.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(before))


def _exchange_folders(present: Path, new: Path) -> None:
    """`new` takes the place of `present`, whose content is then under the name of `new` and goes with it."""
    middle = new.with_name(f"{new.name}.old")
    present.rename(middle)
    new.rename(present)
    middle.rename(new)
