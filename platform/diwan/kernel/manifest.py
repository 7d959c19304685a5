"""`plugin.toml`: what an administrator must know of a plugin before any of its code runs.

It must never import a plugin; every fault of a manifest is reported at once, in words its author can act on.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

API = "1.0"
"""The version of the plugin API (semantic versioning, independent of the product's version)."""

FILE = "plugin.toml"
NAME = re.compile(r"[a-z][a-z0-9]{1,23}")
PERMISSION = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*)*(\.\*)?|\*")
# A plugin's name becomes a PostgreSQL schema, a part of URLs and of permissions: these are taken.
RESERVED = frozenset(
    {"core", "public", "diwan", "plugin", "plugins", "services", "testing", "api", "static", "settings", "jobs"}
)

TEXTS = ("name", "label", "summary", "api", "category", "icon", "support", "docs")
LISTS = ("screenshots", "languages")
TABLES = ("requires", "optional", "conflicts")
SECTIONS = {"permissions": ("uses", "egress"), "billing": ("plan", "price", "unit", "meter"), "quality": ("exempt",)}
REQUIRED = ("name", "label", "summary", "api")


class ManifestError(Exception):
    """The manifest cannot be used; `problems` lists every reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Manifest:
    """A valid `plugin.toml`. `requires`, `optional` and `conflicts` map a plugin's name to a range of its versions."""

    name: str
    label: str
    summary: str
    api: SpecifierSet
    category: str = "Other"
    icon: str = "puzzle"
    support: str = ""
    docs: str = ""
    screenshots: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    requires: Mapping[str, SpecifierSet] = field(default_factory=dict)
    optional: Mapping[str, SpecifierSet] = field(default_factory=dict)
    conflicts: Mapping[str, SpecifierSet] = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    egress: tuple[str, ...] = ()
    billing: Mapping[str, Any] = field(default_factory=dict)
    exempt: Mapping[str, str] = field(default_factory=dict)


def read(path: Path) -> Manifest:
    """Read and check a manifest. Raises ManifestError with all that is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ManifestError([f"{FILE} is missing: it belongs beside the package's __init__.py"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError([f"{FILE} is not valid TOML: {error}"]) from None
    return parse(data)


def parse(data: Mapping[str, Any]) -> Manifest:
    """Check the content of a manifest and return it typed."""
    problems: list[str] = []
    _check_names(data, (*TEXTS, *LISTS, *TABLES, *SECTIONS), FILE, problems)
    values: dict[str, Any] = {}
    for key in TEXTS:
        if key in data:
            _text(data, key, values, problems)
        elif key in REQUIRED:
            problems.append(f"`{key}` is missing")
    for key in LISTS:
        if key in data:
            values[key] = _strings(data[key], key, problems)
    for key in TABLES:
        values[key] = _ranges(data.get(key, {}), key, problems)
    _sections(data, values, problems)
    _meaning(values, problems)
    if problems:
        raise ManifestError(problems)
    return Manifest(**values)


def _check_names(data: Mapping[str, Any], known: tuple[str, ...], where: str, problems: list[str]) -> None:
    for key in data:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            problems.append(f"`{key}` is unknown in {where}" + (f" (did you mean `{near[0]}`?)" if near else ""))


def _text(data: Mapping[str, Any], key: str, values: dict[str, Any], problems: list[str]) -> None:
    value = data[key]
    if not isinstance(value, str) or not value.strip():
        problems.append(f"`{key}` must be a text, not {value!r}")
    else:
        values[key] = value.strip()


def _strings(value: object, key: str, problems: list[str]) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
        return tuple(value)
    problems.append(f"`{key}` must be a list of texts")
    return ()


def _ranges(value: object, key: str, problems: list[str]) -> dict[str, SpecifierSet]:
    if not isinstance(value, dict):
        problems.append(f'[{key}] must be a table of plugin = "version range"')
        return {}
    ranges = {}
    for name, text in value.items():
        if not NAME.fullmatch(name):
            problems.append(f"[{key}] names `{name}`, which is not a plugin's name")
        elif (found := _range(text, f"[{key}] {name}", problems)) is not None:
            ranges[name] = found
    return ranges


def _range(text: object, where: str, problems: list[str]) -> SpecifierSet | None:
    try:
        return SpecifierSet(str(text))
    except InvalidSpecifier:
        problems.append(f'{where}: {text!r} is not a version range such as ">=1.2,<2"')
        return None


def _sections(data: Mapping[str, Any], values: dict[str, Any], problems: list[str]) -> None:
    sections: dict[str, dict[str, Any]] = {}
    for name, known in SECTIONS.items():
        section = data.get(name, {})
        if not isinstance(section, dict):
            problems.append(f"[{name}] must be a table")
            section = {}
        _check_names(section, known, f"[{name}]", problems)
        sections[name] = section
    for key in SECTIONS["permissions"]:
        values[key] = _strings(sections["permissions"].get(key, []), key, problems)
    values["billing"] = sections["billing"]
    exempt = sections["quality"].get("exempt", {})
    if not isinstance(exempt, dict) or not all(isinstance(reason, str) and reason for reason in exempt.values()):
        problems.append("[quality] exempt must give a reason for each rule")
        exempt = {}
    values["exempt"] = exempt


def _meaning(values: dict[str, Any], problems: list[str]) -> None:
    name = values.get("name")
    if name is not None and not NAME.fullmatch(name):
        problems.append(f"`name` must be 2 to 24 lower-case letters and digits, not {name!r}")
    elif name in RESERVED:
        problems.append(f"`name` {name!r} is reserved for the platform")
    if "api" in values:
        text = values.pop("api")
        if (supported := _range(text, "`api`", problems)) is not None:
            values["api"] = supported
            if Version(API) not in supported:
                problems.append(f"it needs plugin API {text}, this platform offers {API}")
    for first, second in (("requires", "optional"), ("requires", "conflicts"), ("optional", "conflicts")):
        for both in sorted(set(values[first]) & set(values[second])):
            problems.append(f"`{both}` is in [{first}] and in [{second}]")
    if any(name in values[table] for table in TABLES):
        problems.append("it names itself in [requires], [optional] or [conflicts]")
    problems.extend(
        f"[permissions] uses: {item!r} is not a permission" for item in values["uses"] if not PERMISSION.fullmatch(item)
    )
