"""Decimals, gaussians, strings, UUIDs, blobs and streams are fair."""

from __future__ import annotations

import base64
import itertools
import math
import uuid
from collections.abc import Iterable, Sequence
from decimal import Decimal

import pytest

from fifod.checker import Stream
from tests.statistics.chi_square import LEAST, evenness, fit, plausible, tail
from tests.statistics.samples import drawn, fair, folded, lame_bytes, seed

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def digits(value: Decimal, places: int) -> str:
    return f"{value:.{places}f}"[2:]


@pytest.mark.parametrize("places", [1, 2, 3])
def test_each_decimal_fraction_is_equally_likely(places: int) -> None:
    found = drawn("generateDecimalFractions", 6, n=10_000, decimalPlaces=places, replacement=True)
    assert plausible(evenness(found, (Decimal(v).scaleb(-places) for v in range(10**places))))


@pytest.mark.parametrize("places", [7, 14])
def test_each_digit_of_long_decimals_is_fair(places: int) -> None:
    found = [digits(v, places) for v in drawn("generateDecimalFractions", 3, n=10_000, decimalPlaces=places)]
    for place in range(places):
        assert plausible(evenness((text[place] for text in found), "0123456789")), place
    pairs = (text[i : i + 2] for text in found for i in range(0, places - 1, 2))
    assert plausible(evenness(pairs, map("".join, itertools.product("0123456789", repeat=2))))


@pytest.mark.parametrize("places", [1, 2, 3, 7, 14])
def test_decimals_from_a_remainder_would_be_found(places: int) -> None:
    uniform = folded(f"decimals {places}")
    found = (f"{uniform(10**places):0{places}d}"[0] for _ in range(30_000))
    assert evenness(found, "0123456789") < LEAST


def test_decimals_without_replacement_are_all_of_them_in_any_order() -> None:
    found = list(drawn("generateDecimalFractions", 3_000, n=10, decimalPlaces=1, replacement=False))
    orders = [found[i : i + 10] for i in range(0, len(found), 10)]
    assert all(len(set(order)) == 10 for order in orders)
    for place in (0, 1, 5, 9):
        assert plausible(evenness((order[place] for order in orders), (Decimal(v) / 10 for v in range(10))))


def normality(values: Iterable[float], bins: int = 100) -> float:
    """The p-value of values that should be standard gaussians, counted by where the normal law puts them."""
    counts = [0] * bins
    for z in values:
        counts[min(bins - 1, int(bins * (1 + math.erf(z / math.sqrt(2))) / 2))] += 1
    return fit(counts)


@pytest.mark.parametrize(("mean", "deviation"), [(0, 1), (100, 15), (-3.25, 0.001), (5, -2)])
def test_gaussians_follow_the_normal_law(mean: float, deviation: float) -> None:
    found = drawn("generateGaussians", n=10_000, mean=mean, standardDeviation=deviation, significantDigits=14)
    assert plausible(normality((float(x) - mean) / deviation for x in found))


def test_the_two_gaussians_of_a_pair_are_independent() -> None:
    found = drawn("generateGaussians", n=10_000, mean=0, standardDeviation=1, significantDigits=10)
    pairs = list(zip(*[map(float, found)] * 2, strict=True))
    angles = (int(24 * (math.atan2(y, x) / (2 * math.pi) % 1)) for x, y in pairs)
    assert plausible(evenness(angles, range(24)))
    assert plausible(evenness((int(20 * math.exp(-(x * x + y * y) / 2)) for x, y in pairs), range(20)))


def test_the_far_tails_of_gaussians_are_there() -> None:
    found = [float(x) for x in drawn("generateGaussians", n=10_000, mean=0, standardDeviation=1, significantDigits=6)]
    far = [sum(x > 2.5 for x in found), sum(x < -2.5 for x in found)]
    expected = math.erfc(2.5 / math.sqrt(2)) / 2
    assert plausible(fit([*far, len(found) - sum(far)], [expected, expected, 1 - 2 * expected]))


def test_sums_of_uniform_numbers_would_not_pass_for_gaussians() -> None:
    uniform = fair("sums")
    sums = (sum(uniform(1 << 32) for _ in range(3)) / (1 << 32) for _ in range(40_000))
    assert normality((s - 1.5) * 2 for s in sums) < LEAST


