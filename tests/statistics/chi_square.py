"""Pearson's chi-square test, which tells whether counts fit the weights that they should have."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

LEAST = 1e-6


def tail(statistic: float, freedom: int) -> float:
    """The probability of so large a statistic or a larger one: the incomplete gamma function Q(k/2, x/2)."""
    a, x = freedom / 2, statistic / 2
    if x <= 0:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    return 1 - scale * _series(a, x) if x < a + 1 else scale * _fraction(a, x)


def _series(a: float, x: float) -> float:
    term = total = 1 / a
    n = a
    while abs(term) > abs(total) * 1e-16:
        n += 1
        term *= x / n
        total += term
    return total


def _fraction(a: float, x: float) -> float:
    """Lentz's way to compute the continued fraction."""
    b = x + 1 - a
    c, d = 1e300, 1 / b
    value = d
    for i in range(1, 10_000):
        step = -i * (i - a)
        b += 2
        d = 1 / (step * d + b)
        c = b + step / c
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def fit(counts: Sequence[int], weights: Sequence[float] | None = None) -> float:
    """The p-value of counts whose expectations are as the weights; equal ones if there are none."""
    weights = weights or [1] * len(counts)
    assert len(counts) == len(weights)
    scale = sum(counts) / sum(weights)
    assert min(weights) * scale >= 5, "too few values for a chi-square test"
    statistic = sum((c - w * scale) ** 2 / (w * scale) for c, w in zip(counts, weights, strict=True))
    return tail(statistic, len(counts) - 1)


def evenness(found: Iterable[Hashable], domain: Iterable[Hashable]) -> float:
    """The p-value of values that should be equally likely within their domain; a value outside of it is an error."""
    counts = Counter(found)
    known = list(domain)
    assert set(counts) <= set(known), "a value lies outside its domain"
    return fit([counts[value] for value in known])


def plausible(p: float) -> bool:
    """Neither further from the expectation than chance brings it once in a million times, nor so much nearer."""
    return LEAST < p < 1 - LEAST
