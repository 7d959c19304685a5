"""Files with amounts, lengths of time, tags, several records and fields that a business added."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from diwan.db import current, unit_of_work
from diwan.imports.planning import Planner
from diwan.imports.table import Row, Table
from diwan.imports.targets import importable, targets_of
from diwan.resources import custom, store
from diwan.testing.world import World


class Run:
    mode, match_field = "create", ""

    def __init__(self, columns: dict[str, str]) -> None:
        self.columns, self.defaults = columns, dict[str, Any]()


@pytest.fixture
def kitchen(world: World) -> Any:
    made = world.business("kitchen")
    with made.acting(), unit_of_work():
        custom.create_field(current.lineup.resources["kitchen.order"], {"kind": "integer", "label": {"en": "Table"}})
    with made.acting(), unit_of_work():
        yield current.lineup.resources["kitchen.order"]


def plan(resource: Any, names: list[str], *cells: list[str]) -> Any:
    rows = [Row(number + 2, line) for number, line in enumerate(cells)]
    table = Table("orders.csv", "csv", tuple(names), lambda after: iter(rows))
    run: Any = Run({name: name for name in names})
    planner = Planner(resource, run, table, "Asia/Kuwait", rehearse=True)
    return planner.plan([planner.reader.read(row) for row in rows])


def test_every_kind_but_files_can_be_imported(kitchen: Any) -> None:
    fields = importable(kitchen)
    assert {"deposit", "length", "tags", "others", "name", "weight", "colour", "x_table"} <= fields.keys()
    assert not {"image", "contract", "number", "total"} & fields.keys()
    assert {target.name for target in targets_of(kitchen)} == fields.keys()


def test_cells_become_values(kitchen: Any) -> None:
    clients = current.lineup.resources["kitchen.client"]
    ada, bob = (store.create(clients, {"name": name}).id for name in ("Ada", "Bob"))
    names = ["subject", "deposit", "discount", "length", "tags", "others", "name", "currency", "x_table", "about"]
    [step, wrong, digits] = plan(
        kitchen, names,
        ["A", "KD 1,250.500", "7.5%", "1h 30m", "urgent; كبير", "Ada; Bob", "حفلة", "دينار كويتي", "7", "Hi"],
        ["B", "", "", "", "", "Ada; Nobody", "", "", "seven", ""],
        ["C", "1.234", "", "", "", "", "", "USD", "", ""],
    )  # fmt: skip
    assert step.action == "created", step.problem
    assert step.values == {
        "subject": "A", "deposit": Decimal("1250.5"), "discount": Decimal("7.5"), "length": timedelta(minutes=90),
        "tags": ["urgent", "كبير"], "others": [ada, bob], "name": {"ar": "حفلة"}, "currency": "KWD", "x_table": 7,
        "about": "<p>Hi</p>",
    }  # fmt: skip
    assert wrong.action == "failed"
    assert "Nobody" in wrong.problem or "whole number" in wrong.problem
    assert digits.action == "failed"
    assert "USD" in digits.problem
