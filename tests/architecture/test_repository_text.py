"""What must not stand in the repository's text: registries, places on one machine, physical directions in CSS."""

import json
import re
from pathlib import Path

# In pieces, so that this file does not find itself.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("proxy", "golang", "org"),
        ("mirrors", "aliyun", "com"),
    )
]
MACHINE_PATHS = re.compile(
    "|".join([r"(?<![\w.])/wo" + r"rk/\w", r"(?<![\w.])/ro" + r"ot/", r"/ho" + r"me/\w+/", r"/Us" + r"ers/\w+/"])
)
PHYSICAL = re.compile(
    r"(?:^|[{;\s])(?:(?:margin|padding|border|inset|scroll-margin|scroll-padding)-(?:left|right)\b"
    r"|border-(?:top|bottom)-(?:left|right)-radius\b"
    r"|(?:left|right)\s*:"
    r"|(?:text-align|float|clear|caption-side)\s*:\s*(?:left|right)\b)"
)
ESCAPE = "physical:"  # /* physical: why this one is the same in both directions */


def test_no_registry_host_is_written_down(text_files: dict[Path, str]) -> None:
    """Any mirror will do: pip, npm and apt bring their own addresses."""
    found = [f"{path}: {host}" for path, text in text_files.items() for host in REGISTRIES if host in text]
    assert not found


def test_locks_hold_names_versions_and_hashes_only(root: Path, text_files: dict[Path, str]) -> None:
    locks = [path for path in text_files if path.name.startswith("requirements") and path.suffix == ".lock"]
    assert len(locks) == 3
    for path in locks:
        for line in text_files[path].splitlines():
            assert re.fullmatch(r"[a-z0-9-]+==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line), (
                f"{path}: {line}"
            )
    lock = json.loads((root / "platform" / "frontend" / "package-lock.json").read_text())
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert not name or "integrity" in package, name


def test_no_place_on_one_machine_is_written_down(text_files: dict[Path, str]) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in text_files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATHS.search(line)
    ]
    assert not found


def test_styles_know_start_and_end_not_left_and_right(text_files: dict[Path, str]) -> None:
    """Arabic reads from the right: logical properties turn with the page, physical ones do not."""
    found = [
        f"{path}:{number}: {line.strip()}"
        for path, text in text_files.items()
        if path.suffix == ".css"
        for number, line in enumerate(text.splitlines(), 1)
        if PHYSICAL.search(line) and ESCAPE not in line
    ]
    assert not found


def test_the_css_rule_can_fail() -> None:
    for bad in ("margin-left: 1px", "a{right:0}", "text-align: right;", "  float:left", "border-top-left-radius: 2px"):
        assert PHYSICAL.search(bad), bad
    for good in ("margin-inline-start: 1px", "text-align: start", "--right-ish: 1", "inset-inline-end:0"):
        assert not PHYSICAL.search(good), good
