# ruff: noqa: E501  (a case a line)
"""A mistake in a declaration fails at load, with plugin, model and field named."""

from __future__ import annotations

from typing import Any

import pytest

HEAD = "from datetime import *\nfrom decimal import Decimal\nfrom uuid import UUID\n"
CASES: dict[str, tuple[str, str]] = {
    "unknown widget": ("a: Mapped[str] = field('A', widget='emial')", "unknown kind 'emial'; known: text"),
    "wrong type": ("a: Mapped[int] = field('A', widget='email')", "sample: Thing.a: a email is a Mapped[str]"),
    "choices no mapping": ("a: Mapped[str] = field('A', choices=['x'])", "Thing.a: choices= is a dictionary"),
    "choice without": ("a: Mapped[str] = field('A', widget='choice')", "Thing.a: a choice needs choices="),
    "several without": ("a: Mapped[list[str]] = field('A', widget='choices')", "Thing.a: a choices needs choices="),
    "empty value": ("a: Mapped[str] = field('A', choices={'': 'x'})", "Thing.a: the values of choices="),
    "reference without ref": ("a: Mapped[UUID] = field('A')", "Thing.a: a reference needs ref="),
    "references without ref": ("a: Mapped[list[UUID]] = field('A')", "Thing.a: a references needs ref="),
    "ref no key": ("a: Mapped[UUID] = field('A', ref='contact')", "Thing.a: ref='contact' is no resource's key"),
    "ref elsewhere": ("a: Mapped[str] = field('A', ref='b.c')", "Thing.a: ref= is for references"),
    "ondelete": ("a: Mapped[UUID] = field('A', ref='x.y', ondelete='vanish')", "Thing.a: ondelete='vanish'"),
    "no such currency": ("a: Mapped[Decimal] = field('A', widget='money', currency='b')", "Thing.a: currency='b' names no"),
    "currency of text": ("a: Mapped[str] = field('A', currency='name')", "Thing.a: currency= is for money"),
    "currency is text": ("a: Mapped[Decimal] = field('A', widget='money', currency='name')", "Thing.a: currency='name'"),
    "currency of no parent": ("a: Mapped[Decimal] = field('A', widget='money', currency='x.y')", "Thing.a: currency='x.y'"),
    "no such unit": ("a: Mapped[Decimal] = field('A', widget='quantity', unit='kg')", "Thing.a: unit='kg' names no field"),
    "unit of text": ("a: Mapped[str] = field('A', unit='name')", "Thing.a: unit= is for quantities"),
    "computed with default": ("a: Mapped[int] = field('A', computed='1', default=1)", "Thing.a: computed= and default="),
    "computed number": ("a: Mapped[int] = field('A', computed=5)", "Thing.a: computed= is SQL or a function"),
    "computed empty": ("a: Mapped[int] = field('A', computed=' ')", "Thing.a: computed= is empty"),
    "computed of computed": (
        "b: Mapped[int | None] = field('B', computed='1')\n    a: Mapped[int | None] = field('A', computed='b + 1')",
        "Thing.a: computed= names 'b'"),
    "computed list": ("a: Mapped[list[str]] = field('A', computed=lambda r: [])", "Thing.a: a tags cannot be computed"),
    "sequence of numbers": ("a: Mapped[int] = field('A', sequence='{n}')", "Thing.a: sequence= is for texts"),
    "sequence without n": ("a: Mapped[str] = field('A', sequence='L-{year}')", "Thing.a: sequence='L-{year}' needs {n}"),
    "sequence with default": ("a: Mapped[str] = field('A', sequence='{n}', default='x')", "Thing.a: sequence= excludes"),
    "bounds": ("a: Mapped[int] = field('A', min=5, max=1)", "Thing.a: min= is above max="),
    "bounds of types": ("a: Mapped[int] = field('A', min=5, max='x')", "Thing.a: min= and max= are of different types"),
    "bounds of text": ("a: Mapped[str] = field('A', min=5)", "Thing.a: min= is for numbers"),
    "show_when of nothing": ("a: Mapped[str | None] = field('A', show_when={'b': 1})", "Thing.a: show_when names 'b'"),
    "hidden but required": ("a: Mapped[str] = field('A', show_when={'name': 'x'})", "Thing.a: show_when hides it"),
    "filter of a text": ("a: Mapped[str] = field('A', filter={'b': 1})", "Thing.a: filter= is for references"),
    "filter beside nothing": (
        "a: Mapped[UUID] = field('A', ref='x.y', filter={'b': '$c'})", "Thing.a: filter names '$c', and 'c' is not"),
    "no label": ("a: Mapped[str] = field('')", "Thing.a: needs a label"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_told_with_its_place(shelf: Any, case: str) -> None:
    line, told = CASES[case]
    shelf.write(
        "sample",
        f"{HEAD}@plugin.resource(label='Thing', labels='Things')\nclass Thing(Model):\n"
        f"    name: Mapped[str] = field('Name')\n    {line}\n",
    )
    entry = shelf.load()["sample"]
    assert entry.state == "broken"
    assert told in "\n".join(entry.problems)


def test_a_declaration_without_mistakes_has_none(shelf: Any) -> None:
    shelf.write(
        "sample",
        HEAD + """@plugin.resource(label='Thing', labels='Things')
class Thing(Model):
    name: Mapped[str] = field('Name')
    number: Mapped[str | None] = field('Number', sequence='{year}/{n:04}')
    cur: Mapped[str | None] = field('Currency', widget='currency')
    price: Mapped[Decimal | None] = field('Price', widget='money', currency='cur')
    weight: Mapped[Decimal | None] = field('Weight', widget='quantity', unit=plugin.gettext('kg'))
    cost: Mapped[Decimal | None] = field('Cost', widget='money', computed='price * weight')
    span: Mapped[timedelta] = field('Span', default=timedelta(hours=1), max=timedelta(days=1))
    words: Mapped[list[str]] = field('Words')
""",
    )  # fmt: skip
    entry = shelf.load()["sample"]
    assert [p for p in entry.problems if "diwan db revision" not in p] == []
    table = entry.tables[0]
    assert str(table.c.cost.computed.sqltext).endswith("* 10000::numeric)::bigint")
    assert {c.name: str(c.type) for c in table.c if c.name in ("price", "span", "words")} == {
        "price": "BIGINT", "span": "BIGINT", "words": "ARRAY"}  # fmt: skip
