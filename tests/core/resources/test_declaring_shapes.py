"""A mistake in what a resource says of its shapes (view, group, limits, calendar, parent) fails at load."""

from __future__ import annotations

from typing import Any

import pytest

CASES = {
    "view": ("view='mosaic'", "view='mosaic' is not one of list, board"),
    "group of text": ("group='name'", "group='name' is no choice, reference"),
    "limits without group": ("limits={'a': 5}", "limits: 'a': 5 is no choice of group=''"),
    "limits of no choice": ("group='state', limits={'z': 5}", "limits: 'z': 5 is no choice of group='state'"),
    "limits of nothing": ("group='state', limits={'a': 0}", "limits: 'a': 0"),
    "calendar of text": ("calendar='name'", "calendar names 'name', which is no date"),
    "calendar of two kinds": ("calendar=['day', 'moment']", "calendar names one field, or a start and an end"),
    "parent elsewhere": ("parent='state'", "parent='state' does not refer to sample.thing itself"),
}


def load(shelf: Any, options: str) -> Any:
    shelf.write(
        "sample",
        f"""from datetime import *
from uuid import UUID
@plugin.resource(label='Thing', labels='Things', {options})
class Thing(Model):
    name: Mapped[str] = field('Name')
    state: Mapped[str] = field('State', choices={{'a': 'A', 'b': 'B'}})
    day: Mapped[date | None] = field('Day')
    moment: Mapped[datetime | None] = field('Moment')
    above: Mapped[UUID | None] = field('Above', ref='sample.thing')
""",
        migrations__first="",
    )
    return shelf.load()["sample"]


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_told_with_its_place(shelf: Any, case: str) -> None:
    options, told = CASES[case]
    entry = load(shelf, options)
    assert entry.state == "broken"
    assert f"sample: Thing: {told}" in "\n".join(entry.problems)


def test_no_mistake(shelf: Any) -> None:
    entry = load(shelf, "view='tree', group='state', limits={'a': 5}, calendar='day', parent='above'")
    assert not entry.problems
