"""Random requests of each method, edges of the ranges more often than chance would bring them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Params = dict[str, Any]
POWERS = [2**k for k in range(31)]
LETTERS = [chr(c) for c in (*range(33, 127), *range(0xC0, 0x180), *range(0x4E00, 0x4F00), *range(0x1F300, 0x1F380))]


def bounds(chance: random.Random) -> tuple[int, int]:
    low = chance.choice([0, 1, -1, -(10**9), chance.randint(-300, 300), chance.randint(-(10**9), 10**9)])
    power = chance.choice(POWERS)
    size = chance.choice([1, 2, 6, 100, power, power + 1, max(1, power - 1), chance.randint(1, 2 * 10**9 + 1)])
    return low, min(10**9, low + size - 1)


def count(chance: random.Random, domain: int, replacement: bool, most: int) -> int:
    most = most if replacement else min(domain, most)
    return chance.choice([1, most, chance.randint(1, most)])


def integers(chance: random.Random) -> Params:
    low, high = bounds(chance)
    replacement = chance.random() < 0.5
    n = count(chance, high - low + 1, replacement, 20)
    return {"n": n, "min": low, "max": high, "replacement": replacement, "base": chance.choice([2, 8, 10, 16])}


def sequences(chance: random.Random) -> Params:
    n = chance.randint(1, 5)
    ranges = [bounds(chance) for _ in range(n)]
    replacement = [chance.random() < 0.5 for _ in range(n)]
    lengths = [count(chance, high - low + 1, r, 8) for (low, high), r in zip(ranges, replacement, strict=True)]
    params: Params = {"n": n, "length": lengths, "min": [low for low, _ in ranges], "max": [high for _, high in ranges]}
    params |= {"replacement": replacement, "base": [chance.choice([2, 8, 10, 16]) for _ in range(n)]}
    return _with_common_values(params, chance)


def _with_common_values(params: Params, chance: random.Random) -> Params:
    """The same request, but with one value for all sequences where a list holds one value only, or at will for base."""
    if chance.random() < 0.5:
        params["base"] = params["base"][0]
    for name in ("length", "min", "max", "replacement"):
        if len(set(params[name])) == 1 and chance.random() < 0.5:
            params[name] = params[name][0]
    return params


def decimals(chance: random.Random) -> Params:
    places = chance.randint(1, 14)
    replacement = chance.random() < 0.5
    return {"n": count(chance, 10**places, replacement, 10), "decimalPlaces": places, "replacement": replacement}


def decimal_number(chance: random.Random) -> float | int:
    whole = chance.choice([0, 1, -1, 10**6, -(10**6), chance.randint(-(10**6), 10**6)])
    fine = round(chance.uniform(-1, 1), chance.randint(0, 15)) * 10.0 ** chance.randint(-9, 6)
    return chance.choice([whole, fine, chance.uniform(-(10**6), 10**6)])


def gaussians(chance: random.Random) -> Params:
    params: Params = {"n": chance.randint(1, 4), "mean": decimal_number(chance)}
    return params | {"standardDeviation": decimal_number(chance), "significantDigits": chance.randint(2, 14)}


def strings(chance: random.Random) -> Params:
    characters = "".join(chance.sample(LETTERS, chance.choice([1, 2, 10, 26, 64, 128, chance.randint(1, 128)])))
    length = chance.choice([1, 2, 32, chance.randint(1, 32)])
    replacement = chance.random() < 0.5
    n = count(chance, len(characters) ** length, replacement, 10)
    return {"n": n, "length": length, "characters": characters, "replacement": replacement}


def uuids(chance: random.Random) -> Params:
    return {"n": chance.randint(1, 10)}


def blobs(chance: random.Random) -> Params:
    size = 8 * chance.choice([1, 2, 3, 16, 32, chance.randint(1, 300)])
    return {"n": chance.randint(1, 5), "size": size, "format": chance.choice(["base64", "hex"])}


KINDS: dict[str, Callable[[random.Random], Params]] = {
    "generateIntegers": integers,
    "generateIntegerSequences": sequences,
    "generateDecimalFractions": decimals,
    "generateGaussians": gaussians,
    "generateStrings": strings,
    "generateUUIDs": uuids,
    "generateBlobs": blobs,
}
