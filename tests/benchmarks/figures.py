"""Figures: what was measured, against what, and whether the goal is kept."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Sample = TypeVar("Sample")


@dataclass(frozen=True)
class Goal:
    """A bound for a figure's value or, if `of_ratio`, for its ratio to the reference."""

    bound: float
    at_least: bool = False
    of_ratio: bool = True

    def is_kept(self, figure: Figure) -> bool | None:
        """None if there is nothing to compare."""
        found = figure.ratio if self.of_ratio else figure.value
        if found is None:
            return None
        return found >= self.bound if self.at_least else found <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:,.10g}{' ×' if self.of_ratio else ''}"


@dataclass
class Figure:
    """One line of the table: a value with its unit, and the reference that was measured beside it."""

    group: str
    name: str
    value: float | None
    unit: str
    reference: float | None = None
    reference_name: str = ""
    goal: Goal | None = None
    samples: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the reference the value is."""
        if self.value is None or not self.reference:
            return None
        return self.value / self.reference

    @property
    def is_kept(self) -> bool | None:
        """Whether the goal is kept; None without a goal or a value."""
        return self.goal.is_kept(self) if self.goal and self.value is not None else None

    @property
    def verdict(self) -> str:
        """What the table says about the goal."""
        if self.value is None:
            return "not measured"
        return {True: "kept", False: "NOT KEPT", None: ""}[self.is_kept]


def median(samples: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(samples)


def in_turn(measurements: Mapping[str, Callable[[], Sample]], repeats: int) -> dict[str, list[Sample]]:
    """Take each measurement so many times, one after the other, so that all see the same machine."""
    samples: dict[str, list[Sample]] = {name: [] for name in measurements}
    for _ in range(repeats):
        for name, measure in measurements.items():
            samples[name].append(measure())
    return samples
