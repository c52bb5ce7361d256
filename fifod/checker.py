#!/usr/bin/env python3
"""A second implementation of the recipe in RECIPE.md, which checks draws and shares no code with fifod.

It needs nothing but this file and Python 3.9 or later:

    python3 checker.py vectors FILE...   test vectors
    python3 checker.py receipt FILE      a receipt, as `fifod-client show SERIAL --json` prints it ("-": from stdin)
    python3 checker.py ledger PATH...    a ledger's directory, or some of its files in their order
"""

from __future__ import annotations

import argparse
import base64
import decimal
import functools
import hashlib
import itertools
import json
import os
import re
import sys
import uuid
from decimal import Decimal
from typing import Any, Iterable, Iterator, Mapping

BLOCK, SMALL = 65536, 1024
HEX64, TIME = re.compile(r"[0-9a-f]{64}"), re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
Params = Mapping[str, Any]


class Stream:
    """The endless bytes that follow from a seed, read from the first one onwards."""

    def __init__(self, seed: bytes) -> None:
        self._pieces, self._buffer, self._at = self._make(seed), b"", 0

    @staticmethod
    def _make(seed: bytes) -> Iterator[bytes]:
        first = hashlib.shake_256(seed + bytes(8))
        yield first.digest(SMALL)
        yield first.digest(BLOCK)[SMALL:]
        for i in itertools.count(1):
            yield hashlib.shake_256(seed + i.to_bytes(8, "big")).digest(BLOCK)

    def take(self, count: int) -> bytes:
        while len(self._buffer) - self._at < count:
            self._buffer, self._at = self._buffer[self._at :] + next(self._pieces), 0
        self._at += count
        return self._buffer[self._at - count : self._at]

    def uniform(self, r: int) -> int:
        k = (r - 1).bit_length()
        width, mask = (k + 7) // 8, (1 << k) - 1
        while True:
            candidate = int.from_bytes(self.take(width), "big") & mask
            if candidate < r:
                return candidate

    def distinct(self, r: int, n: int) -> Iterator[int]:
        if n > r:
            raise ValueError(f"{n} different values were asked for where there are {r}")
        moved: dict[int, int] = {}
        for i in range(n):
            j = i + self.uniform(r - i)
            yield moved.get(j, j)
            moved[j] = moved.pop(i, i)

    def below(self, r: int, n: int, params: Params) -> Iterable[int]:
        if choice(params, "replacement", (True, False)):
            return (self.uniform(r) for _ in range(n))
        return self.distinct(r, n)


def whole(params: Params, name: str, low: int, high: int) -> int:
    value = params.get(name)
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"the parameter {name} is {value!r:.40}, not an integer from {low} to {high}")
    return value


def choice(params: Params, name: str, choices: tuple[Any, ...]) -> Any:
    value = params.get(name, choices[0])
    if not any(type(value) is type(known) and value == known for known in choices):
        raise ValueError(f"the parameter {name} is {value!r:.40}, not one of {choices}")
    return value


def integers(params: Params, stream: Stream, count: str = "n") -> list[Any]:
    n, low = whole(params, count, 1, 10**6), whole(params, "min", -(10**9), 10**9)
    high, base = whole(params, "max", low, 10**9), choice(params, "base", (10, 2, 8, 16))
    numbers = (v + low for v in stream.below(high - low + 1, n, params))
    code = {10: "d", 2: "b", 8: "o", 16: "x"}[base]
    width = max(len(format(abs(edge), code)) for edge in (low, high))
    return list(numbers) if base == 10 else ["-" * (v < 0) + format(abs(v), code).zfill(width) for v in numbers]


def sequences(params: Params, stream: Stream) -> list[Any]:
    n = whole(params, "n", 1, 10**4)
    lists = {k: v if isinstance(v, list) else [v] * n for k, v in params.items()}
    own = ("length", "min", "max", "replacement", "base")
    if any(len(lists[k]) != n for k in own if k in lists):
        raise ValueError(f"a parameter's list has not the length n = {n}")
    return [integers({k: lists[k][i] for k in own if k in lists}, stream, "length") for i in range(n)]


def decimals(params: Params, stream: Stream) -> list[Any]:
    n, places = whole(params, "n", 1, 10**6), whole(params, "decimalPlaces", 1, 20)
    return [Decimal(v).scaleb(-places) for v in stream.below(10**places, n, params)]


