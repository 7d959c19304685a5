"""`diwan secrets ...`: the keys that seal what the database must not show, and sealing anew after a new one.

It must never show a key's bytes, but for the one that it makes.
"""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime

import click

from diwan.cli._connection import connected
from diwan.config import Config

MOST_SHOWN = 20


def register(group: click.Group) -> None:
    """Add `secrets`."""
    group.add_command(secrets)


@click.group()
def secrets() -> None:
    """Secrets in the database: new keys, sealing anew."""


@secrets.command()
def key() -> None:
    """Make a new key, to be put first into DIWAN_SECRETS_KEYS; nothing is changed."""
    click.echo(f"{datetime.now(UTC):%Y%m%d-%H%M}:{base64.b64encode(os.urandom(32)).decode()}")


@secrets.command()
def rotate() -> None:
    """Seal everything with the newest key. Older keys may go once this has run without a failure."""
    with connected(prepare=False):
        from diwan.app import create_app
        from diwan.kernel.catalogue import installed
        from diwan.kernel.resealing import reseal_all
        from diwan.kit.sealing import newest_key

        failed = 0
        with create_app(Config.from_env().require_servers()).app_context():
            click.echo(f"Sealing with the key {newest_key()}.")
            for result in reseal_all():
                click.echo(f"{result.place}: {result.done} sealed anew, {result.kept} were already")
                failed += len(result.failed)
                for line in result.failed[:MOST_SHOWN]:
                    click.secho(f"    {line}", fg="red", err=True)
            absent = [entry.name for entry in installed().values() if entry.plugin is None]
    for name in absent:
        click.secho(f"{name} did not load: what it has sealed was not looked at.", fg="yellow", err=True)
    if failed or absent:
        click.secho(f"{failed} could not be opened. Keep the older keys.", fg="red", err=True)
        raise SystemExit(1)
    click.echo("Done: no older key is needed for the database. Keep them as long as older backups.")
