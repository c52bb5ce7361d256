"""Integers, sequences and draws without replacement are fair, at the edges of ranges too."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pytest

from tests.statistics.chi_square import LEAST, evenness, fit, plausible
from tests.statistics.samples import careless_shuffle, drawn, fair, folded

SMALL = [(1, 6), (1, 100), (0, 1), (0, 2), (-3, 3), (0, 63), (0, 64), (1, 256), (1, 257), (-128, 128), (0, 999)]
WIDE = [(-(10**9), 10**9), (0, 2**30 - 1), (-(2**29), 2**29), (0, 2**16), (1, 2**16), (0, 3 * 2**28), (7, 10**9)]


def spread(numbers: Sequence[int], size: int, bins: int = 256) -> float:
    """The p-value of numbers below size, counted in bins as even as whole numbers allow."""
    edges = [size * i // bins for i in range(bins + 1)]
    counts = [0] * bins
    for v in numbers:
        place = v * bins // size
        counts[place + (v >= edges[place + 1])] += 1
    return fit(counts, [high - low for low, high in itertools.pairwise(edges)])


@pytest.mark.parametrize(("low", "high"), SMALL)
def test_each_integer_of_a_range_is_equally_likely(low: int, high: int) -> None:
    numbers = drawn("generateIntegers", n=60_000, min=low, max=high, replacement=True, base=10)
    assert plausible(evenness(numbers, range(low, high + 1)))


# Above a power of two by one, a remainder spoils two values only: the test of the last two values is made for that.
@pytest.mark.parametrize(("low", "high"), [(1, 6), (1, 100), (0, 2), (-3, 3), (0, 64), (0, 999)])
def test_a_remainder_in_place_of_rejection_would_be_found(low: int, high: int) -> None:
    uniform = folded(f"{low} {high}")
    assert evenness((low + uniform(high - low + 1) for _ in range(60_000)), range(low, high + 1)) < LEAST


def last_two(numbers: Sequence[int], size: int) -> float:
    """The p-value of how often the two highest of the numbers below size come."""
    last = [sum(v == size - i for v in numbers) for i in (1, 2)]
    return fit([*last, len(numbers) - sum(last)], [1, 1, size - 2])


@pytest.mark.parametrize("size", [5, 65, 257, 1025])
def test_just_above_a_power_of_two_the_last_values_come_as_often_as_others(size: int) -> None:
    numbers = list(drawn("generateIntegers", n=60_000, min=0, max=size - 1, replacement=True, base=10))
    assert plausible(last_two(numbers, size))
    uniform = folded(f"last of {size}")
    assert last_two([uniform(size) for _ in range(60_000)], size) < LEAST


@pytest.mark.parametrize(("low", "high"), WIDE)
def test_wide_ranges_are_filled_evenly(low: int, high: int) -> None:
    numbers = list(drawn("generateIntegers", n=60_000, min=low, max=high, replacement=True, base=10))
    assert low <= min(numbers) <= max(numbers) <= high
    assert plausible(spread([v - low for v in numbers], high - low + 1))


@pytest.mark.parametrize("size", [2 * 10**9 + 1, 10**9 - 6, 3 * 2**28 + 1])
def test_a_remainder_would_be_found_in_wide_ranges(size: int) -> None:
    uniform = folded(f"wide {size}")
    assert spread([uniform(size) for _ in range(60_000)], size) < LEAST


def test_a_range_of_one_gives_that_one() -> None:
    for value in (-(10**9), -1, 0, 7, 10**9):
        numbers = drawn("generateIntegers", n=100, min=value, max=value, replacement=True, base=10)
        assert set(numbers) == {value}


def test_both_ends_of_the_range_come() -> None:
    numbers = set(drawn("generateIntegers", n=60_000, min=-(2**12), max=2**12, replacement=True, base=10))
    assert {-(2**12), 2**12} <= numbers


@pytest.mark.parametrize(("base", "low", "high"), [(2, 0, 9), (8, -9, 9), (16, -20, 300)])
def test_other_bases_show_numbers_as_fair(base: int, low: int, high: int) -> None:
    numbers = drawn("generateIntegers", n=60_000, min=low, max=high, replacement=True, base=base)
    assert plausible(evenness((int(text, base) for text in numbers), range(low, high + 1)))


def test_a_number_tells_nothing_about_the_next() -> None:
    numbers = list(drawn("generateIntegers", n=120_000, min=0, max=18, replacement=True, base=10))
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    assert plausible(evenness(pairs, itertools.product(range(19), repeat=2)))


def test_all_orders_of_four_of_four_are_equally_likely() -> None:
    found = drawn("generateIntegerSequences", 20, n=1000, length=4, min=1, max=4, replacement=False, base=10)
    assert plausible(evenness(map(tuple, found), itertools.permutations(range(1, 5))))


def test_all_orders_are_equally_likely_from_one_draw_to_the_next() -> None:
    numbers = drawn("generateIntegers", 12_000, n=4, min=1, max=4, replacement=False, base=10)
    orders = zip(*[numbers] * 4, strict=True)
    assert plausible(evenness(orders, itertools.permutations(range(1, 5))))


@pytest.mark.parametrize(("size", "n"), [(5, 2), (5, 1), (6, 3), (17, 2), (3, 3)])
def test_all_choices_in_order_are_equally_likely(size: int, n: int) -> None:
    found = drawn("generateIntegerSequences", 20, n=1000, length=n, min=0, max=size - 1, replacement=False, base=10)
    assert plausible(evenness(map(tuple, found), itertools.permutations(range(size), n)))


@pytest.mark.parametrize(("size", "n"), [(4, 4), (5, 2), (6, 3)])
def test_the_well_known_wrong_shuffle_would_be_found(size: int, n: int) -> None:
    uniform = fair(f"careless {size} {n}")
    found = (careless_shuffle(size, n, uniform) for _ in range(20_000))
    assert evenness(found, itertools.permutations(range(size), n)) < LEAST


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 100_000])
def test_a_whole_domain_without_replacement_holds_each_once(size: int) -> None:
    numbers = list(drawn("generateIntegers", n=size, min=1, max=size, replacement=False, base=10))
    assert sorted(numbers) == list(range(1, size + 1))


def test_a_shuffle_of_many_leaves_one_number_in_its_place_on_average() -> None:
    """The number of fixed points of a fair shuffle of many follows Poisson's law with mean one, to a hair."""
    found = drawn("generateIntegerSequences", 40, n=200, length=40, min=0, max=39, replacement=False, base=10)
    fixed = [sum(i == v for i, v in enumerate(order)) for order in found]
    chances = [math.exp(-1) / math.factorial(k) for k in range(5)]
    counts = [sum(f == k for f in fixed) for k in range(5)]
    assert plausible(fit([*counts, len(fixed) - sum(counts)], [*chances, 1 - sum(chances)]))


def test_each_sequence_of_a_draw_keeps_to_its_own_range() -> None:
    params = {"length": [5, 1], "min": [1, 1], "max": [69, 26], "replacement": [False, False], "base": [10, 10]}
    found = list(drawn("generateIntegerSequences", 4_000, n=2, **params))
    assert all(len(set(five)) == 5 for five in found[::2])
    assert plausible(evenness((v for (v,) in found[1::2]), range(1, 27)))
    assert plausible(evenness((five[0] for five in found[::2]), range(1, 70)))


def test_sequences_of_one_draw_do_not_repeat_each_other() -> None:
    found = drawn("generateIntegerSequences", 20, n=1000, length=2, min=0, max=9, replacement=True, base=10)
    lists = [tuple(pair) for pair in found]
    firsts = zip((a for a, _ in lists[::2]), (a for a, _ in lists[1::2]), strict=True)
    assert plausible(evenness(firsts, itertools.product(range(10), repeat=2)))