def test_gaussians_of_a_wrong_scale_would_be_found() -> None:
    found = drawn("generateGaussians", n=10_000, mean=0, standardDeviation=1.1, significantDigits=10)
    assert normality(float(x) for x in found) < LEAST


def letters_at_each_place(found: Sequence[str], characters: str) -> list[float]:
    return [evenness((text[i] for text in found), characters) for i in range(len(found[0]))]


@pytest.mark.parametrize("characters", [LETTERS, "01", "xyz", "äß→🎲中文é", "0123456789ABCDEFG"])
def test_each_letter_is_equally_likely_at_each_place(characters: str) -> None:
    found = list(drawn("generateStrings", 2, n=10_000, length=8, characters=characters, replacement=True))
    assert all(map(plausible, letters_at_each_place(found, characters)))


def test_letters_of_long_strings_are_fair_to_the_last_place() -> None:
    found = list(drawn("generateStrings", 2, n=10_000, length=32, characters=LETTERS, replacement=True))
    assert all(map(plausible, letters_at_each_place(found, LETTERS)))


def test_each_whole_string_is_equally_likely() -> None:
    found = drawn("generateStrings", 2, n=10_000, length=3, characters="xyz", replacement=True)
    assert plausible(evenness(found, map("".join, itertools.product("xyz", repeat=3))))


def test_strings_without_replacement_are_chosen_fairly() -> None:
    found = list(drawn("generateStrings", 8_000, n=3, length=1, characters="vwxyz", replacement=False))
    choices = zip(*[iter(found)] * 3, strict=True)
    assert plausible(evenness(choices, itertools.permutations("vwxyz", 3)))


def test_strings_from_a_remainder_would_be_found() -> None:
    uniform = folded("strings")
    found = [LETTERS[uniform(26**8) // 26**7] for _ in range(20_000)]
    assert evenness(found, LETTERS) < LEAST


def bit_balance(numbers: Sequence[int], bits: Iterable[int]) -> float:
    """The p-value of numbers each of whose named bits should be set half of the time."""
    half, known = len(numbers) / 2, list(bits)
    ones = [sum(v >> bit & 1 for v in numbers) for bit in known]
    return tail(sum((count - half) ** 2 / (half / 2) for count in ones), len(known))


FREE_BITS = [bit for bit in range(128) if not 76 <= bit <= 79 and not 62 <= bit <= 63]


def test_each_free_bit_of_uuids_is_fair_and_the_others_are_fixed() -> None:
    found = [uuid.UUID(text) for text in drawn("generateUUIDs", 10, n=1_000)]
    assert {(u.version, u.variant) for u in found} == {(4, uuid.RFC_4122)}
    assert len(FREE_BITS) == 122
    assert plausible(bit_balance([u.int for u in found], FREE_BITS))
    assert len(set(found)) == len(found)


def test_uuids_from_lame_bytes_would_be_found() -> None:
    raw = lame_bytes("uuids", 160_000)
    numbers = [int.from_bytes(raw[i : i + 16], "big") for i in range(0, len(raw), 16)]
    assert bit_balance(numbers, FREE_BITS) < LEAST


@pytest.mark.parametrize("form", ["hex", "base64"])
def test_each_byte_of_blobs_is_equally_likely(form: str) -> None:
    decode = bytes.fromhex if form == "hex" else base64.b64decode
    raw = b"".join(map(decode, drawn("generateBlobs", n=50, size=20_000, format=form)))
    assert len(raw) == 125_000
    assert plausible(evenness(raw, range(256)))


def test_blobs_of_lame_bytes_would_be_found() -> None:
    assert evenness(lame_bytes("blobs", 125_000), range(256)) < LEAST


def test_pairs_of_stream_bytes_are_equally_likely_across_blocks() -> None:
    raw = Stream(seed("stream")).take(1_000_000)
    assert plausible(evenness(memoryview(raw).cast("H"), range(65_536)))


def test_blocks_of_a_stream_differ() -> None:
    raw = Stream(seed("blocks")).take(40 * 65_536)
    heads = {raw[i : i + 16] for i in range(0, len(raw), 65_536)}
    assert len(heads) == 40
