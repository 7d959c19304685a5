"""`diwan migrate` and `diwan db ...`: the database's structure, for operators and for authors of migrations.

It must not change data. It works as the owner role: on the database that DATABASE_OWNER_URL names, else on the
servers that `diwan run` would use, which it starts for as long as it works.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diwan.cli._connection import connected

if TYPE_CHECKING:
    from diwan.db import migrate as migrations


FACES = ("cli", "testing", "embedded", "web", "rest")
"""What has no tables."""


def register(group: click.Group) -> None:
    """Add `migrate` and `db`."""
    group.add_command(migrate)
    group.add_command(db)


@click.command()
def migrate() -> None:
    """Bring the core and every plugin to its newest revision."""
    from diwan.kernel import deploy, loader

    plugins = loader.load()
    with _owner() as url:
        outcomes = deploy.migrate(url, plugins)
    for outcome in outcomes:
        moved = f"{outcome.before or 'nothing'} -> {outcome.after or 'nothing'}"
        click.echo(f"{outcome.scope}: {moved if outcome.before != outcome.after else 'up to date'}")
    for entry in plugins.stopped:
        click.secho(f"{entry.name} is {entry.state}: {'; '.join(entry.problems)}", fg="yellow", err=True)
    failed = [outcome for outcome in outcomes if outcome.error]
    for outcome in failed:
        click.secho(outcome.error, fg="red", err=True)
    if failed:
        raise SystemExit(1)


@click.group()
def db() -> None:
    """Revisions of the database: status, drift, new ones."""


@db.command()
def status() -> None:
    """Show each scope's revision in the database beside the newest in the code."""
    from diwan.db import migrate as migrations

    with _owner() as url:
        for scope in _scopes():
            at, newest = migrations.current(url, scope), migrations.head(scope)
            click.echo(f"{scope.name:<24} {at or '-':<20} {'up to date' if at == newest else f'newest is {newest}'}")


@db.command()
@click.option("-p", "--plugin", help="Only this plugin, or `core`.")
def check(plugin: str | None) -> None:
    """Compare the database with the models; exit with 1 where they differ."""
    from diwan.db import migrate as migrations

    _import_models()
    with _owner() as url:
        found = [line for scope in _scopes(plugin) for line in migrations.check(url, scope)]
    for line in found:
        click.echo(line)
    if found:
        raise SystemExit(1)
    click.echo("The database has what the models say.")


@db.command()
@click.option("-p", "--plugin", required=True, help="The plugin's name, or `core`.")
@click.option("-m", "--message", required=True, help="What the revision does, in a few words.")
def revision(plugin: str, message: str) -> None:
    """Write a new revision from what the models have and the database lacks."""
    from diwan.db import migrate as migrations

    _import_models()
    with _owner() as url:
        click.echo(str(migrations.revision(url, _scopes(plugin, new=True)[0], message)))


@contextmanager
def _owner() -> Iterator[str]:
    """Give the database's address as its owner. With DATABASE_ADMIN_URL, roles and database are made where missing."""
    if os.environ.get("DATABASE_OWNER_URL") and not os.environ.get("DATABASE_URL"):
        yield os.environ["DATABASE_OWNER_URL"]
        return
    with connected() as connection:
        yield connection.owner_url


def _scopes(name: str | None = None, *, new: bool = False) -> list[migrations.Scope]:
    """Return the core's scope and those of the plugins; with `new` also for a plugin without migrations yet."""
    from diwan.db import migrate as migrations
    from diwan.kernel import loader

    plugins = loader.load()
    scopes = [migrations.core(), *plugins.scopes]
    if name is None:
        return scopes
    chosen = [scope for scope in scopes if scope.name == name]
    entry = plugins.get(name)
    if not chosen and new and entry is not None and entry.folder is not None:
        chosen = [migrations.Scope(name, entry.folder / "migrations")]
    if not chosen:
        raise click.ClickException(f"There is no {name!r}: known are {', '.join(scope.name for scope in scopes)}.")
    return chosen


def _import_models() -> None:
    """Load every module of the areas that have tables, so that the MetaData is whole."""
    import diwan

    for area in pkgutil.iter_modules(diwan.__path__, "diwan."):
        if area.ispkg and area.name.partition(".")[2] not in FACES:
            for module in pkgutil.walk_packages([str(Path(diwan.__path__[0]) / area.name[6:])], f"{area.name}."):
                importlib.import_module(module.name)
