"""Pivots: totals that hold, cells that lead to exactly their records, charts of what the table says.

The counting itself is tested in tests/core/resources/test_aggregate.py.
"""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.world import World

ORDERS = [
    ("draft", "high", 3, "2026-01-15", "10.500", "KWD"),
    ("draft", "low", 4, "2026-03-02", "20", "KWD"),
    ("open", "high", 5, "2026-03-30", "7.25", "USD"),
    ("open", "high", None, None, None, None),
]


@pytest.fixture
def desk(world: World) -> Any:
    business = world.business("kitchen")
    with business.acting(), unit_of_work():
        orders = current.lineup.resources["kitchen.order"]
        for number, (state, priority, guests, due, deposit, currency) in enumerate(ORDERS):
            raw = {
                "subject": f"Order {number}", "state": state, "priority": priority, "guests": guests, "due_on": due,
                "deposit": deposit, "currency": currency,
            }  # fmt: skip
            resources.create(orders, {name: value for name, value in raw.items() if value is not None})
    return business


def page(desk: Any, query: str) -> str:
    answer = desk.client().get(f"{desk.url}/kitchen/order?as=pivot&{query}")
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def rows(html: str) -> dict[str, list[str]]:
    """The rows of the table by their label: the texts of their cells."""
    table = html.partition('<table class="pivot">')[2].partition("</table>")[0]
    found = {}
    for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)[1:]:
        cells = [re.sub(r"<[^>]+>", "", c).strip() for c in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        found[cells[0]] = cells[1:]
    return found


def test_rows_columns_and_totals(desk: Any) -> None:
    html = page(desk, "o.rows=state&o.columns=priority")
    assert rows(html) == {"Draft": ["1", "1", "2"], "Open": ["–", "2", "2"], "Total": ["1", "3", "4"]}


def test_sums_and_subtotals(desk: Any) -> None:
    html = page(desk, "o.rows=state&o.rows2=priority&o.measure=sum:guests")
    found = rows(html)
    assert found["Total"] == ["12"]
    assert found["Draft"] == ["7"]
    assert found["Low"] == ["4"]


def test_money_is_summed_by_currency(desk: Any) -> None:
    found = rows(page(desk, "o.rows=state&o.measure=sum:deposit"))
    assert found["Draft"] == ["30.500 KWD"]
    assert found["Open"] == ["7.25 USD"]
    assert set(found["Total"][0].split(" · ")) == {"30.500 KWD", "7.25 USD"}


def test_every_cell_leads_to_its_records(desk: Any) -> None:
    html = page(desk, "o.rows=due_on:month&o.columns=state")
    cells = re.findall(r'<td class="end num [^"]*"><a class="quiet-link" href="([^"]+)" dir="ltr">(\d+)</a>', html)
    assert cells
    client = desk.client()
    for href, count in cells:
        shown = client.get(unescape(href)).text
        assert len(re.findall(r'<tr[^>]* id="row-', shown)) == int(count), href


def test_a_line_keeps_the_months_between(desk: Any) -> None:
    html = page(desk, "o.rows=due_on:month&o.chart=line")
    assert "Feb 2026: 0" in html
    assert "Feb 2026" not in rows(html)


@pytest.mark.parametrize("chart", ["bar", "line", "area", "pie", "donut", "funnel", "none"])
def test_every_chart(desk: Any, chart: str) -> None:
    html = page(desk, f"o.rows=state&o.chart={chart}")
    assert ("ui-chart" in html) == (chart != "none")


def test_filters_and_search_apply(desk: Any) -> None:
    assert rows(page(desk, "o.rows=priority&f.state=draft"))["Total"] == ["2"]
    assert "Nothing to count" in page(desk, "o.rows=priority&q=zzzz")


@pytest.mark.parametrize(
    "query", ["o.rows=nothing", "o.rows=subject", "o.measure=sum:subject", "o.measure=drop", "o.chart=cake",
              "o.rows=due_on:century", "o.rows=state%27--", "o.columns=nothing"],
)  # fmt: skip
def test_forged_options_are_refused(desk: Any, query: str) -> None:
    assert desk.client().get(f"{desk.url}/kitchen/order?as=pivot&{query}").status_code == 400


def test_a_saved_view_keeps_the_pivot(desk: Any) -> None:
    from diwan.web.state import ListState

    with desk.acting():
        state = ListState.read(current.lineup.resources["kitchen.order"], {"as": "pivot", "o.rows": "priority"})
        assert state.definition()["options"] == {"rows": "priority"}
        assert "o.rows=priority" in state.link()


def test_amounts_are_exact(desk: Any) -> None:
    with desk.acting():
        found = resources.aggregate.aggregate(
            current.lineup.resources["kitchen.order"], ["state"], (), ["sum:deposit", "count"]
        )
    assert found.cells[(("draft",), ())] == ({"KWD": Decimal("30.5")}, 2)
