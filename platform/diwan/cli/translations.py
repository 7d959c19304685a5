"""`diwan translations`: keeps the catalogues of core and plugins up to date, compiles them, says what is missing.

It must not translate by itself, and needs neither a database nor the plugins' code to run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from diwan.kit.catalogues import Domain

FOLDERS = click.argument(
    "folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="[FOLDER]..."
)


def register(group: click.Group) -> None:
    """Add `translations`."""
    group.add_command(translations)


@click.group()
def translations() -> None:
    """Texts in other languages than English: update, compile, report.

    Works on every plugin below the folders (the current one), and on the core in a clone of Diwan.
    """


@translations.command()
@FOLDERS
def update(folders: tuple[Path, ...]) -> None:
    """Write new texts into the .po files, remove those that are gone, keep every translation."""
    from diwan.kit import catalogues

    for domain in _domains(folders):
        sources = catalogues.extract(domain)
        for language in _languages():
            po = domain.po(language)
            merged = catalogues.merge(sources, catalogues.read(po, language))
            changed = catalogues.write(merged, po, domain.name)
            missing = sum(not catalogues.is_translated(message) for message in merged if message.id)
            same = "" if changed else " (nothing new)"
            click.echo(f"{domain.name} {language}: {len(merged)} texts, {missing} to translate{same}")


@translations.command("compile")
@FOLDERS
def compile_(folders: tuple[Path, ...]) -> None:
    """Write the .mo files, which load faster than the .po files beside them."""
    from diwan.kit import catalogues

    for domain in _domains(folders):
        for language in _languages():
            if domain.po(language).exists():
                click.echo(catalogues.compile_po(domain.po(language)))


@translations.command()
@FOLDERS
@click.option("--quiet", is_flag=True, help="Only the numbers, not each text.")
def report(folders: tuple[Path, ...], quiet: bool) -> None:
    """Say what is not translated or wrong; ends with 1 if there is any."""
    from diwan.kit import catalogues

    wrong = 0
    for domain in _domains(folders):
        sources = catalogues.extract(domain)
        for language in _languages():
            faults = catalogues.faults(sources, catalogues.read(domain.po(language), language))
            wrong += len(faults)
            click.echo(f"{domain.name} {language}: {len(sources)} texts, {len(faults)} faults")
            for fault in faults if not quiet else ():
                click.echo(f"  {fault}")
    if wrong:
        raise SystemExit(1)


def _domains(folders: tuple[Path, ...]) -> list[Domain]:
    from diwan.kit import catalogues

    found = catalogues.find(folders or (Path(),))
    if not found:
        raise click.ClickException("This folder holds neither a plugin (a package with plugin.toml) nor the core.")
    return found


def _languages() -> list[str]:
    from diwan.kit.i18n import LANGUAGES

    return [code for code in LANGUAGES if code != "en"]
