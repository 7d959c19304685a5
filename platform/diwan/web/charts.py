"""Charts drawn on the server: SVG for the marks, HTML for the text, without script or inline style.

The plot stretches to its box and HTML carries the axes, so text never distorts and follows language, theme and print.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from diwan.kit import formats
from diwan.kit.i18n import _

KINDS = ("bar", "line", "area", "pie", "donut", "funnel")
COLOURS = 7
HEIGHT = 1000
BAND = 100
MOST_SLICES = 8
MOST_TICKS = 12
"""So many labels fit under an axis; of more, every second or third is written."""

Number = int | float | Decimal


@dataclass(frozen=True)
class Series:
    """One row of numbers, one for each label; `hrefs` lead to the records behind each."""

    label: str
    values: Sequence[Number | None]
    hrefs: Sequence[str] = field(default_factory=tuple)


def chart(
    kind: str, title: object, labels: Sequence[object], series: Sequence[Series],
    write: Callable[[Any], str] = formats.number,
) -> Markup:  # fmt: skip
    """Return a chart as HTML. kind: bar, line, area, pie, donut, funnel; `write` puts a number into words."""
    texts = [str(label) for label in labels]
    if not texts or not series or not any(value for one in series for value in one.values):
        return Markup('<p class="help chart-none">{}</p>').format(_("There is nothing to draw."))
    plot = _Plot(str(title), texts, list(series), write)
    if kind in ("pie", "donut"):
        drawn = plot.ring(hole=kind == "donut")
    elif kind == "funnel":
        drawn = plot.funnel()
    else:
        drawn = plot.axes(kind)
    return Markup(  # noqa: S704  (every text went through escape)
        f'<ui-chart><div class="chart-figure" role="group" aria-label="{escape(str(title))}">{drawn}'
        f"{plot.legend() if kind in ('bar', 'line', 'area') else ''}</div></ui-chart>"
    )


def ticks(low: float, high: float, wanted: int = 5, *, whole: bool = False) -> list[float]:
    """Return round numbers from below `low` to above `high`, zero among them; `whole`: no fractions."""
    low, high = min(low, 0), max(high, 0)
    if low == high:
        return [0, 1]
    raw = (high - low) / wanted
    size = 10 ** math.floor(math.log10(raw))
    step = next(s * size for s in (1, 2, 2.5, 5, 10) if s * size >= raw * (1 - 1e-9))
    step = math.ceil(step) if whole else step
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


class _Plot:
    """One chart that is being drawn."""

    def __init__(self, title: str, labels: list[str], series: list[Series], write: Callable[[Any], str]) -> None:
        self.title, self.labels, self.series, self.write = title, labels, series, write

    def axes(self, kind: str) -> str:
        """Bars, lines or areas over a common axis."""
        values = [float(value) for one in self.series for value in one.values if value is not None]
        marks = ticks(min(values), max(values), whole=all(value.is_integer() for value in values))
        low, high = marks[0], marks[-1]

        def y(value: Number | None) -> float:
            return HEIGHT - (float(value or 0) - low) / (high - low) * HEIGHT

        width = len(self.labels) * BAND
        lines = "".join(
            f'<line class="{"gl" if mark else "gl base"}" x1="0" x2="{width}" y1="{height:.0f}" y2="{height:.0f}"/>'
            for mark, height in ((mark, y(mark)) for mark in marks)
        )
        draw = self._bars if kind == "bar" else lambda height: self._lines(height, area=kind == "area")
        body = f"{_named(self.title, self._described())}{lines}{draw(y)}"
        svg = f'<svg viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" role="group">{body}</svg>'
        up = "".join(f"<span>{escape(self._axis(mark))}</span>" for mark in reversed(marks))
        step = math.ceil(len(self.labels) / MOST_TICKS)
        along = "".join(
            f"<span>{escape(label) if number % step == 0 else ''}</span>" for number, label in enumerate(self.labels)
        )
        return (
            f'<div class="chart"><div class="ys" aria-hidden="true">{up}</div><div class="plot">{svg}</div>'
            f'<div class="xs" aria-hidden="true">{along}</div></div>'
        )

    def _axis(self, mark: float) -> str:
        for least, size, unit in ((1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
            if abs(mark) >= least:
                return formats.number(Decimal(f"{mark / size:.6g}")) + unit
        return formats.number(Decimal(f"{mark:.6g}"))

    def _bars(self, y: Callable[[Any], float]) -> str:
        wide = 68 / len(self.series)
        parts = []
        for place in range(len(self.labels)):
            for number, one in enumerate(self.series):
                value = one.values[place]
                if value is None:
                    continue
                top, bottom = sorted((y(value), y(0)))
                x = place * BAND + 16 + number * wide
                gap = 3 if len(self.series) > 1 else 0
                shape = (
                    f'<rect class="hit" x="{x:.1f}" y="0" width="{wide:.1f}" height="{HEIGHT}"/><rect class="bar-mark"'
                    f' x="{x:.1f}" y="{top:.1f}" width="{wide - gap:.1f}" height="{max(bottom - top, 1):.1f}"/>'
                )
                parts.append(self._mark(shape, place, number))
        return "".join(parts)

    def _lines(self, y: Callable[[Any], float], *, area: bool) -> str:
        parts = []
        for number, one in enumerate(self.series):
            points = [
                (place * BAND + BAND / 2, y(value)) for place, value in enumerate(one.values) if value is not None
            ]
            if not points:
                continue
            path = curve(points)
            if area:
                parts.append(
                    f'<path class="area k{_colour(number)}" d="{path}L{points[-1][0]:.1f} {y(0):.1f}'
                    f'L{points[0][0]:.1f} {y(0):.1f}Z"/>'
                )
            parts.append(f'<path class="ln k{_colour(number)}" d="{path}"/>')
        for number, one in enumerate(self.series):
            for place, value in enumerate(one.values):
                if value is not None:
                    dot = f"M{place * BAND + BAND / 2:.1f} {y(value):.1f}h.01"
                    shape = f'<path class="pt hit" d="{dot}"/><path class="pt" d="{dot}"/>'
                    parts.append(self._mark(shape, place, number))
        return "".join(parts)

    def ring(self, *, hole: bool) -> str:
        """A pie or a donut of the first series, with its parts named beside it."""
        slices = self._slices()
        total = sum(float(value) for _label, value, _href in slices) or 1
        parts, items, start = [], [], 0.0
        for number, (label, value, href) in enumerate(slices):
            share = float(value) / total
            colour = 0 if number >= MOST_SLICES - 1 and len(slices) == MOST_SLICES else _colour(number)
            said = f"{label}: {self.write(value)} ({_percent(share)})"
            path = _slice(start, share, 0.62 if hole else 0)
            parts.append(_link(f'<path class="slice k{colour}" d="{path}"/>', said, href))
            name = (
                f'<a class="quiet-link trunc" href="{escape(href)}">{escape(label)}</a>'
                if href
                else (f'<span class="trunc">{escape(label)}</span>')
            )
            items.append(
                f'<li><span class="sw k{colour}"></span>{name}<span class="num">{escape(self.write(value))}</span>'
                f'<span class="num muted">{_percent(share)}</span></li>'
            )
            start += share
        whole = self.write(sum(value for _label, value, _href in slices))
        middle = f'<b class="num">{escape(whole)}</b><span>{escape(str(_("Total")))}</span>'
        svg = f'<svg viewBox="-50 -50 100 100" role="group">{_named(self.title, "")}{"".join(parts)}</svg>'
        return (
            f'<div class="donut"><div class="ring">{svg}{f"<div class=mid>{middle}</div>" if hole else ""}</div>'
            f"<ul>{''.join(items)}</ul></div>"
        )

    def _slices(self) -> list[tuple[str, Any, str]]:
        one = self.series[0]
        hrefs = [*one.hrefs, *[""] * (len(self.labels) - len(one.hrefs))]
        found = [row for row in zip(self.labels, one.values, hrefs, strict=False) if row[1] is not None and row[1] > 0]
        found.sort(key=lambda row: float(row[1] or 0), reverse=True)
        if len(found) <= MOST_SLICES:
            return found
        rest: Any = sum(row[1] for row in found[MOST_SLICES - 1 :])
        return [*found[: MOST_SLICES - 1], (str(_("Others")), rest, "")]

    def funnel(self) -> str:
        """The first series as bars that grow narrower, each with its share of the first."""
        one = self.series[0]
        top = max(float(value or 0) for value in one.values) or 1
        first = float(one.values[0] or 0) or top
        items = []
        for place, label in enumerate(self.labels):
            value = one.values[place]
            width = float(value or 0) / top * 100
            bar = f'<rect class="bar-mark" x="{50 - width / 2:.2f}" width="{width:.2f}" height="10"/>'
            svg = (
                f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="group">'
                f"{self._mark(bar, place, 0, colour=_colour(place))}</svg>"
            )
            items.append(
                f'<li><span class="trunc">{escape(label)}</span>{svg}<span class="num">{escape(self.write(value or 0))}'
                f'</span><span class="num muted">{_percent(float(value or 0) / first)}</span></li>'
            )
        return f'<ul class="funnel">{"".join(items)}</ul>'

    def legend(self) -> str:
        """The names of several series."""
        if len(self.series) < 2:
            return ""
        names = "".join(
            f'<span><span class="sw k{_colour(number)}"></span>{escape(one.label)}</span>'
            for number, one in enumerate(self.series)
        )
        return f'<p class="chart-legend">{names}</p>'

    def _mark(self, shape: str, place: int, number: int, *, colour: int | None = None) -> str:
        """One number's mark: its words for the tooltip and screen readers, and the way to its records."""
        one = self.series[number]
        name = f"{self.labels[place]} · {one.label}" if len(self.series) > 1 else self.labels[place]
        href = one.hrefs[place] if place < len(one.hrefs) else ""
        said = f"{name}: {self.write(one.values[place] or 0)}"
        return _link(f'<g class="k{_colour(number) if colour is None else colour}">{shape}</g>', said, href)

    def _described(self) -> str:
        """Return the chart in a sentence."""
        return str(
            _("%(n)s values, from %(first)s to %(last)s.",
              n=len(self.labels) * len(self.series), first=self.labels[0], last=self.labels[-1])
        )  # fmt: skip


