"""What the docs say of the code: links lead somewhere, and tables hold what the code holds.

It must not judge language; it compares.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from diwan.kernel import checks, health, hookspecs, loader, manifest
from diwan.kernel.loader import PARTS
from diwan.kernel.plugin import SIZES, Plugin
from diwan.resources.kinds import KINDS

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| `([a-zA-Z0-9_]+)` \|(.*)\|$", re.MULTILINE)
ENVIRON = re.compile(
    r"""(?:environ|env|_number\(env,\s*)\W*(?:get|setdefault|pop)?\W*["']((?:DIWAN|DATABASE|REDIS|UPGRADE)\w*)["']"""
)
NAMED = re.compile(r"""^[A-Z]+ = ["'](DIWAN_\w+)["']$""", re.MULTILINE)


@pytest.fixture(scope="module")
def pages(text_files: dict[Path, str]) -> dict[Path, str]:
    return {path: text for path, text in text_files.items() if path.suffix == ".md"}


def rows(root: Path, page: str) -> dict[str, list[str]]:
    """The rows of a page's tables whose first cell is a name in backticks: the other cells by name."""
    text = (root / "docs" / page).read_text("utf-8")
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in ROW.findall(text)}


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_to_what_is_there(root: Path, pages: dict[Path, str]) -> None:
    broken = []
    for path, text in pages.items():
        for target in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            place, _mark, anchor = target.partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            found = (root / path.parent / place).resolve() if place else (root / path).resolve()
            if not found.exists() or (anchor and anchor not in anchors(found.read_text("utf-8"))):
                broken.append(f"{path}: {target}")
    assert not broken


def test_every_page_is_reached_from_the_readme(root: Path, pages: dict[Path, str]) -> None:
    seen, waiting = set[Path](), [Path("README.md")]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        for target in LINK.findall(pages[path]):
            place = target.partition("#")[0]
            if place.endswith(".md") and "://" not in place:
                found = (root / path.parent / place).resolve().relative_to(root)
                if found in pages and found not in seen:
                    waiting.append(found)
    assert {path for path in pages if path.parts[0] == "docs"} <= seen


def test_every_setting_is_on_the_page_and_none_is_invented(root: Path, text_files: dict[Path, str]) -> None:
    used = {"PYTHON", "JOBS"}
    for path, text in text_files.items():
        if path.suffix == ".py" and path.parts[0] in ("platform", "tools", "bench") and "frontend" not in path.parts:
            used.update(ENVIRON.findall(text), NAMED.findall(text))
    assert "DIWAN_STATEMENT_TIMEOUT" in used
    assert rows(root, "operations/settings.md").keys() == used


def test_defaults_of_numbers_are_those_of_the_code(root: Path, text_files: dict[Path, str]) -> None:
    page = rows(root, "operations/settings.md")
    source = text_files[Path("platform/diwan/config.py")]
    from diwan.config import Config

    found = re.findall(r'_number\(env, "(\w+)", cls\.(\w+)\)', source)
    assert found
    for name, attribute in found:
        assert page[name][0] == f"`{getattr(Config, attribute)}`", name


def test_the_table_of_kinds_is_the_code(root: Path) -> None:
    page = rows(root, "plugins/fields.md")
    told = {name: cells[:3] for name, cells in page.items() if name in KINDS}
    real = {
        kind.name: [", ".join(kind.operators), str(kind.longest or ""), "yes" if kind.sortable else "no"]
        for kind in KINDS.values()
    }
    assert told == real


def test_the_options_of_a_field_are_on_the_page(root: Path) -> None:
    from diwan.plugin import field

    code = ast.parse(Path(field.__code__.co_filename).read_text("utf-8"))
    function = next(n for n in ast.walk(code) if isinstance(n, ast.FunctionDef) and n.name == "field")
    text = (root / "docs/plugins/fields.md").read_text("utf-8")
    assert [arg.arg for arg in function.args.kwonlyargs if f"`{arg.arg}`" not in text] == []


