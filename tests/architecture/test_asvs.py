"""The table of ASVS: every requirement has its row, and every file and test that it names is there.

It must not judge whether a test is enough; people do.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

PAGE = "docs/operations/asvs.md"
ROW = re.compile(r"^\| (\d+)\.(\d+)\.(\d+) \| ([12]) \| (.*?) \| (.*) \|$", re.MULTILINE)
NAMED = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.?\w*)(?:::(\w+))?`")
REASONS = ("does not apply: ", "not met: ", "yours: ")
# How many requirements of levels 1 and 2 each chapter of ASVS 5.0 has.
CHAPTERS = {1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13,
            16: 16, 17: 7}  # fmt: skip


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / PAGE).read_text("utf-8")


@cache
def functions_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def problem(root: Path, answer: str) -> str:
    """What is wrong with the last cell of a row, or nothing."""
    names = [(name, test) for name, test in NAMED.findall(answer) if "/" in name or (root / name).exists()]
    reason = next((text for text in REASONS if answer.startswith(text)), "")
    if reason and len(answer) < len(reason) + 4:
        return "no reason"
    if not reason and not names:
        return "neither a file nor a reason"
    for name, test in names:
        path = root / name
        if name.startswith("/") or not path.exists():
            return f"{name} is not there"
        if test and test not in functions_of(path):
            return f"{name} has no {test}"
        if name.startswith("tests/") and path.suffix != ".py":
            return f"{name} is no test"
    return ""


def test_every_requirement_has_one_row_in_order(page: str) -> None:
    numbers = [tuple(map(int, row[:3])) for row in ROW.findall(page)]
    assert numbers == sorted(set(numbers))
    assert {chapter: sum(n[0] == chapter for n in numbers) for chapter in CHAPTERS} == CHAPTERS
    assert len(numbers) == page.count("\n| ") - 2 * page.count("| no. |")


def test_what_rows_name_is_there(root: Path, page: str) -> None:
    wrong = {".".join(row[:3]): found for row in ROW.findall(page) if (found := problem(root, row[5]))}
    assert not wrong


def test_what_is_not_met_stands_at_the_top(page: str) -> None:
    told = re.findall(r"^- \*\*([\d.]+)\*\* ", page, re.MULTILINE)
    assert told == [".".join(row[:3]) for row in ROW.findall(page) if row[5].startswith("not met: ")]


@pytest.mark.parametrize(
    "answer",
    ["", "of course", "not met: ", "`tests/security/test_gone.py`", "`tests/security/test_csrf.py::test_gone`",
     "does not apply: see `tests/gone.py`"],
)  # fmt: skip
def test_a_row_without_evidence_is_found(root: Path, answer: str) -> None:
    assert problem(root, answer)


def test_tests_of_the_threat_model_are_there(root: Path) -> None:
    text = (root / "docs/operations/threat-model.md").read_text("utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)`", text)
    assert len(named) > 25
    assert [name for name in named if not (root / name).exists()] == []
