"""Charts as HTML: the right marks, words and links, whatever the numbers and the texts are.

It must draw from plain numbers; where they come from is tested with the pivot.
"""

from __future__ import annotations

import re
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from diwan.kernel.results import Chart
from diwan.testing.world import Business
from diwan.web.charts import KINDS, Series, chart, curve, ticks
from diwan.web.home import _result

LABELS = ["Draft", "Open", "Done"]


def svgs(html: str) -> list[ET.Element]:
    return [ET.fromstring(found) for found in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_each_number_and_leads_to_its_records(kind: str) -> None:
    html = chart(kind, "Orders", LABELS, [Series("Orders", [12, 5, 3], ["/a", "/b", "/c"])])
    marks = [mark for svg in svgs(html) for mark in svg.iter("a")]
    assert {mark.get("href") for mark in marks} == {"/a", "/b", "/c"}
    assert any("Open: 5" in (mark.get("aria-label") or "") for mark in marks)
    assert 'aria-label="Orders"' in html


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_escaped(kind: str) -> None:
    evil = '"><script>alert(1)</script>'
    html = chart(kind, evil, [evil, "b"], [Series(evil, [1, 2], ['"><i>', ""]), Series("b", [2, 3])])
    assert "<script" not in html
    assert "<i>" not in html
    assert svgs(html)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("values", [[0, 0, 0], [None, None, None], []])
def test_nothing_to_draw(kind: str, values: list[int | None]) -> None:
    html = chart(kind, "Orders", LABELS[: len(values)], [Series("Orders", values)])
    assert "<svg" not in html
    assert "There is nothing to draw." in html


@pytest.mark.parametrize("kind", ["bar", "line", "area"])
def test_negative_numbers_and_gaps(kind: str) -> None:
    [svg] = svgs(chart(kind, "Balance", LABELS, [Series("Balance", [Decimal("-5.5"), None, 10])]))
    assert len([g for g in svg.iter("g") if g.get("class") == "mark"]) == 2
    for rect in svg.iter("rect"):
        assert float(rect.get("height") or 0) >= 0


def test_a_pie_of_many_parts_sums_the_small_ones_up() -> None:
    html = chart("pie", "Cities", [f"City {n}" for n in range(30)], [Series("Cities", list(range(1, 31)))])
    assert len(re.findall(r'class="slice', html)) == 8
    assert "Others" in html


def test_a_pie_of_one_part_is_whole() -> None:
    assert chart("donut", "All", ["Only"], [Series("All", [5])]).count("100%") >= 1


def test_no_inline_style_or_script() -> None:
    html = "".join(chart(kind, "t", LABELS, [Series("s", [1, 2, 3])]) for kind in KINDS)
    assert "style=" not in html
    assert "<script" not in html


@pytest.mark.parametrize(
    ("low", "high", "whole", "found"),
    [(0, 11, True, [0, 3, 6, 9, 12]), (0, 4, True, [0, 1, 2, 3, 4]), (0, 0, False, [0, 1]),
     (-5, 10, False, [-5, -2.5, 0, 2.5, 5, 7.5, 10]), (0, 1e6, True, [0, 2e5, 4e5, 6e5, 8e5, 1e6])],
)  # fmt: skip
def test_ticks_are_round(low: float, high: float, whole: bool, found: list[float]) -> None:
    made = ticks(low, high, whole=whole)
    assert made[0] <= low
    assert made[-1] >= high
    assert 0 in made
    assert made == found or len(made) <= 8


def test_a_curve_never_overshoots() -> None:
    numbers = [float(n) for n in re.findall(r"[\d.]+", curve([(0, 0), (1, 10), (2, 10), (3, 0)]))]
    assert max(numbers) <= 10


def test_a_plugin_returns_a_chart_and_its_links_lead_to_lists(business: Business) -> None:
    found = Chart("bar", ["Kuwait", "Gone"], {"Contacts": [3, 2]}, ["contacts.contact?f.country=KW", "gone.thing"])
    with business.acting():
        shown = _result(found)
    assert f'href="{business.url}/contacts/contact?f.country=KW"' in shown["chart"]
    assert shown["chart"].count("href=") == 1
