"""`diwan operators ...`: which accounts run the platform. Nobody becomes an operator in any other way.

It must work as the owner role, which serves no web request.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from diwan.operators.accounts import Owner


def register(group: click.Group) -> None:
    """Add `operators`."""
    group.add_command(operators)


@click.group()
def operators() -> None:
    """Accounts that may open the operator's console at /operator."""


@operators.command()
@click.argument("email")
def add(email: str) -> None:
    """Make the account with this address an operator."""
    from diwan.operators import accounts

    with _owner() as owner:
        made = accounts.add(owner, email, _who())
    click.echo(f"{email} is an operator now." if made else f"{email} is an operator already.")


@operators.command()
@click.argument("email")
def remove(email: str) -> None:
    """Take it back, at once also where the console is open."""
    from diwan.operators import accounts

    with _owner() as owner:
        gone = accounts.remove(owner, email, _who())
    if not gone:
        raise click.ClickException(f"{email} is no operator.")
    click.echo(f"{email} is no operator any more.")


@operators.command("list")
def list_operators() -> None:
    """Show the operators: address, since when, by whom, name."""
    from diwan.operators import accounts

    with _owner() as owner:
        found = accounts.listed(owner)
    for each in found:
        closed = "  (the account is disabled)" if each.disabled_at else ""
        click.echo(f"{each.email:<32} {each.since:%Y-%m-%d}  {each.added_by:<16} {each.name}{closed}")
    if not found:
        click.echo("There are no operators. Add one: diwan operators add EMAIL")


@contextmanager
def _owner() -> Iterator[Owner]:
    import psycopg

    from diwan.cli._connection import connected
    from diwan.db.engine import libpq_url

    with ExitStack() as stack:
        url = os.environ.get("DATABASE_OWNER_URL") or stack.enter_context(connected(prepare=False)).owner_url
        yield stack.enter_context(psycopg.connect(libpq_url(url)))


def _who() -> str:
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):  # a container without a user database
        return "command line"