def strings(params: Params, stream: Stream) -> list[Any]:
    n, length, characters = whole(params, "n", 1, 10**6), whole(params, "length", 1, 100), params.get("characters")
    if not isinstance(characters, str) or not 1 <= len(characters) <= 1000:
        raise ValueError("the parameter characters is not a text of 1 to 1000 characters")
    c = len(characters)
    places = [c**k for k in reversed(range(length))]
    numbers = stream.below(c**length, n, params)
    return ["".join(characters[v // place % c] for place in places) for v in numbers]


def uuids(params: Params, stream: Stream) -> list[Any]:
    return [str(uuid.UUID(bytes=stream.take(16), version=4)) for _ in range(whole(params, "n", 1, 10**6))]


def blobs(params: Params, stream: Stream) -> list[Any]:
    form, size = choice(params, "format", ("base64", "hex")), whole(params, "size", 8, 1 << 20)
    raw = (stream.take(size // 8) for _ in range(whole(params, "n", 1, 10**4)))
    return [b.hex() if form == "hex" else base64.b64encode(b).decode() for b in raw]


def exact(params: Params, name: str) -> Decimal:
    value = params.get(name)
    number = Decimal(str(value)) if type(value) in (int, float, Decimal) else Decimal("nan")
    if not number.is_finite() or abs(number) > 10**6 or (number and number.adjusted() < -400):
        raise ValueError(f"the parameter {name} is {value!r:.40}, not a number from -1000000 to 1000000")
    return number


def gaussians(params: Params, stream: Stream) -> list[Any]:
    n, digits = whole(params, "n", 1, 10**6), whole(params, "significantDigits", 1, 20)
    mean, deviation = exact(params, "mean"), exact(params, "standardDeviation")
    words = (int.from_bytes(stream.take(16), "big") for _ in range(n + n % 2))
    return [rounded(mean, deviation, a, b, place, digits) for a, b in zip(words, words) for place in (0, 1)][:n]


def rounded(mean: Decimal, deviation: Decimal, a: int, b: int, place: int, digits: int) -> Decimal:
    """One gaussian; the precision is doubled until an error in the last six digits cannot change the rounded result."""
    rounding = decimal.Context(prec=digits, rounding=decimal.ROUND_HALF_EVEN)
    for precision in (60, 120, 240, 480, 960, 1920):
        with decimal.localcontext(decimal.Context(prec=precision)):
            shift = deviation * box_muller(a, b, precision)[place]
            error = (abs(mean) + abs(shift)).scaleb(6 - precision) if shift else Decimal(0)
            low, high = (rounding.plus(mean + shift + e) for e in (-error, error))
        if low == high:
            return low
    raise ArithmeticError("a gaussian lies too near to a rounding boundary")


@functools.lru_cache(maxsize=8)
def box_muller(a: int, b: int, precision: int) -> tuple[Decimal, Decimal]:
    u = decimal.Context(prec=200).divide(Decimal(a + 1), Decimal(1 << 128))  # exact: ln u needs every digit near u = 1
    radius = (-2 * u.ln()).sqrt()
    cosine, sine = circle(b, precision)
    return radius * cosine, radius * sine


def circle(b: int, precision: int) -> tuple[Decimal, Decimal]:
    """Cosine and sine of b / 2^128 turns; whole quarter turns come off exactly, so that no digits are lost near them."""
    quarter, rest = b >> 126, b & ((1 << 126) - 1)
    far = rest > 1 << 125
    angle = ((1 << 126) - rest if far else rest) * pi(precision) / (1 << 127)
    sums, term = [Decimal(1), angle], angle
    for i in itertools.count(2):
        term = term * angle / i
        if abs(term) <= angle.scaleb(-precision):
            break
        sums[i % 2] += -term if i & 2 else term
    cosine, sine = reversed(sums) if far else sums
    return ((cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine))[quarter]


@functools.lru_cache(maxsize=None)
def pi(precision: int) -> Decimal:
    """Machin's formula in integers, with ten digits to spare."""
    total, one = 0, 10 ** (precision + 10)
    for factor, x in ((16, 5), (-4, 239)):
        power, k = factor * one // x, 0
        while power not in (0, -1):  # -1: a floor never reaches 0 from below
            total, power, k = total + (-1) ** k * (power // (2 * k + 1)), power // (x * x), k + 1
    return Decimal(total) / one


METHODS = {"generateIntegers": integers, "generateIntegerSequences": sequences, "generateDecimalFractions": decimals}
METHODS |= {"generateGaussians": gaussians, "generateStrings": strings, "generateUUIDs": uuids, "generateBlobs": blobs}


def values(method: str, params: Params, seed: bytes) -> list[Any]:
    """The `data` of a draw; decimals and gaussians are exact, as Decimal."""
    if method not in METHODS:
        raise ValueError(f"the recipe has no method {method!r:.40} with values")
    if len(seed) != 32:
        raise ValueError(f"a seed has 32 bytes, not {len(seed)}")
    return METHODS[method](params, Stream(seed))


def sha256(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return dict(pairs)


def parsed(text: bytes | str, what: str) -> dict[str, Any]:
    """The JSON object in a text; what two readers could read differently is refused."""
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=Decimal, object_pairs_hook=once)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"{what} is not proper JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not a JSON object")
    return value


def failed(*checks: tuple[bool, str]) -> list[str]:
    return [message for holds, message in checks if not holds]


def is_hex64(value: Any) -> bool:
    return isinstance(value, str) and HEX64.fullmatch(value) is not None


def differences(right: Any, shown: Any, place: str = "data") -> Iterator[str]:
    if isinstance(right, list) and isinstance(shown, list) and len(right) == len(shown):
        for i, pair in enumerate(zip(right, shown)):
            yield from differences(*pair, f"{place}[{i}]")
    elif isinstance(right, list):
        yield f"{place} is not the list of {len(right)} values that the recipe gives"
    elif right != shown or isinstance(shown, bool):
        yield f"{place} is {str(shown)!r:.80}, the recipe gives {str(right)!r:.80}"


def head_problems(head: dict[str, Any]) -> list[str]:
    draw = head.get("kind") == "draw"
    names = {"v", "kind", "time", "body", "prev"} | ({"serial"} if draw else set())
    return failed(
        (set(head) == names, "the head's members are not " + " ".join(sorted(names))),
        (head.get("v") == 1, "the head's v is not 1"),
        (not draw or type(head.get("serial")) is int, "the serial number is not an integer"),
        (TIME.fullmatch(str(head.get("time"))) is not None, "the time has not the form 2026-11-23T08:00:00.123456Z"),
        (is_hex64(head.get("body")) and is_hex64(head.get("prev")), "body and prev are not 64 lower-case hex digits"),
    )


def body_problems(head: dict[str, Any], text: bytes | str) -> list[str]:
    right = failed((sha256(text) == head.get("body"), "the body has not the SHA-256 that stands in the head"))
    if head.get("kind") != "draw":
        return right
    body = parsed(text, "the body")
    one_seed = ("seed" in body) != ("seedHash" in body) and is_hex64(body.get("seed", body.get("seedHash")))
    return right + failed(
        (body.get("recipe") == "fifod-1", f"the recipe is {body.get('recipe')!r:.40}; known here: fifod-1"),
        (body.get("method") in (*METHODS, "stream"), f"the method {body.get('method')!r:.40} is not one of the recipe's"),
        (isinstance(body.get("params"), dict), "params is not an object"),
        (one_seed, "there is not one seed, or one seedHash, of 64 lower-case hex digits"),
    )


def vectors(path: str) -> Iterator[str]:
    """What is wrong with a file of test vectors."""
    for i, vector in enumerate(parsed(text_of(path), path)["vectors"], 1):
        seed = bytes.fromhex(vector["seed"])
        if vector["method"] == "stream":
            right = [sha256(Stream(seed).take(vector["length"]))]
            wrong = list(differences(right, [vector["sha256"]], "sha256"))
        else:
            wrong = list(differences(values(vector["method"], vector["params"], seed), vector["data"]))
        yield from (f"vector {i}, {vector['method']}: {message}" for message in wrong)
    print(f"{path}: {i} vectors computed")


def receipt(path: str) -> Iterator[str]:
    """What is wrong with a receipt; says which draw it is and what was compared."""
    shown = parsed(text_of(path), "the receipt")
    yield from failed((shown.get("receipt") == "fifod-receipt-1", "this is not a receipt of the form fifod-receipt-1"))
    texts = str(shown.get("head")), str(shown.get("body"))
    head, body = parsed(texts[0], "the head"), parsed(texts[1], "the body")
    print(f"serial number {head.get('serial')}\nhash {sha256(texts[0])}")
    wrong = failed((head.get("kind") == "draw", "the record is not of a draw"))
    wrong += head_problems(head) + body_problems(head, texts[1])
    yield from wrong or data_problems(shown, body)


def data_problems(shown: dict[str, Any], body: dict[str, Any]) -> Iterator[str]:
    seed, data, method = body.get("seed", shown.get("seed")), shown.get("data"), body["method"]
    if body.get("repeatable"):
        print("repeatable: whoever asked could know the values before the draw")
    if data is None and (method == "stream" or "seedHash" in body):
        print("record complete; values not shown here, so none were compared")
    elif seed is None:
        yield "the values cannot be checked: this secret draw's seed is not in the receipt"
    if seed is None:
        return
    yield from failed((is_hex64(seed), "the seed is not 64 lower-case hex digits"))
    if "seedHash" in body and sha256(bytes.fromhex(seed)) != body["seedHash"]:
        yield "the seed is not the one drawn with: its SHA-256 is not the record's seedHash"
    elif data is not None:
        yield from differences(values(method, body["params"], bytes.fromhex(seed)), data)
        print("values compared with the recipe")


class Ledger:
    """A chain of records, read line by line."""

    def __init__(self, notes: Iterable[str]) -> None:
        self.hash, self.file, self.identity, self.serial = "", "", None, 0
        self.counts: collections.Counter[str] = collections.Counter()
        self.expected = {int(serial): digest for serial, digest in (note.split(":") for note in notes)}
