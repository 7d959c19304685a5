"""How long a file and a function may be. The allow-list holds today's exceptions; it may only shrink."""

import ast
from pathlib import Path

SOFT, HARD, FUNCTION = 400, 600, 60
SUFFIXES = {".py", ".js", ".mjs", ".css", ".html"}

# path: lines it has now. A file that grows, or that fits again, must be mended or taken off.
LONG_FILES: dict[str, int] = {}
# "path:function": lines it has now.
LONG_FUNCTIONS: dict[str, int] = {}


def test_files_stay_short(text_files: dict[Path, str]) -> None:
    lengths = {path.as_posix(): len(text.splitlines()) for path, text in text_files.items() if counts(path)}
    too_long = {name: lines for name, lines in lengths.items() if lines > min(HARD, LONG_FILES.get(name, SOFT))}
    assert not too_long, f"split by what the parts do (at most {SOFT} lines)"
    fits = [name for name in LONG_FILES if lengths.get(name, 0) <= SOFT]
    assert not fits, "take these off LONG_FILES"


def test_functions_stay_short(text_files: dict[Path, str]) -> None:
    lengths: dict[str, int] = {}
    for path, text in text_files.items():
        if path.suffix == ".py" and counts(path):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lengths[f"{path.as_posix()}:{node.name}"] = (node.end_lineno or 0) - node.lineno + 1
    too_long = {name: lines for name, lines in lengths.items() if lines > LONG_FUNCTIONS.get(name, FUNCTION)}
    assert not too_long, f"split into steps with names (at most {FUNCTION} lines)"
    fits = [name for name in LONG_FUNCTIONS if lengths.get(name, 0) <= FUNCTION]
    assert not fits, "take these off LONG_FUNCTIONS"


def counts(path: Path) -> bool:
    """Revisions are frozen history, not code that anyone maintains."""
    return path.suffix in SUFFIXES and "migrations" not in path.parts
