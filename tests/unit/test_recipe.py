"""The recipe: what a draw's values look like, and how they are cut into pieces."""

from __future__ import annotations

import base64
import datetime
import json
import math
import re
import string
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fifod.params import normalise
from fifod.recipe import bits_used, data_pieces, values
from fifod.types import AnyParams

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text(), parse_float=Decimal)["vectors"]
SEED = bytes(range(32))
SEEDS = st.binary(min_size=32, max_size=32)
TODAY = datetime.date(2026, 11, 23)

bounds = st.tuples(*[st.integers(-(10**9), 10**9)] * 2).map(sorted)
bases = st.sampled_from([2, 8, 10, 16])


def params(method: str, **given: object) -> AnyParams:
    return normalise(method, given, TODAY)


def drawn(method: str, seed: bytes = SEED, **given: object) -> list[Any]:
    return list(json.loads("".join(data_pieces(params(method, **given), seed))))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["method"])
def test_it_agrees_with_the_published_vectors(vector: dict[str, Any]) -> None:
    if vector["method"] == "stream":
        return  # has no array of values: see the keystream's tests
    given = {name: float(one) if isinstance(one, Decimal) else one for name, one in vector["params"].items()}
    assert values(vector["method"], given, bytes.fromhex(vector["seed"])) == vector["data"]


@pytest.mark.parametrize("n", [1, 2, 999, 1000, 1001, 2000, 5000])
@pytest.mark.parametrize("replacement", [True, False])
def test_pieces_join_to_one_array_of_n_values(n: int, replacement: bool) -> None:
    pieces = list(data_pieces(params("generateIntegers", n=n, min=1, max=5000, replacement=replacement), SEED))
    found = json.loads("".join(pieces))
    assert len(found) == n
    assert all(1 <= value <= 5000 for value in found)
    assert replacement or len(set(found)) == n


def test_a_large_draw_comes_in_small_pieces() -> None:
    pieces = list(data_pieces(params("generateIntegers", n=100_000, min=0, max=10**9), SEED))
    assert max(map(len, pieces)) < 65536


@given(SEEDS, bounds, bases, st.integers(1, 50))
def test_integers_lie_in_their_range_in_every_base(seed: bytes, ends: list[int], base: int, n: int) -> None:
    low, high = ends
    given = {"n": n, "min": low, "max": high}
    plain = drawn("generateIntegers", seed, **given)
    assert all(low <= value <= high for value in plain)
    if base != 10:
        written = drawn("generateIntegers", seed, base=base, **given)
        assert [int(text, base) for text in written] == plain
        assert len({len(text.removeprefix("-")) for text in written}) == 1


@pytest.mark.parametrize(
    ("low", "high", "base", "texts"),
    [
        (0, 1, 2, {"0", "1"}),
        (-1, 2, 2, {"-01", "00", "01", "10"}),
        (7, 8, 8, {"07", "10"}),
        (-16, -15, 16, {"-10", "-0f"}),
        (0, 0, 16, {"0"}),
    ],
)
def test_other_bases_are_padded_to_the_widest_of_the_bounds(low: int, high: int, base: int, texts: set[str]) -> None:
    assert set(drawn("generateIntegers", n=200, min=low, max=high, base=base)) == texts


@given(SEEDS, st.lists(st.tuples(st.integers(1, 30), st.integers(-50, 50), st.booleans()), min_size=1, max_size=5))
def test_sequences_go_on_where_the_last_one_stopped(seed: bytes, shapes: list[tuple[int, int, bool]]) -> None:
    lengths, lows, replacements = (list(column) for column in zip(*shapes, strict=True))
    highs = [low + 29 for low in lows]
    found = drawn(
        "generateIntegerSequences",
        seed,
        n=len(shapes),
        length=lengths,
        min=lows,
        max=highs,
        replacement=replacements,
    )
    assert [len(one) for one in found] == lengths
    for one, low, replacement in zip(found, lows, replacements, strict=True):
        assert all(low <= value <= low + 29 for value in one)
        assert replacement or len(set(one)) == len(one)
    assert found[0] == drawn(
        "generateIntegers", seed, n=lengths[0], min=lows[0], max=highs[0], replacement=replacements[0]
    )


def test_equal_sequences_are_one_long_draw_in_parts() -> None:
    found = drawn("generateIntegerSequences", n=3, length=4, min=1, max=6)
    assert found[0] + found[1] + found[2] == drawn("generateIntegers", n=12, min=1, max=6)


