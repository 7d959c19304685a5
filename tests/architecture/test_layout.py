"""The shape of the repository: names, shelves, module docstrings, and lists that must agree with each other."""

import ast
import configparser
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

OURS = ("platform/diwan/", "plugins/", "examples/", "tools/", "bench/")


def test_platform_is_a_shelf_and_not_a_package(root: Path) -> None:
    """`platform/__init__.py` would hide the standard library's module and break uuid, Flask and pytest."""
    assert not (root / "platform" / "__init__.py").exists()
    assert not (root / "platform" / "platform.py").exists()


def test_standard_library_platform_wins_from_the_root(root: Path) -> None:
    code = "import platform, diwan; print(platform.__file__); print(platform.system()); print(diwan.__file__)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    module, system, diwan = done.stdout.splitlines()
    assert Path(module).resolve() == Path(os.__file__).resolve().parent / "platform.py"
    assert system
    assert Path(diwan).resolve().is_relative_to(root / "platform" / "diwan")


def test_no_module_is_a_drawer_for_everything(repository_files: list[Path]) -> None:
    bad = [
        path
        for path in repository_files
        if path.suffix == ".py" and path.stem in {"utils", "util", "helpers", "helper", "common", "misc"}
    ]
    assert not bad, "name the module after what it does"


def test_modules_say_what_they_are_for_and_what_they_must_not_do(text_files: dict[Path, str]) -> None:
    silent = []
    for path, text in text_files.items():
        name = path.as_posix()
        if path.suffix != ".py" or not name.startswith(OURS) or "/tests/" in name or "migrations" in path.parts:
            continue
        if path.name == "__init__.py" and not text.strip():
            continue
        docstring = ast.get_docstring(ast.parse(text)) or ""
        if len([part for part in re.split(r"\n|(?<=[.:;]) ", docstring) if part.strip()]) < 2:
            silent.append(name)
    assert not silent, "open with a docstring that says what it is for, and what it must not do"


def test_plugins_have_the_same_shape_as_a_third_partys(root: Path) -> None:
    for folder in distributions(root):
        project = tomllib.loads((folder / "pyproject.toml").read_text())
        name, package = folder.name, folder / f"diwan_{folder.name}"
        assert project["project"]["name"] == f"diwan-{name}"
        assert project["project"]["entry-points"]["diwan.plugins"] == {name: f"diwan_{name}"}
        assert (package / "__init__.py").is_file()
        assert (package / "plugin.toml").is_file()
        assert (folder / "README.md").is_file()
        assert any((folder / "tests").glob("test_*.py")), f"{name} has no tests"


def test_import_contracts_know_every_plugin(root: Path) -> None:
    contracts = configparser.ConfigParser()
    contracts.read(root / ".importlinter")
    packages = {f"diwan_{folder.name}" for folder in distributions(root)}
    for section, option in (
        ("importlinter", "root_packages"),
        ("importlinter:contract:core-and-plugins", "protected_modules"),
        ("importlinter:contract:plugins", "containers"),
        ("importlinter:contract:flask", "source_modules"),
    ):
        assert packages <= set(contracts[section][option].split()), f".importlinter [{section}] {option}"
    allowed = contracts["importlinter:contract:public-api"]["ignore_imports"]
    assert all(f"{package} -> diwan.plugin\n" in allowed for package in packages)


def test_build_requirements_agree(root: Path) -> None:
    """requirements-build.lock comes from the group `build`; an isolated build reads `build-system`."""
    group = tomllib.loads((root / "pyproject.toml").read_text())["dependency-groups"]["build"]
    locked = {requirement_name(line) for line in group}
    for folder in (root / "platform", *distributions(root)):
        project = tomllib.loads((folder / "pyproject.toml").read_text())
        assert {requirement_name(line) for line in project["build-system"]["requires"]} <= locked, folder


def distributions(root: Path) -> list[Path]:
    return sorted(
        found.parent for place in ("plugins", "examples") for found in (root / place).glob("*/pyproject.toml")
    )


def requirement_name(line: str) -> str:
    return Requirement(line).name
