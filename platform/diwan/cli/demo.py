"""`diwan demo`: a business that looks like one, made of a real company's data, with three people to log in as.

It may run twice: the second time it only prints the logins. It must not touch any other tenant.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import click

PEOPLE = (
    ("Nancy Davolio", "nancy@northwind.example", "owner", "en", "owns the business: sees and may do everything"),
    ("Andrew Fuller", "andrew@northwind.example", "contacts.manager", "en", "manages contacts"),
    ("سارة الفهد", "sara@northwind.example", "contacts.reader", "ar", "reads contacts, in Arabic"),
)
SLUG = "northwind-traders"
LOGINS = "demo-logins.json"


def register(group: click.Group) -> None:
    """Add `demo`."""
    group.add_command(demo)


@click.command()
def demo() -> None:
    """Make the demo business Northwind Traders (once) and print its logins."""
    from diwan.app import create_app
    from diwan.cli._connection import connected
    from diwan.cli.servers import migrate_first
    from diwan.config import Config

    with connected():
        migrate_first()
        config = Config.from_env()
        path = config.home / LOGINS
        app = create_app(config)
        with app.app_context():
            made = _make(path)
        logins = json.loads(path.read_text("utf-8"))
    click.echo("Northwind Traders is ready." if made else "Northwind Traders is here already.")
    click.echo(f"Address:  {config.base_url}/t/{SLUG}   (start it with: make run)")
    for name, email, _role, _language, text in PEOPLE:
        click.echo(f"  {email:<28} {logins[email]:<18} {name}: {text}")


def _make(path: Path) -> bool:
    """Make the business unless it exists; return whether it was made now."""
    from sqlalchemy import select

    from diwan.db import current, scope, unit_of_work
    from diwan.kernel import guard, lifecycle
    from diwan.kernel.catalogue import installed
    from diwan.tenants import service as tenants
    from diwan.tenants.models import Tenant
    from diwan.users import service as users

    with scope(), unit_of_work() as session:
        if session.scalars(select(Tenant).where(Tenant.slug == SLUG)).first() is not None:
            if not path.exists():
                raise click.ClickException(f"The demo business exists, but {path} with its passwords does not.")
            return False
        passwords = {email: "-".join(secrets.token_hex(3) for _ in range(2)) for _n, email, *_ in PEOPLE}
        accounts = [
            users.create_user(email, name, passwords[email], language) for name, email, _role, language, _text in PEOPLE
        ]
        tenants.create_tenant("Northwind Traders", "US", "en", accounts[0])
        lifecycle.enable([entry.name for entry in installed().ready])
        for account, (_n, _e, role, _l, _t) in list(zip(accounts, PEOPLE, strict=True))[1:]:
            _join(account.id, role)
        for contribution in current.lineup.demos:
            guard.call(contribution)
        _write(path, passwords)
        return True


def _join(user_id: object, role: str) -> None:
    """Make a person a member with one role."""
    from diwan.access import service as access
    from diwan.db import current
    from diwan.tenants.models import Membership

    membership = Membership(user_id=user_id)
    current.session.add(membership)
    current.session.flush()
    access.give_roles(membership.id, [found.id for found in access.roles_named([role])])


def _write(path: Path, passwords: dict[str, str]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(passwords, file, indent=2)
