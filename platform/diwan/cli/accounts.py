"""`diwan accounts ...`: help for people whom nobody else can help.

It must tell the person by mail, and their businesses in their logs, what was done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


def register(group: click.Group) -> None:
    """Add `accounts`."""
    group.add_command(accounts)


@click.group()
def accounts() -> None:
    """Accounts of people."""


@accounts.command("reset-factors")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset_factors(email: str, yes: bool) -> None:
    """Take app, passkeys and recovery codes from somebody who lost them all; they log in with the password."""
    with _application():
        from diwan.db import scope, unit_of_work
        from diwan.mail import service as mail
        from diwan.tenants import account_log
        from diwan.users import factors
        from diwan.users import service as users

        with scope(request_id="cli"), unit_of_work():
            user = users.find_user(users.normal_email(email))
            if user is None or not factors.factors_of(user.id):
                raise click.ClickException(f"{email} has no two-step sign-in.")
            if not yes:
                click.confirm(f"Are you sure that it is {user.name} who asks for it?", abort=True)
            factors.reset(user)
            account_log.note(user.id, "factors_reset_by_operator")
        mail.wait()
    click.echo(f"{email} logs in with the password alone now. A mail tells them.")


@accounts.command("log-out")
@click.argument("email", required=False)
@click.option("--all", "everybody", is_flag=True, help="Every account of this Diwan.")
def log_out(email: str | None, everybody: bool) -> None:
    """End every session of an account, or of all: they log in again on each device."""
    if bool(email) == everybody:
        raise click.UsageError("Name one address, or say --all.")
    with _application():
        from diwan.db import scope, unit_of_work
        from diwan.tenants import account_log
        from diwan.users import service as users
        from diwan.users import sessions

        with scope(request_id="cli"), unit_of_work():
            user = users.find_user(users.normal_email(email)) if email else None
            if email and user is None:
                raise click.ClickException(f"{email} has no account.")
            ended = sessions.end_sessions(user.id) if user else sessions.end_all()
            if user:
                account_log.note(user.id, "sessions_ended_by_operator")
    click.echo(f"Sessions that ended: {ended}")


@contextmanager
def _application() -> Iterator[None]:
    from diwan.cli._connection import connected
    from diwan.config import Config

    with connected(prepare=False):
        from diwan.app import create_app

        with create_app(Config.from_env().require_servers()).app_context():
            yield
