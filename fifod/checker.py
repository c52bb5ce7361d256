#!/usr/bin/env python3
"""A second implementation of the recipe in RECIPE.md: checks draws, shares no code with fifod, needs only Python 3.9.

checker.py vectors FILE     test vectors
checker.py receipt FILE     a receipt, as `fifod-client show SERIAL --json` prints it ("-": from stdin)
checker.py ledger PATH...   a ledger's directory, or some of its files in their order
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder: its other files must not stand in for modules of the standard library

import base64
import decimal
import functools
import hashlib
import itertools
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

Params = Mapping[str, Any]
BLOCK, SMALL, MILLION, HUNDRED, TWENTY = 65536, 1024, *(range(1, top + 1) for top in (10**6, 100, 20))


class Stream:
    """The endless bytes that follow from a seed, read from the first one onwards."""

    def __init__(self, seed: bytes) -> None:
        self._pieces, self._buffer, self._at = self._make(seed), b"", 0

    @staticmethod
    def _make(seed: bytes) -> Iterator[bytes]:
        yield hashlib.shake_256(seed + bytes(8)).digest(SMALL)  # enough for a small draw
        for i in itertools.count():
            yield hashlib.shake_256(seed + i.to_bytes(8, "big")).digest(BLOCK)[0 if i else SMALL :]

    def take(self, count: int) -> bytes:
        while len(self._buffer) - self._at < count:
            self._buffer, self._at = self._buffer[self._at :] + next(self._pieces), 0
        self._at += count
        return self._buffer[self._at - count : self._at]

    def uniform(self, r: int) -> int:
        k = (r - 1).bit_length()
        width, mask, candidate = (k + 7) // 8, (1 << k) - 1, r
        while candidate >= r:
            candidate = int.from_bytes(self.take(width), "big") & mask
        return candidate

    def distinct(self, r: int, n: int) -> Iterator[int]:
        moved: dict[int, int] = {}
        for i in range(n):
            j = i + self.uniform(r - i)
            yield moved.get(j, j)
            moved[j] = moved.pop(i, i)

    def below(self, r: int, n: int, params: Params) -> Iterable[int]:
        if parameter(params, "replacement", (True, False), True):
            return (self.uniform(r) for _ in range(n))
        if n > r:
            raise ValueError(f"{n} different values were asked for where there are {r}")
        return self.distinct(r, n)


def parameter(params: Params, name: str, allowed: Sequence[Any], default: Any = None) -> Any:
    value = params.get(name, default)
    if type(value) is not type(allowed[0]) or value not in allowed:
        raise ValueError(f"the parameter {name} is {value!r:.40}, not one of {allowed}")
    return value


def integers(params: Params, stream: Stream, count: str = "n") -> list[Any]:
    n, low = parameter(params, count, MILLION), parameter(params, "min", range(-(10**9), 10**9 + 1))
    high, base = parameter(params, "max", range(low, 10**9 + 1)), parameter(params, "base", (2, 8, 10, 16), 10)
    numbers = (v + low for v in stream.below(high - low + 1, n, params))
    code = {10: "d", 2: "b", 8: "o", 16: "x"}[base]
    width = max(len(format(abs(edge), code)) for edge in (low, high))
    return list(numbers) if base == 10 else ["-" * (v < 0) + format(abs(v), code).zfill(width) for v in numbers]


def sequences(params: Params, stream: Stream) -> list[Any]:
    n, own = parameter(params, "n", MILLION[:1000]), ("length", "min", "max", "replacement", "base")
    lists = {k: params[k] if isinstance(params[k], list) else [params[k]] * n for k in own if k in params}
    if any(len(column) != n for column in lists.values()):
        raise ValueError(f"a parameter's list has not the length n = {n}")
    return [integers({k: column[i] for k, column in lists.items()}, stream, "length") for i in range(n)]


def decimals(params: Params, stream: Stream) -> list[Any]:
    n, places = parameter(params, "n", MILLION), parameter(params, "decimalPlaces", TWENTY)
    return [Decimal(v).scaleb(-places) for v in stream.below(10**places, n, params)]


def strings(params: Params, stream: Stream) -> list[Any]:
    n, length, characters = parameter(params, "n", MILLION), parameter(params, "length", HUNDRED), params["characters"]
    places = [len(characters) ** k for k in reversed(range(length))]
    numbers = stream.below(len(characters) ** length, n, params)
    return ["".join(characters[v // place % len(characters)] for place in places) for v in numbers]


def uuids(params: Params, stream: Stream) -> list[Any]:
    return [str(uuid.UUID(bytes=stream.take(16), version=4)) for _ in range(parameter(params, "n", MILLION))]


def blobs(params: Params, stream: Stream) -> list[Any]:
    n, size = parameter(params, "n", HUNDRED), parameter(params, "size", range(8, (1 << 20) + 1, 8))
    hexed = parameter(params, "format", ("base64", "hex"), "base64") == "hex"
    return [b.hex() if hexed else base64.b64encode(b).decode() for b in (stream.take(size // 8) for _ in range(n))]


def gaussians(params: Params, stream: Stream) -> list[Any]:
    n, digits = parameter(params, "n", MILLION), parameter(params, "significantDigits", TWENTY)
    mean, deviation = (Decimal(str(params[name])) for name in ("mean", "standardDeviation"))
    if not max(abs(mean), abs(deviation)) <= 10**6 or (deviation and deviation.adjusted() < -400):
        raise ValueError("the mean or the standard deviation is outside -1000000 to 1000000, or finer than 1e-400")
    return [x for _ in range((n + 1) // 2) for x in box_muller(mean, deviation, stream.take(32), digits)][:n]


def box_muller(mean: Decimal, deviation: Decimal, pair: bytes, digits: int, precision: int = 60) -> list[Decimal]:
    """A pair of gaussians; precision grows until an error in its last six digits cannot change what is rounded."""
    rounding = decimal.Context(prec=digits, rounding=decimal.ROUND_HALF_EVEN)
    a, b = divmod(int.from_bytes(pair, "big"), 1 << 128)
    u = decimal.Context(prec=200).divide(a + 1, 1 << 128)  # exact: near u = 1 every digit counts in ln u
    with decimal.localcontext(decimal.Context(prec=precision)):
        shifts = [deviation * (-2 * u.ln()).sqrt() * z for z in circle(b, precision)]
        margins = [(abs(mean) + abs(s)).scaleb(6 - precision) if s else s for s in shifts]
        edges = [[rounding.plus(mean + shifts[i] + sign * margins[i]) for i in (0, 1)] for sign in (-1, 1)]
    return edges[0] if edges[0] == edges[1] else box_muller(mean, deviation, pair, digits, precision * 2)


def circle(b: int, precision: int) -> tuple[Decimal, Decimal]:
    """Cosine and sine of b / 2^128 turns; whole quarter turns come off exactly, so no digits are lost near them."""
    quarter, rest = b >> 126, b & ((1 << 126) - 1)
    far = rest > 1 << 125
    term = angle = ((1 << 126) - rest if far else rest) * pi(precision) / (1 << 127)
    sums = [Decimal(1), angle]
    for i in range(2, precision):  # the last terms are below angle / precision!, far finer than the precision
        term = term * angle / i
        sums[i % 2] += -term if i & 2 else term
    cosine, sine = sums[far], sums[not far]
    return ((cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine))[quarter]


@functools.cache
def pi(precision: int) -> Decimal:
    """Machin's formula in integers, with ten digits to spare."""
    total = 0
    for factor, x in ((16, 5), (-4, 239)):
        power, k = 10 ** (precision + 10) // x, 1
        while power:
            total += factor * (power // k)
            factor, power, k = -factor, power // (x * x), k + 2
    return Decimal(f"{total}e-{precision + 10}")


METHODS = {"generateIntegers": integers, "generateIntegerSequences": sequences, "generateDecimalFractions": decimals}
METHODS.update(generateGaussians=gaussians, generateStrings=strings, generateUUIDs=uuids, generateBlobs=blobs)


def values(method: str, params: Params, seed: bytes) -> list[Any]:
    """The `data` of a draw; decimals and gaussians are exact, as Decimal."""
    return METHODS[method](params, Stream(seed))


def sha256(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def parsed(text: bytes | str, what: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a name stands twice in one object")
        return dict(pairs)

    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=str, object_pairs_hook=once)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"{what} is not proper JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not a JSON object")
    return value


def hex64(*texts: Any) -> bool:
    return all(isinstance(text, str) and re.fullmatch("[0-9a-f]{64}", text) for text in texts)


def failed(*checks: tuple[bool, str]) -> list[str]:
    return [message for holds, message in checks if not holds]


def differences(right: Any, shown: Any, place: str = "data") -> Iterator[str]:
    if isinstance(right, list) and isinstance(shown, list) and len(right) == len(shown):
        for i, value in enumerate(right):
            yield from differences(value, shown[i], f"{place}[{i}]")
    elif isinstance(shown, bool) or right != shown:
        yield f"{place} is {str(shown)!r:.80}, the recipe gives {str(right)!r:.80}"


def vectors(paths: list[str]) -> Iterator[str]:
    given = [vector for path in paths for vector in parsed(Path(path).read_bytes(), path)["vectors"]]
    for i, v in enumerate(given, 1):
        method, seed, shown = v["method"], bytes.fromhex(v["seed"]), v.get("data", v.get("sha256"))
        right = sha256(Stream(seed).take(v["length"])) if method == "stream" else values(method, v["params"], seed)
        yield from (f"vector {i}, {method}: {message}" for message in differences(right, shown))
    print(f"{len(given)} vectors computed")


def receipt(paths: list[str]) -> Iterator[str]:
    shown = parsed(sys.stdin.read() if paths == ["-"] else Path(*paths).read_bytes(), "the receipt")
    head, body = (parsed(str(shown.get(part)), f"the {part}") for part in ("head", "body"))
    print(f"serial number {head.get('serial')}\nhash {sha256(shown['head'])}")
    wrong = record_problems(head, shown["body"]) + failed(
        (shown.get("receipt") == "fifod-receipt-1", "the receipt is not of the form fifod-receipt-1"),
        (head.get("kind") == "draw", "the record is not of a draw"),
    )
    yield from wrong or value_problems(body, body.get("seed", shown.get("seed")), shown.get("data"))


def value_problems(body: dict[str, Any], seed: Any, data: Any) -> Iterator[str]:
    if seed is not None and (not hex64(seed) or body.get("seedHash", digest := sha256(bytes.fromhex(seed))) != digest):
        yield "the seed is not the one in the record"
    elif data is None and ("seedHash" in body or body["method"] == "stream"):
        print("values: not in the receipt, so not compared" + ", but the seed is the draw's" * bool(seed))
    elif seed is None:
        yield "the values cannot be checked without the seed of this secret draw"
    else:
        yield from differences(values(body["method"], body["params"], bytes.fromhex(seed)), data)
        print("values: compared with what the recipe gives" + ", repeatable" * bool(body.get("repeatable")))


def record_problems(head: dict[str, Any], body_text: bytes | str) -> list[str]:
    draw, names = head.get("kind") == "draw", {"v", "kind", "time", "body", "prev"}
    wrong = failed(
        (set(head) == names | ({"serial"} if draw else set()), "the head has not the members that it should have"),
        (head.get("v") == 1 and hex64(head.get("body"), head.get("prev")), "the head is not well-formed"),
        (not body_text or sha256(body_text) == head.get("body"), "the body has not the SHA-256 in the head"),
    )
    if draw and body_text:
        body = parsed(body_text, "the body")
        seeds = [body[name] for name in ("seed", "seedHash") if name in body]
        wrong += failed(
            (body.get("recipe") == "fifod-1", f"the recipe is {body.get('recipe')!r:.40}; known here: fifod-1"),
            (body.get("method") in (*METHODS, "stream"), f"the method {body.get('method')!r:.40} has no recipe"),
            (len(seeds) == 1 and hex64(*seeds), "there is not one seed, or seedHash, of 64 lower-case hex digits"),
        )
    return wrong


def lines_of(paths: list[str]) -> Iterator[tuple[str, int, bytes]]:
    for file in (file for path in map(Path, paths) for file in (sorted(path.glob("*.jsonl")) or [path])):
        with file.open("rb") as lines:
            yield from ((f"{file.name} line {i}", i, line) for i, line in enumerate(lines, 1))


def ledger(paths: list[str]) -> Iterator[str]:
    before, serial, count, bare = "", -1, 0, 0
    for place, number, line in lines_of(paths):
        head_bytes, _, body_bytes = line.rstrip(b"\n").partition(b"\t")
        try:
            head = parsed(head_bytes, "the head")
            wrong = record_problems(head, body_bytes)
        except ValueError as error:
            head, wrong = {}, [str(error)]
        kind, expected = head.get("kind"), before or ("0" * 64 if head.get("kind") == "ledger" else head.get("prev"))
        got, serial = head.get("serial"), 0 if kind == "ledger" else serial
        count, bare = count + 1, bare + (not body_bytes)
        wrong += failed(
            (line.endswith(b"\n"), "the line has no newline: it is torn"),
            ((kind in ("ledger", "segment")) == (number == 1), "not a file's first record, or one in the wrong place"),
            (head.get("prev") == expected, "prev is not the hash of the record before: a change, or a moved line"),
            (kind != "draw" or got == serial + 1 or serial < 0, f"serial {got!r:.20} does not follow {serial}"),
        )
        before, serial = sha256(head_bytes), got if type(got) is int else serial
        yield from (f"{place}: {message}" for message in wrong)
    print(f"{count} records ({bare} without their body), last serial number {serial}, last hash {before}")


def main() -> int:
    commands = {"vectors": vectors, "receipt": receipt, "ledger": ledger}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    try:
        problems = list(commands[sys.argv[1]](sys.argv[2:]))
    except (ValueError, LookupError, TypeError, ArithmeticError, OSError) as error:
        problems = [f"cannot be checked: {type(error).__name__}: {error}"]
    print(*problems, f"{len(problems)} fault{'s' * (len(problems) > 1)}" if problems else "all of it holds", sep="\n")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
