"""How drawn numbers are spread over ranges, and how many are expected in each."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from fifod import names
from webui.draws.forms import Asked

_MOST_BINS, _LEAST_BINS, _WANTED_IN_EACH = 20, 5, 5
_DEVIATIONS = [step / 2 for step in range(-5, 6)]


@dataclass(frozen=True)
class Bin:
    """One range of values: how many fell into it, how many are expected, and by how much that varies (one sigma)."""

    label: str
    observed: int
    expected: float
    sigma: float


@dataclass(frozen=True)
class Domain:
    """Equally likely whole numbers, `size` of them, drawn in groups of `group`; `show` writes one for people."""

    low: int
    size: int
    group: int
    replacement: bool
    show: Callable[[int], str]


def of(asked: Asked, numbers: list[Decimal]) -> list[Bin] | None:
    """The ranges for the numbers of a draw; None if there is nothing to compare."""
    params = asked.params
    if asked.method == names.GAUSSIANS:
        deviation = params["standardDeviation"]
        return _normal(params["mean"], deviation, [float(number) for number in numbers]) if deviation else None
    domain = _domain(asked, len(numbers))
    scale = 10 ** params.get("decimalPlaces", 0)
    return _uniform(domain, [int(number * scale) for number in numbers]) if domain.size > 1 else None


def _domain(asked: Asked, count: int) -> Domain:
    params = asked.params
    group, replacement = params.get("length", count), params["replacement"]
    if asked.method == names.DECIMALS:
        places = params["decimalPlaces"]
        return Domain(0, 10**places, group, replacement, lambda value: f"{Decimal(value).scaleb(-places):f}")
    return Domain(params["min"], params["max"] - params["min"] + 1, group, replacement, str)


def _uniform(domain: Domain, values: list[int]) -> list[Bin]:
    wanted = min(_MOST_BINS, max(_LEAST_BINS, len(values) // _WANTED_IN_EACH), domain.size)
    starts = [domain.low + domain.size * number // wanted for number in range(wanted)]
    counts = Counter(bisect_right(starts, value) - 1 for value in values)
    ends = [*starts[1:], domain.low + domain.size]
    ranges = enumerate(zip(starts, ends, strict=True))
    return [_uniform_bin(domain, start, end, counts[number], len(values)) for number, (start, end) in ranges]


def _uniform_bin(domain: Domain, start: int, end: int, observed: int, count: int) -> Bin:
    share = (end - start) / domain.size
    # Without replacement a group has fewer ways to be uneven, and none when it holds everything.
    left = 1.0 if domain.replacement else (domain.size - domain.group) / (domain.size - 1)
    last = end - 1
    label = domain.show(start) if start == last else f"{domain.show(start)} – {domain.show(last)}"
    return Bin(label, observed, count * share, math.sqrt(count * share * (1 - share) * left))


def _normal(mean: float, deviation: float, values: list[float]) -> list[Bin]:
    edges = [mean + deviation * step for step in _DEVIATIONS]
    counts = Counter(bisect_right(edges, value) for value in values)
    below = [0.0, *[(1 + math.erf(step / math.sqrt(2))) / 2 for step in _DEVIATIONS], 1.0]
    shown = [f"{edge:g}" for edge in edges]
    labels = [f"< {shown[0]}", *[f"{a} – {b}" for a, b in pairwise(shown)], f"≥ {shown[-1]}"]
    shares = [b - a for a, b in pairwise(below)]
    parts = enumerate(zip(labels, shares, strict=True))
    return [_share_bin(label, counts[at], share, len(values)) for at, (label, share) in parts]


def _share_bin(label: str, observed: int, share: float, count: int) -> Bin:
    return Bin(label, observed, count * share, math.sqrt(count * share * (1 - share)))
