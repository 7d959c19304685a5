"""`diwan tenants ...`: what the operator of the installation does with a whole business: export, close, erase.

It must do nothing that the services do not check, and say what it will erase before it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diwan.cli._connection import connected
from diwan.config import Config

if TYPE_CHECKING:
    from diwan.tenants.models import Tenant


def register(group: click.Group) -> None:
    """Add `tenants`."""
    group.add_command(tenants)


@click.group()
def tenants() -> None:
    """Whole businesses: export everything, close, erase, and the proofs of erasure. SLUG is the part after /t/."""


@tenants.command()
@click.argument("slug")
@click.option("--to", "file", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The ZIP to write.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def export(slug: str, file: Path, force: bool) -> None:
    """Write everything of a business to a ZIP: all tables, its lists as CSV, its files."""
    if file.exists() and not force:
        raise click.ClickException(f"{file} exists. Choose another name, or add --force to replace it.")
    with _application():
        from diwan.leaving import takeouts

        with _inside(_find(slug)):
            written = takeouts.write_to(file, "operator (command line)")
    click.echo(
        f"Wrote {file} ({file.stat().st_size / 1e6:.1f} MB): {written.rows:,} rows of {len(written.tables)} tables,"
        f" {written.files:,} files."
    )
    for missing in written.missing:
        click.secho(f"    {missing['name']} ({missing['id']}): {missing['why']}", fg="yellow", err=True)


@tenants.command("verify-export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--against", metavar="SLUG", help="Count the rows of this business in the database as well.")
def verify_export(file: Path, against: str | None) -> None:
    """Read an export back: every digest, every row. Exit code 1 where something is wrong."""
    from diwan.leaving import verify

    found = verify.verify(file)
    problems = found.problems
    if against and not problems:
        with _application():
            from diwan.db import unit_of_work

            with _inside(_find(against)), unit_of_work():
                problems = verify.compare(found)
    for problem in problems:
        click.secho(problem, fg="red", err=True)
    if problems:
        raise SystemExit(1)
    click.echo(f"{file} is whole: {found.members} files, {found.rows:,} rows of {len(found.tables)} tables.")


@tenants.command()
@click.argument("slug")
def close(slug: str) -> None:
    """Close a business: nobody can work in it, and after DIWAN_CLOSING_DAYS it is erased."""
    with _application():
        from diwan.db import scope, unit_of_work
        from diwan.leaving import closing

        with scope(), unit_of_work():
            due = closing.close_for_operator(slug)
    click.echo(f"{slug} is closed. It is erased on {due:%Y-%m-%d %H:%M} UTC. To keep it: diwan tenants keep {slug}")


@tenants.command()
@click.argument("slug")
def keep(slug: str) -> None:
    """Open a closed business again, while its time is not up."""
    with _application():
        from diwan.db import scope, unit_of_work
        from diwan.leaving import closing

        with scope(), unit_of_work():
            closing.keep_for_operator(slug)
    click.echo(f"{slug} is open again.")


@tenants.command()
@click.argument("slug")
@click.option("--now", is_flag=True, help="Do not wait for the day on which the closed business is due.")
@click.option("--yes", metavar="SLUG", help="Type the address here instead of answering the question.")
def delete(slug: str, now: bool, yes: str | None) -> None:
    """Erase a closed business whose time is up (or, with --now, any business) and prove it."""
    with _application():
        from diwan.db import scope, unit_of_work
        from diwan.leaving import closing, erasing, report

        tenant = _find(slug)
        if not now and tenant.id not in {each.id for each in erasing.due()}:
            raise click.ClickException(f"{slug} is not due. Close it first, or add --now to erase it at once.")
        typed = yes if yes is not None else click.prompt(f"All of {tenant.name} goes for good. Type {slug} to go on")
        if typed != slug:
            raise click.ClickException("Nothing was erased.")
        if now:
            with scope(), unit_of_work():
                closing.close_for_operator(slug, at_once=True)
            tenant = _find(slug)
        try:
            id = erasing.erase(tenant, by="operator (command line)")
        except erasing.NotErased as error:
            raise click.ClickException(f"{slug} is not erased yet. What remains: {error}") from error
        report.tell_owners()
        with scope(), unit_of_work():
            done = report.find(str(id))
            click.echo("\n".join(report.as_text(done)) if done else "")


@tenants.command()
@click.argument("which", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def erasures(which: str | None, as_json: bool) -> None:
    """Show the businesses that were erased, or the proof of one by its id or the address that it had."""
    with _application():
        import orjson

        from diwan.db import scope, unit_of_work
        from diwan.leaving import erasing, report

        with scope(), unit_of_work():
            if which:
                found = report.find(which)
                if found is None:
                    raise click.ClickException(f"There is no erasure {which}.")
                facts = {**erasing.facts(found), "digest": found.digest}
                click.echo(orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode() if as_json
                           else "\n".join(report.as_text(found)))  # fmt: skip
                return
            for each in erasing.erasures():
                if as_json:
                    click.echo(orjson.dumps({**erasing.facts(each), "digest": each.digest}).decode())
                else:
                    end = f"erased {each.erased_at:%Y-%m-%d %H:%M}" if each.erased_at else "NOT DONE"
                    click.echo(f"{each.id}  {end}  {sum(each.counts.values()):>10,} rows  {each.files:>7,} files")


@contextmanager
def _application() -> Iterator[None]:
    with connected(prepare=False):
        from diwan.app import create_app

        with create_app(Config.from_env().require_servers()).app_context():
            yield


def _find(slug: str) -> Tenant:
    from sqlalchemy import select

    from diwan.db import scope, unit_of_work
    from diwan.tenants.models import Tenant

    with scope(), unit_of_work() as session:
        tenant = session.scalars(select(Tenant).where(Tenant.slug == slug)).one_or_none()
        if tenant is None:
            raise click.ClickException(f"There is no business at {slug}.")
        session.expunge(tenant)
        return tenant


@contextmanager
def _inside(tenant: Tenant) -> Iterator[None]:
    from diwan.db import scope
    from diwan.db.context import SYSTEM

    with scope(tenant=tenant.snapshot(), user=SYSTEM, request_id="cli"):
        yield
