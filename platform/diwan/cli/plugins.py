"""`diwan plugin ...`: which plugins are installed here, their states, and all that is wrong with them.

It must work without a database.
"""

from __future__ import annotations

import json

import click


def register(group: click.Group) -> None:
    """Add `plugin`."""
    group.add_command(plugin)


@click.group()
def plugin() -> None:
    """Installed plugins: list and check."""


@plugin.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_plugins(as_json: bool) -> None:
    """List the installed plugins, each with its state."""
    from diwan.kernel import loader

    plugins = loader.load()
    if as_json:
        rows = [
            {"name": e.name, "state": e.state, "version": e.version, "label": str(e.label), "problems": e.problems}
            for e in plugins.values()
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for entry in plugins.values():
        click.echo(f"{entry.name:<16} {entry.version:<10} {entry.state:<10} {entry.label}")
        for problem in entry.problems:
            click.echo(f"    {problem}")


@plugin.command()
def check() -> None:
    """Load every plugin strictly; show all problems and exit with 1 if there is one."""
    from diwan.kernel import loader

    plugins = loader.load()
    for entry in plugins.values():
        colour = "green" if entry.state == "ready" else "red"
        click.secho(f"{entry.name}: {entry.state} ({entry.seconds * 1000:.0f} ms)", fg=colour)
        for problem in entry.problems:
            click.echo(f"    {problem}")
    if plugins.stopped:
        raise SystemExit(1)
