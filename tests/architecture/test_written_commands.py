"""Commands that a person reads in the docs, and those in the container files, exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from diwan.cli import main


@pytest.fixture(scope="module")
def commands() -> set[str]:
    return set(main.list_commands(click.Context(main)))


@pytest.fixture(scope="module")
def targets(root: Path) -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))


def test_documented_commands_exist(text_files: dict[Path, str], commands: set[str], targets: set[str]) -> None:
    missing = []
    for path, text in text_files.items():
        if path.suffix == ".md" and path.name != "CHANGELOG.md":
            for code in code_of(text):
                missing += [
                    f"{path}: make {name}"
                    for name in re.findall(r"(?:^|&& )make ([a-z][a-z-]*)", code)
                    if name not in targets
                ]
                missing += [
                    f"{path}: diwan {name}"
                    for name in re.findall(r"(?:^|&& )(?:\S*/bin/)?diwan ([a-z][a-z-]*)", code)
                    if name not in commands
                ]
    assert not missing


def code_of(markdown: str) -> Iterator[str]:
    """The lines of fenced blocks, and inline code."""
    fenced = False
    for line in markdown.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced:
            yield line.strip().removeprefix("$ ")
        else:
            yield from re.findall(r"`([^`]+)`", line)


def test_every_make_target_is_in_the_help(root: Path, targets: set[str]) -> None:
    makefile = (root / "Makefile").read_text()
    helped = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert targets - helped == {"environment", "environment-run"}


def test_makefile_runs_commands_that_exist(root: Path, commands: set[str]) -> None:
    used = set(re.findall(r"\$\(BIN\)/diwan ([a-z-]+)", (root / "Makefile").read_text()))
    assert used
    assert used <= commands


def test_container_commands_exist(root: Path, commands: set[str]) -> None:
    services = yaml.safe_load((root / "compose.yaml").read_text())["services"]
    assert {"web", "worker", "scheduler", "migrate", "postgres", "valkey"} <= services.keys()
    ours = {name: service["command"] for name, service in services.items() if service["image"] == "diwan:local"}
    for name, command in ours.items():
        assert command[0] == "diwan", name
        assert command[1] in commands, name
    image = re.findall(r'^CMD \["diwan", "([a-z-]+)"\]', (root / "Dockerfile").read_text(), re.MULTILINE)
    assert len(image) == 1
    assert image[0] in commands


def test_compose_secrets_have_no_default_and_are_in_the_example(root: Path) -> None:
    text = (root / "compose.yaml").read_text()
    secrets = set(re.findall(r"\$\{(\w*(?:PASSWORD|KEY))", text))
    assert len(secrets) >= 5
    assert not re.search(r"\$\{\w*(?:PASSWORD|KEY)(?!\w|:\?)", text), "a secret must be required: ${NAME:?...}"
    offered = set(re.findall(r"^(\w+)=", (root / "compose.env.example").read_text(), re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+)", text)) <= offered
