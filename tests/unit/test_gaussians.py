"""Gaussian numbers, against the checker's own arithmetic where rounding and circle are hardest."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fifod import checker
from fifod.gaussians import gaussian_values
from fifod.keystream import Keystream

SEED = bytes(range(32))
TOP = 2**128 - 1
EIGHTH = 2**125
MOMENTS = st.one_of(st.integers(-(10**6), 10**6), st.floats(-(10**6), 10**6))


class Bytes(Keystream):
    """A stream of bytes that a test chose: no seed is known for the rarest of them."""

    def __init__(self, taken: bytes) -> None:
        super().__init__(bytes(32))
        self._taken = taken

    def take(self, size: int) -> bytes:
        taken, self._taken = self._taken[:size], self._taken[size:]
        assert len(taken) == size
        return taken


def pair(first: int, second: int) -> bytes:
    return first.to_bytes(16, "big") + second.to_bytes(16, "big")


def values(stream: Keystream, count: int, digits: int = 14) -> list[Decimal]:
    return [value for pair in gaussian_values(stream, count, 0, 1, digits) for value in pair]


@pytest.mark.parametrize("first", [0, 1, TOP // 2, TOP - 1])
@pytest.mark.parametrize("second", [edge + more for edge in range(0, 2**128, EIGHTH) for more in (0, 1)] + [TOP])
def test_the_edges_of_the_circle_are_exact(first: int, second: int) -> None:
    right = checker.box_muller(Decimal(0), Decimal(1), pair(first, second), 14)
    assert values(Bytes(pair(first, second)), 2) == right


def test_the_largest_of_the_first_numbers_gives_the_mean() -> None:
    assert list(gaussian_values(Bytes(pair(TOP, 5)), 2, 7, 3, 8)) == [[7, 7]]


@pytest.mark.parametrize(("deviation", "value"), [(1e-100, "0.13"), (-1e-100, "0.12"), (0, "0.12")])
def test_a_value_just_above_halfway_is_rounded_up_and_one_at_halfway_to_even(deviation: float, value: str) -> None:
    [[got, _]] = gaussian_values(Bytes(pair(5, 5)), 2, 0.125, deviation, 2)
    assert got == Decimal(value)


@given(st.integers(0, TOP), st.integers(0, TOP), MOMENTS, MOMENTS, st.integers(2, 14))
def test_any_pair_agrees_with_the_checker(first: int, second: int, mean: float, deviation: float, digits: int) -> None:
    taken = pair(first, second)
    [got] = gaussian_values(Bytes(taken), 2, mean, deviation, digits)
    assert got == checker.box_muller(Decimal(str(mean)), Decimal(str(deviation)), taken, digits)


@pytest.mark.parametrize("digits", range(2, 15))
def test_no_value_has_more_digits_than_were_asked_for(digits: int) -> None:
    assert all(len(value.as_tuple().digits) <= digits for value in values(Keystream(SEED), 50, digits))


def test_a_pair_takes_32_bytes_and_half_a_pair_too() -> None:
    for count, taken in ((1, 32), (2, 32), (3, 64), (4, 64)):
        stream, fresh = Keystream(SEED), Keystream(SEED)
        assert len(values(stream, count)) == count
        fresh.take(taken)
        assert stream.take(8) == fresh.take(8)


def test_a_short_draw_begins_a_longer_one() -> None:
    assert values(Keystream(SEED), 5) == values(Keystream(SEED), 8)[:5]


def test_without_deviation_every_value_is_the_mean() -> None:
    assert {value for pair in gaussian_values(Keystream(SEED), 10, 0.1, 0, 14) for value in pair} == {Decimal("0.1")}


def test_a_mean_is_the_decimal_number_that_was_given_not_its_binary_neighbour() -> None:
    [[value, _]] = gaussian_values(Bytes(pair(TOP, 0)), 2, 0.1, 1, 14)
    assert value == Decimal("0.1")
