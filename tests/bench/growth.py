"""How a cost grows with what it is for: the exponent of a curve, and a picture of it.

Pure: points go in, a number or an SVG comes out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

Points = Sequence[tuple[float, float]]

LINEAR: Final = 1.1
"""An exponent up to this counts as linear: a measurement is not exact."""

NOTICEABLE: Final = 0.1
"""Growth by less of what there is at the beginning is noise."""

WIDTH, HEIGHT = 360, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 44, 40

STYLE: Final = """\
text { font: 11px system-ui, sans-serif; fill: #767d86 }
.title { font-size: 13px; font-weight: 600 }
.grid { stroke: #808890; stroke-opacity: 0.3 }
.even { fill: none; stroke: #808890; stroke-dasharray: 4 4 }
.cost { fill: none; stroke: #2f81f7; stroke-width: 2; stroke-linejoin: round }
.point { fill: #2f81f7 }"""
"""Tones in the middle: a page may be light or dark whatever the system prefers."""


def exponent(points: Points, noise: float = NOTICEABLE) -> float | None:
    """Give k where what is added to the first cost grows as the k-th power of what is added to the size.

    It is the slope of a straight line through the logarithms, over the points that have grown noticeably. A
    cost that is there from the beginning thus does not hide how the rest grows. 0 where the largest
    has not grown; None where it alone has, through which no line can be laid.

    Args:
        points: Size and cost, sizes ascending.
        noise: Growth by less of the first cost is none.
    """
    (first_size, first_cost), *rest = points
    grown = [
        (math.log(size - first_size), math.log(cost - first_cost))
        for size, cost in rest
        if cost - first_cost > noise * first_cost
    ]
    if rest[-1][1] - first_cost <= noise * first_cost:
        return 0.0
    if len(grown) < 2:
        return None
    mean_x = sum(x for x, _ in grown) / len(grown)
    mean_y = sum(y for _, y in grown) / len(grown)
    over = sum((x - mean_x) * (y - mean_y) for x, y in grown)
    return over / sum((x - mean_x) ** 2 for x, _ in grown)


def in_words(found: float | None) -> str:
    """Say how a cost with that exponent grows."""
    if found is None:
        return "grows at one size only"
    if found <= 0:
        return "does not grow"
    return f"grows with exponent {found:.2f}{'' if found <= LINEAR else ', worse than linear'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A curve to be drawn.

    Attributes:
        title: What it is the cost of.
        note: What there is to say of it, in a few words.
        size: What is along the bottom, in words.
        unit: Of the cost.
        points: Size and cost, sizes ascending.
        beside: The same of what it is held against; empty draws an even growth instead.
        names: Of the two.
    """

    title: str
    note: str
    size: str
    unit: str
    points: Points
    beside: Points = ()
    names: tuple[str, str] = ("", "")


def draw(chart: Chart) -> str:
    """Give a small SVG on no background, for light pages and dark ones; what is beside is dashed."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    every = [*chart.points, *chart.beside]
    most_x = max(x for x, _ in every) or 1.0
    most_y = max(y for _, y in every) * (1.15 if chart.beside else 1)  # room for a name above it
    step = _step(most_y)
    lines = max(1, math.ceil(most_y / step))

    def place(x: float, y: float) -> tuple[float, float]:
        return LEFT + x / most_x * (right - LEFT), bottom - y / (step * lines) * (bottom - TOP)

    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    label = escape(f"{chart.title}: {chart.note}")
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label="{label}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="16">{escape(chart.title)}</text>',
        f'<text x="{LEFT}" y="32">{escape(chart.note)}</text>',
    ]
    for number in range(lines + 1):
        _, y = place(0, number * step)
        label = f"{_short(number * step)}{f' {chart.unit}' if number == lines else ''}"
        out += [
            f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>',
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>',
        ]
    for x in (0.0, most_x / 2, most_x):
        at, _ = place(x, 0)
        anchor = "end" if x == most_x else "middle"
        out.append(f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="{anchor}">{_short(x)}</text>')
    middle = (LEFT + right) / 2
    out.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(chart.size)}</text>')
    dashed = chart.beside or (chart.points[0], chart.points[-1])
    out.append(f'<polyline class="even" points="{_joined([place(x, y) for x, y in dashed])}"/>')
    places = [place(x, y) for x, y in chart.points]
    out.append(f'<polyline class="cost" points="{_joined(places)}"/>')
    out += [f'<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
    for name, (x, y) in zip(chart.names, (chart.points[-1], dashed[-1]), strict=True):
        at_x, at_y = place(x, y)
        out.append(f'<text x="{at_x - 8:.1f}" y="{at_y - 8:.1f}" text-anchor="end">{escape(name)}</text>')
    return "\n".join([*out, "</svg>", ""])


def _joined(places: Points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _step(most: float) -> float:
    """Give a round distance for three to five lines."""
    if most <= 0:
        return 1.0
    rough = most / 4
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if rough <= power * factor)


def _short(number: float) -> str:
    if number >= 10_000:
        return f"{number / 1000:,.0f}k"
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.2g}"