def test_the_table_of_hooks_is_the_code(root: Path, text_files: dict[Path, str]) -> None:
    page = rows(root, "plugins/hooks.md")
    assert page.keys() == hookspecs.SPECS.keys()
    source = "\n".join(text for path, text in text_files.items() if path.parts[:2] == ("platform", "diwan"))
    for name, spec in hookspecs.SPECS.items():
        arguments, policy, budget, today = page[name]
        code = getattr(hookspecs.Hooks, name).__code__
        assert arguments == ", ".join(code.co_varnames[1 : code.co_argcount]), name
        assert (policy, budget) == (spec.on_error, str(spec.budget_ms or "")), name
        asked = f'ask("{name}"' in source or f'hooks("{name}")' in source or f', "{name}", name' in source
        assert today, f"{name}: the last column says when it is asked"
        assert asked or f'contribution.name != "{name}"' in source, f"{name} is never asked"


def test_manifest_states_and_decorators_are_all_told(root: Path) -> None:
    text = (root / "docs/plugins/manifest.md").read_text("utf-8")
    sections = [name for names in manifest.SECTIONS.values() for name in names]
    for name in (*manifest.TEXTS, *manifest.LISTS, *sections, *manifest.RESERVED):
        assert f"`{name}`" in text, name
    for name in (*manifest.TABLES, *manifest.SECTIONS):
        assert f"`[{name}]`" in text, name
    assert rows(root, "plugins/states.md").keys() == health.STATES.keys()
    told = (root / "docs/plugins/decorators.md").read_text("utf-8")
    for name in [n for n in vars(Plugin) if not n.startswith("_") and n != "all"]:
        assert f"plugin.{name}" in told, name
    for name in (*PARTS, *SIZES):
        assert f"`{name}`" in told, name


def test_messages_on_the_page_are_those_of_the_code(root: Path) -> None:
    """Compared piece by piece, without what stands for names."""
    sources = [Path(module.__file__ or "").read_text("utf-8") for module in (checks, loader, manifest)]
    sources += [(Path(loader.__file__).with_name(name)).read_text("utf-8") for name in ("plugin.py", "deploy.py")]
    code = "\n".join(sources)
    for piece in (
        "is unknown in", "did you mean", "it needs plugin API", ", this platform offers", "its manifest says",
        ", installed is", "it requires itself in a circle:", "is outside its schema", "its models do not fit together:",
        "only plugins in [requires] may be referred to; otherwise use field(ref=", "backref= is not allowed, use",
        "there is no hook", "contributions are called", "cannot be offered:", ", which no permission matches",
        "the database lacks its newest tables",
    ):  # fmt: skip
        assert piece in code, piece
        assert piece in (root / "docs/plugins/states.md").read_text("utf-8"), piece


def test_the_version_of_the_api_is_the_promised_one(root: Path) -> None:
    assert f"version {manifest.API} " in (root / "docs/plugins/promise.md").read_text("utf-8")


def test_make_targets_are_all_in_the_readme(root: Path) -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (root / "Makefile").read_text(), re.MULTILINE)
    readme = (root / "README.md").read_text("utf-8")
    assert [name for name in targets if f"`make {name}`" not in readme] == []


def test_every_decision_is_in_the_list(root: Path) -> None:
    adr = root / "docs" / "adr"
    listed = set(LINK.findall((adr / "README.md").read_text("utf-8")))
    assert {path.name for path in adr.glob("[0-9]*.md")} == listed
    numbers = [path.name[:4] for path in adr.glob("[0-9]*.md")]
    assert len(numbers) == len(set(numbers))
    for path in adr.glob("[0-9]*.md"):
        assert path.read_text("utf-8").startswith(f"# {path.name[:4]}: " if path.name[:4] != "0000" else "# NNNN"), path


def test_examples_of_manifests_are_valid(root: Path) -> None:
    text = (root / "docs/plugins/manifest.md").read_text("utf-8")
    [example] = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert manifest.parse(tomllib.loads(example)).name == "loans"
