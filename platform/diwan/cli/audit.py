"""`diwan audit verify`: proves that nobody has rewritten the audit logs, also who owns the database.

It must only read. It works as the application does, one business after another, as no role sees all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from diwan.audit.chain import Anchor, Verdict
    from diwan.db.context import Tenant


def register(group: click.Group) -> None:
    """Add `audit`."""
    group.add_command(audit)


@click.group()
def audit() -> None:
    """The audit logs of the businesses."""


@audit.command()
@click.option("--tenant", "slug", help="Only the business of this address (the part after /t/).")
@click.option("--anchor", type=click.Path(path_type=Path, dir_okay=False), help="Add the ends of the chains to FILE.")
@click.option(
    "--against", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Compare with the ends in FILE."
)
def verify(slug: str | None, anchor: Path | None, against: Path | None) -> None:
    """Work out every chain anew and compare. Exit code 1: an entry was changed, removed, moved or added."""
    from diwan.app import create_app
    from diwan.cli._connection import connected
    from diwan.config import Config

    anchors = _read(against) if against else []
    with connected(prepare=False):
        app = create_app(Config.from_env())
        with app.app_context():
            broken = 0
            ends: list[Anchor] = []
            for tenant, verdict in _verdicts(slug, anchors):
                broken += not verdict.intact
                _tell(tenant, verdict)
                if verdict.intact:
                    ends.append(_anchor(tenant, verdict))
    if anchor and not broken:
        with anchor.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(end), ensure_ascii=False) + "\n" for end in ends)
        click.echo(f"Added {len(ends)} anchors to {anchor}. Keep it where the database's owner cannot write.")
    if broken:
        raise SystemExit(1)


def _verdicts(slug: str | None, anchors: list[Anchor]) -> Iterator[tuple[Tenant, Verdict]]:
    from sqlalchemy import select

    from diwan.audit import chain
    from diwan.db import scope, unit_of_work
    from diwan.db.context import SYSTEM
    from diwan.tenants.models import Tenant as Stored

    with scope(), unit_of_work() as session:
        stored = session.scalars(select(Stored).order_by(Stored.id))
        tenants = [tenant.snapshot() for tenant in stored if slug in (None, tenant.slug)]
    if slug and not tenants:
        raise click.ClickException(f"There is no business {slug!r}.")
    lost = {anchor.tenant: anchor.slug for anchor in anchors if anchor.tenant not in {tenant.id for tenant in tenants}}
    for id, name in sorted(lost.items() if slug is None else ()):
        click.secho(f"{name} (number {id}): there was such a business, and it is gone", fg="yellow", err=True)
    for tenant in tenants:
        with scope(tenant=tenant, user=SYSTEM), unit_of_work():
            yield tenant, chain.verify(anchors)


def _tell(tenant: Tenant, verdict: Verdict) -> None:
    if verdict.fault is not None:
        click.secho(f"{tenant.slug}: BROKEN after {verdict.entries} entries: {verdict.fault}", fg="red")
        return
    removed = f", {verdict.removed} older ones removed" if verdict.removed else ""
    click.echo(f"{tenant.slug}: intact, {verdict.entries} entries{removed}, head {verdict.seq} {verdict.hash}")


def _anchor(tenant: Tenant, verdict: Verdict) -> Anchor:
    from diwan.audit.chain import Anchor

    at = verdict.checked_at.isoformat(timespec="seconds")
    return Anchor(tenant.id, tenant.slug, verdict.seq, verdict.hash, at)


def _read(path: Path) -> list[Anchor]:
    from diwan.audit.chain import Anchor

    try:
        return [Anchor.read(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except ValueError as error:
        raise click.ClickException(f"{path}: {error}") from error