def _link(shape: str, said: str, href: str) -> str:
    if href:
        return (
            f'<a class="mark" href="{escape(href)}" data-tip="{escape(said)}" aria-label="{escape(said)}">{shape}</a>'
        )
    return f'<g class="mark" role="img" data-tip="{escape(said)}" aria-label="{escape(said)}">{shape}</g>'


def _named(title: str, description: str) -> str:
    about = f"<desc>{escape(description)}</desc>" if description else ""
    return f"<title>{escape(title)}</title>{about}"


def _colour(number: int) -> int:
    return number % COLOURS + 1


def _percent(share: float) -> str:
    return f"{formats.number(round(share * 100))}%"


def _slice(start: float, share: float, hole: float) -> str:
    """Return the path of a part of a ring of radius 48; a whole ring is drawn as two halves."""
    if share >= 0.9999:
        return _slice(start, 0.5, hole) + _slice(start + 0.5, 0.5, hole)

    def point(turn: float, radius: float) -> str:
        angle = turn * 2 * math.pi
        return f"{math.sin(angle) * radius:.3f} {-math.cos(angle) * radius:.3f}"

    end, large = start + share, int(share > 0.5)
    outer = f"M{point(start, 48)}A48 48 0 {large} 1 {point(end, 48)}"
    if not hole:
        return f"{outer}L0 0Z"
    inner = 48 * hole
    return f"{outer}L{point(end, inner)}A{inner:.2f} {inner:.2f} 0 {large} 0 {point(start, inner)}Z"


def curve(points: Sequence[tuple[float, float]]) -> str:
    """Return a smooth path through points that never overshoots them (monotone cubic, Fritsch-Carlson)."""
    count = len(points)
    if count < 3:
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(points)]
    middle = [0 if a * b <= 0 else (a + b) / 2 for a, b in pairwise(slopes)]
    tangents: list[float] = [slopes[0], *middle, slopes[-1]]
    for number, slope in enumerate(slopes):
        if slope == 0:
            tangents[number] = tangents[number + 1] = 0
            continue
        a, b = tangents[number] / slope, tangents[number + 1] / slope
        if (size := a * a + b * b) > 9:
            scale = 3 / math.sqrt(size)
            tangents[number], tangents[number + 1] = scale * a * slope, scale * b * slope
    path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for number in range(count - 1):
        (x0, y0), (x1, y1) = points[number], points[number + 1]
        third = (x1 - x0) / 3
        path.append(
            f"C{x0 + third:.1f} {y0 + tangents[number] * third:.1f}"
            f" {x1 - third:.1f} {y1 - tangents[number + 1] * third:.1f} {x1:.1f} {y1:.1f}"
        )
    return "".join(path)