@given(SEEDS, st.integers(1, 14), st.integers(1, 20), st.booleans())
def test_decimals_have_their_places_and_stay_below_one(seed: bytes, places: int, n: int, replacement: bool) -> None:
    n = min(n, 10**places)
    given: dict[str, object] = {"n": n, "decimalPlaces": places, "replacement": replacement}
    found = values("generateDecimalFractions", given, seed)
    assert len(found) == n
    for value in found:
        exact = Decimal(str(value))
        assert 0 <= exact < 1
        assert exact == round(exact, places)
    assert replacement or len(set(found)) == n


@given(SEEDS, st.text(string.printable.strip() + "äß😀", min_size=1, max_size=20).map(set), st.integers(1, 32))
def test_strings_have_their_length_and_their_characters_only(seed: bytes, characters: set[str], length: int) -> None:
    found = drawn("generateStrings", seed, n=5, length=length, characters="".join(sorted(characters)))
    assert [len(text) for text in found] == [length] * 5
    assert set("".join(found)) <= characters


def test_all_strings_there_are_can_be_drawn_without_replacement() -> None:
    found = drawn("generateStrings", n=8, length=3, characters='a"', replacement=False)
    assert sorted(found) == sorted(a + b + c for a in 'a"' for b in 'a"' for c in 'a"')


@given(SEEDS, st.integers(1, 20))
def test_uuids_are_of_version_4(seed: bytes, n: int) -> None:
    found = drawn("generateUUIDs", seed, n=n)
    assert len(set(found)) == n
    for text in found:
        assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", text)
        assert str(uuid.UUID(text)) == text


@given(SEEDS, st.integers(1, 5), st.integers(1, 300))
def test_blobs_have_their_size_and_are_the_same_in_both_formats(seed: bytes, n: int, size: int) -> None:
    written = drawn("generateBlobs", seed, n=n, size=8 * size)
    hexed = drawn("generateBlobs", seed, n=n, size=8 * size, format="hex")
    assert [base64.b64decode(text, validate=True) for text in written] == [bytes.fromhex(text) for text in hexed]
    assert all(len(text) == 2 * size and text == text.lower() for text in hexed)


@pytest.mark.parametrize("mean", [0, 1e-300, 123456.789, -1_000_000])
@pytest.mark.parametrize("deviation", [0, 1e-300, 0.5, 1_000_000])
def test_gaussians_are_json_numbers_whatever_their_size(mean: float, deviation: float) -> None:
    found = drawn("generateGaussians", n=5, mean=mean, standardDeviation=deviation, significantDigits=14)
    assert len(found) == 5
    assert all(math.isfinite(value) for value in found)


@pytest.mark.parametrize(
    ("method", "given", "longer"),
    [
        ("generateIntegers", {"min": 1, "max": 1000, "replacement": False}, 1000),
        ("generateDecimalFractions", {"decimalPlaces": 9}, 5000),
        ("generateGaussians", {"mean": 0, "standardDeviation": 1, "significantDigits": 9}, 21),
        ("generateStrings", {"length": 32, "characters": "abc"}, 9000),
        ("generateUUIDs", {}, 1000),
        ("generateBlobs", {"size": 800_000}, 1),
    ],
)
def test_a_shorter_draw_begins_a_longer_one(method: str, given: dict[str, Any], longer: int) -> None:
    short = longer // 2 or 1
    assert drawn(method, n=short, **given) == drawn(method, n=longer, **given)[:short]


@pytest.mark.parametrize(
    ("method", "given", "bits"),
    [
        ("generateIntegers", {"n": 3, "min": 1, "max": 6}, 8),
        ("generateIntegers", {"n": 1, "min": 0, "max": 36}, 5),
        ("generateIntegers", {"n": 32, "min": 0, "max": 255}, 256),
        ("generateIntegers", {"n": 5, "min": 7, "max": 7}, 0),
        ("generateIntegers", {"n": 6, "min": 1, "max": 60, "replacement": False}, 35),
        ("generateIntegerSequences", {"n": 2, "length": [5, 1], "min": 1, "max": [69, 26]}, 36),
        ("generateDecimalFractions", {"n": 10, "decimalPlaces": 8}, 266),
        ("generateGaussians", {"n": 4, "mean": 0, "standardDeviation": 1, "significantDigits": 8}, 106),
        ("generateStrings", {"n": 8, "length": 10, "characters": string.ascii_lowercase}, 376),
        ("generateUUIDs", {"n": 1}, 122),
        ("generateBlobs", {"n": 2, "size": 1024}, 2048),
    ],
)
def test_bits_used_are_random_orgs(method: str, given: dict[str, object], bits: int) -> None:
    assert bits_used(params(method, **given)) == bits
