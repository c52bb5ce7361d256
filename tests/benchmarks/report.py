"""The report: a table to read, JSON to keep."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.figures import Figure

HEADINGS = ("figure", "value", "reference", "ratio", "goal", "")


def table(figures: Sequence[Figure]) -> str:
    """All figures, grouped."""
    rows = [HEADINGS, *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [_line(HEADINGS, widths)]
    group = ""
    for figure, row in zip(figures, rows[1:], strict=True):
        if figure.group != group:
            group = figure.group
            lines += ["", group]
        lines.append(_line(row, widths))
    return "\n".join(line.rstrip() for line in lines)


def _row(figure: Figure) -> tuple[str, ...]:
    reference = number(figure.reference, figure.unit)
    return (
        f"  {figure.name}",
        number(figure.value, figure.unit),
        f"{reference}  {figure.reference_name}" if figure.reference_name else "",
        f"{figure.ratio:.2f}" if figure.ratio else "",
        str(figure.goal or ""),
        " ".join(filter(None, (figure.verdict, figure.note))),
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, value, reference, ratio, goal, verdict = row
    return (
        f"{name:<{widths[0]}}  {value:>{widths[1]}}  {reference:<{widths[2]}}  "
        f"{ratio:>{widths[3]}}  {goal:<{widths[4]}}  {verdict}"
    )


def number(value: float | None, unit: str) -> str:
    """A value with its unit, with about three digits that mean something."""
    if value is None:
        return "–"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def write_json(figures: Sequence[Figure], path: Path) -> None:
    """Everything that was found, each sample included."""
    document = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {
            "kernel": platform.release(),
            "architecture": platform.machine(),
            "cores": len(os.sched_getaffinity(0)),
            "python": platform.python_version(),
        },
        "figures": [_as_json(figure) for figure in figures],
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _as_json(figure: Figure) -> dict[str, object]:
    return {
        "group": figure.group,
        "name": figure.name,
        "value": figure.value,
        "unit": figure.unit,
        "reference": figure.reference,
        "referenceName": figure.reference_name,
        "ratio": figure.ratio,
        "goal": str(figure.goal) if figure.goal else None,
        "kept": figure.is_kept,
        "samples": figure.samples,
        "note": figure.note,
    }
