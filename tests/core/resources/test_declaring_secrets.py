# ruff: noqa: E501  (a case a line)
"""A secret that its declaration would give away fails at load, with plugin, model and field named."""

from __future__ import annotations

from typing import Any

import pytest

HEAD = "from uuid import UUID\n"
CASES: dict[str, tuple[str, str]] = {
    "unique": ("a: Mapped[str | None] = field('A', secret=True, unique=True)", "sample: Thing.a: secret= and unique= exclude each other"),
    "index": ("a: Mapped[str | None] = field('A', secret=True, index=True)", "secret= and index="),
    "search": ("a: Mapped[str | None] = field('A', secret=True, search=True)", "secret= and search="),
    "default": ("a: Mapped[str | None] = field('A', secret=True, default='x')", "secret= and default="),
    "computed": ("a: Mapped[str | None] = field('A', secret=True, computed=lambda r: 'x')", "secret= and computed="),
    "sequence": ("a: Mapped[str | None] = field('A', secret=True, sequence='{n}')", "secret= and sequence="),
    "choices": ("a: Mapped[str | None] = field('A', secret=True, choices={'a': 'A'})", "secret= and choices="),
    "readonly": ("a: Mapped[str | None] = field('A', secret=True, readonly=True)", "secret= and readonly="),
    "required": ("a: Mapped[str] = field('A', secret=True)", "a secret is Mapped[str | None]"),
    "number": ("a: Mapped[int | None] = field('A', secret=True)", "a secret is a text"),
    "list": ("a: Mapped[list[str] | None] = field('A', secret=True)", "a secret is a text"),
    "kind": ("a: Mapped[str | None] = field('A', secret=True, widget='email')", "a secret is a text"),
    "label": ("a: Mapped[str | None] = field('', secret=True)", "Thing.a: needs a label"),
}  # fmt: skip
OPTIONS = {
    "columns": "columns=['a']", "filters": "filters=['a']", "sort": "sort='a'", "group": "group='a'", "title": "title='a'",
    "calendar": "calendar=['a']", "parent": "parent='a'",
}  # fmt: skip


def load(shelf: Any, body: str, options: str = "") -> str:
    shelf.write(
        "sample",
        f"{HEAD}@plugin.resource(label='Thing', labels='Things'{', ' + options if options else ''})\n"
        f"class Thing(Model):\n    name: Mapped[str] = field('Name')\n    {body}\n",
    )
    return "\n".join(shelf.load()["sample"].problems)


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_told_with_its_place(shelf: Any, case: str) -> None:
    line, told = CASES[case]
    assert told in load(shelf, line)


@pytest.mark.parametrize("option", OPTIONS)
def test_no_option_shows_a_secret(shelf: Any, option: str) -> None:
    told = load(shelf, "a: Mapped[str | None] = field('A', secret=True)", OPTIONS[option])
    assert f"{option}" in told
    assert "'a'" in told


def test_the_form_may_name_it(shelf: Any) -> None:
    told = load(
        shelf, "a: Mapped[str | None] = field('A', secret=True, max=20, help='H')", "form=[Section('X', ['name', 'a'])]"
    )
    assert [line for line in told.splitlines() if "diwan db revision" not in line] == []


SETTINGS = "a: Mapped[str | None] = field('A')\n\n@plugin.settings\nclass Settings:\n    key: str | None = field('K', secret=True)"


def test_child_rows_have_none(shelf: Any) -> None:
    row = "a: Mapped[str | None] = field('A')\n\n@plugin.resource(label='Row', labels='Rows', title='b', part_of='thing')\nclass Row(Model):\n    thing: Mapped[UUID] = field('T', ref=Thing)\n    b: Mapped[str | None] = field('B')\n    c: Mapped[str | None] = field('C', secret=True)"
    assert "Row.c: secret= has no place in child rows" in load(shelf, row)


def test_actions_ask_for_none(shelf: Any) -> None:
    action = "a: Mapped[str | None] = field('A')\n\nclass Ask:\n    key: str | None = field('K', secret=True)\n\n@plugin.action(Thing, 'go', label='Go', form=Ask)\ndef go(thing, key):\n    pass"
    assert "key: secret= is for models and settings" in load(shelf, action)


@pytest.mark.parametrize(
    ("hint", "told"),
    [("int | None", "Settings.key: a secret is a text"), ("str", "Settings.key: a secret is Mapped[str | None]")],
)
def test_settings_must_be_texts(shelf: Any, hint: str, told: str) -> None:
    assert told in load(shelf, SETTINGS.replace("str | None = field('K'", f"{hint} = field('K'"))


def test_settings_may_have_them(shelf: Any) -> None:
    assert "key" not in load(shelf, SETTINGS)
