"""The picture: bars on a scale of powers of ten, one panel a group, drawn as SVG by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import groupby

from tests.benchmarks.figures import Figure
from tests.benchmarks.report import number

WIDTH, NAMES, BARS, VALUES = 1080, 330, 520, 230
ROW, BAR, HEADING, MARGIN = 20, 12, 44, 20
COLOURS = {True: "#2e7d4f", False: "#b3402e", None: "#4a6fa5"}
STYLE = (
    "text{font:12px sans-serif;fill:#222}.heading{font-weight:bold;font-size:14px}.axis{font-size:10px;fill:#777}"
    ".grid{stroke:#e3e3e3}.reference{stroke:#222;stroke-width:2}"
)


def draw(figures: Sequence[Figure]) -> str:
    """An SVG document: bars for values, black ticks for their references; green and red tell goals kept and not."""
    shapes: list[str] = []
    top = MARGIN
    shown = [figure for figure in figures if figure.value]
    for group, members in groupby(shown, key=lambda figure: (figure.group, figure.unit)):
        top = _panel(shapes, group, list(members), top)
    text = (
        f'<text x="{MARGIN}" y="{top + 10}" class="axis">bar: fifod; black tick: reference; '
        "green: goal kept; red: goal not kept; blue: no goal. Scales are logarithmic.</text>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top + 30}" role="img">'
        f"<title>fifod benchmarks</title><style>{STYLE}</style>"
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(shapes)}{text}</svg>\n'
    )


def _panel(shapes: list[str], group: tuple[str, str], figures: list[Figure], top: int) -> int:
    """One group's bars; returns where the next panel begins."""
    name, unit = group
    numbers = [one for figure in figures for one in (figure.value, figure.reference) if one]
    low, high = math.floor(math.log10(min(numbers)) - 0.01), math.ceil(math.log10(max(numbers)) + 0.01)
    bottom = top + HEADING + ROW * len(figures)
    shapes.append(f'<text x="{MARGIN}" y="{top + 16}" class="heading">{escape(name)} ({escape(unit)})</text>')
    for power in range(low, high + 1):
        x = _x(10.0**power, low, high)
        shapes.append(f'<line class="grid" x1="{x:.1f}" y1="{top + HEADING - 6}" x2="{x:.1f}" y2="{bottom}"/>')
        shapes.append(
            f'<text class="axis" x="{x:.1f}" y="{top + HEADING - 10}" text-anchor="middle">{10.0**power:,.10g}</text>'
        )
    for index, figure in enumerate(figures):
        shapes.append(_bar(figure, top + HEADING + ROW * index, low, high))
    return bottom + MARGIN


def _x(value: float, low: int, high: int) -> float:
    return NAMES + BARS * (math.log10(value) - low) / (high - low)


def _bar(figure: Figure, y: int, low: int, high: int) -> str:
    assert figure.value
    end = _x(figure.value, low, high)
    value = number(figure.value, figure.unit) + (f" = {figure.ratio:.2f} ×" if figure.ratio else "")
    parts = [
        f'<text x="{NAMES - 8}" y="{y + BAR}" text-anchor="end">{escape(figure.name)}</text>',
        f'<rect x="{NAMES}" y="{y + 2}" width="{end - NAMES:.1f}" height="{BAR}" fill="{COLOURS[figure.is_kept]}"/>',
        f'<text x="{NAMES + BARS + 12}" y="{y + BAR}">{escape(value)}</text>',
    ]
    if figure.reference:
        x = _x(figure.reference, low, high)
        parts.append(
            f'<line class="reference" x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + BAR + 4}">'
            f"<title>{escape(figure.reference_name)}: {number(figure.reference, figure.unit)}</title></line>"
        )
    return "".join(parts)
