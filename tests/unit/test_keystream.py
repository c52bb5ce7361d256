"""The stream and the numbers taken from it, against RECIPE.md read literally."""

from __future__ import annotations

import hashlib
from itertools import chain, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fifod.keystream import BLOCK, Keystream, distinct_chunks, uniform, uniform_chunks

SEED = bytes(range(32))
SEEDS = st.binary(min_size=32, max_size=32)
EDGES = [2**bits + more for bits in range(1, 40) for more in (-1, 0, 1)]
BELOW = st.one_of(st.sampled_from(EDGES), st.integers(1, 10**40))


def stream_by_the_page(seed: bytes, size: int) -> bytes:
    """RECIPE.md, section 1."""
    blocks = range(size // 65536 + 1)
    return b"".join(hashlib.shake_256(seed + number.to_bytes(8, "big")).digest(65536) for number in blocks)[:size]


class Page:
    """RECIPE.md, sections 2 and 3, one step at a time."""

    def __init__(self, seed: bytes) -> None:
        self._stream = stream_by_the_page(seed, 3 * 65536)
        self.read = 0

    def uniform(self, r: int) -> int:
        k = (r - 1).bit_length()
        w = -(-k // 8)
        while True:
            candidate = int.from_bytes(self._stream[self.read : self.read + w], "big") & ((1 << k) - 1)
            self.read += w
            if candidate < r:
                return candidate

    def distinct(self, r: int, n: int) -> list[int]:
        a = list(range(r))
        for i in range(n):
            j = i + self.uniform(r - i)
            a[i], a[j] = a[j], a[i]
        return a[:n]


def test_the_stream_begins_as_the_recipe_says() -> None:
    assert Keystream(SEED).take(32).hex() == "caac6f487add099067cdebb9b27416eef07d3189edb5d0041fe761be9abb4ce0"


@pytest.mark.parametrize("size", [0, 1, 135, 136, 137, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_one_piece_of_the_stream_is_as_the_recipe_says(size: int) -> None:
    assert Keystream(SEED).take(size) == stream_by_the_page(SEED, size)


@pytest.mark.parametrize("first", [0, 1, 136, 1088, BLOCK - 1, BLOCK, BLOCK + 1])
def test_a_piece_across_the_end_of_a_block_is_as_the_recipe_says(first: int) -> None:
    stream = Keystream(SEED)
    assert stream.take(first) + stream.take(BLOCK) + stream.take(7) == stream_by_the_page(SEED, first + BLOCK + 7)


@given(SEEDS, st.lists(st.integers(0, 70_000), max_size=6))
def test_each_byte_is_handed_out_once_in_order(seed: bytes, sizes: list[int]) -> None:
    stream = Keystream(seed)
    assert b"".join(stream.take(size) for size in sizes) == stream_by_the_page(seed, sum(sizes))


@given(SEEDS, BELOW, st.integers(0, 300))
def test_uniform_numbers_are_those_of_the_recipe_and_no_byte_more_is_read(seed: bytes, below: int, count: int) -> None:
    page, stream = Page(seed), Keystream(seed)
    assert uniform(stream, below, count) == [page.uniform(below) for _ in range(count)]
    assert stream.take(16) == stream_by_the_page(seed, page.read + 16)[page.read :]


@given(SEEDS, BELOW, st.integers(1, 2500))
def test_uniform_numbers_lie_in_their_range_however_they_are_cut(seed: bytes, below: int, count: int) -> None:
    found = list(chain.from_iterable(uniform_chunks(Keystream(seed), below, count)))
    assert len(found) == count
    assert all(0 <= number < below for number in found)
    assert found == uniform(Keystream(seed), below, count)


@given(SEEDS, BELOW, st.integers(0, 500), st.integers(0, 500))
def test_a_draw_that_goes_on_equals_one_longer_draw(seed: bytes, below: int, first: int, second: int) -> None:
    stream = Keystream(seed)
    assert uniform(stream, below, first) + uniform(stream, below, second) == uniform(
        Keystream(seed), below, first + second
    )


@given(SEEDS, st.integers(1, 3000), st.data())
def test_different_numbers_are_those_of_the_recipe_and_no_byte_more_is_read(
    seed: bytes, below: int, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, below))
    page, stream = Page(seed), Keystream(seed)
    assert list(chain.from_iterable(distinct_chunks(stream, below, count))) == page.distinct(below, count)
    assert stream.take(16) == stream_by_the_page(seed, page.read + 16)[page.read :]


@given(SEEDS, BELOW, st.integers(1, 2500))
def test_different_numbers_are_different_and_in_their_range(seed: bytes, below: int, count: int) -> None:
    count = min(count, below)
    found = list(chain.from_iterable(distinct_chunks(Keystream(seed), below, count)))
    assert len(found) == len(set(found)) == count
    assert all(0 <= number < below for number in found)


@pytest.mark.parametrize("below", [1, 2, 255, 256, 257, 65535, 65536, 65537])
def test_all_of_a_range_drawn_without_replacement_is_a_permutation(below: int) -> None:
    assert sorted(chain.from_iterable(distinct_chunks(Keystream(SEED), below, below))) == list(range(below))


@pytest.mark.parametrize("below", [257, 65537, 10**9])
def test_a_short_draw_of_different_numbers_begins_a_longer_one(below: int) -> None:
    long = list(islice(chain.from_iterable(distinct_chunks(Keystream(SEED), below, 257)), 100))
    assert list(chain.from_iterable(distinct_chunks(Keystream(SEED), below, 100))) == long


def test_chunks_are_small_enough_for_others_to_have_their_turn() -> None:
    for chunks in (uniform_chunks(Keystream(SEED), 10, 5000), distinct_chunks(Keystream(SEED), 10**6, 5000)):
        assert max(map(len, chunks)) <= 1000
