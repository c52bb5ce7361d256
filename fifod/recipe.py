"""The recipe fifod-1: from seed and parameters to the reply's `data`, piece by piece (RECIPE.md is the definition).

Each piece is JSON text of up to about a thousand values, so that a reply of a million can be made while others are
served.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import msgspec

from fifod.gaussians import gaussian_values
from fifod.keystream import CHUNK, Keystream, distinct_chunks, uniform, uniform_chunks
from fifod.types import PARAMS, AnyParams, Blobs, Decimals, Gaussians, Integers, Sequences, Strings, UUIDs


def data_pieces(params: AnyParams, seed: bytes) -> Iterator[str]:
    """The values of a draw as JSON: put together, the pieces are one array. Not for `stream`, which has no array."""
    opening = "["
    for piece in _WRITERS[params.method](params, Keystream(seed)):
        yield opening + piece
        opening = ","
    yield "]"


def data(params: AnyParams, seed: bytes) -> str:
    """The values of a small draw as JSON, at once."""
    return f"[{','.join(_WRITERS[params.method](params, Keystream(seed)))}]"


def values(method: str, params: dict[str, object], seed: bytes) -> list[object]:
    """The values of a recorded draw; decimals and gaussians as decimal.Decimal, so that they compare exactly."""
    normalised = msgspec.convert(params, PARAMS[method])
    found: list[object] = json.loads(data(normalised, seed), parse_float=Decimal)
    return found


def bits_used(params: AnyParams) -> int:
    """RANDOM.ORG's measure of the randomness in a draw: n times log2 of the number of possible values, rounded."""
    return round(_BITS[params.method](params))


def _numbers(stream: Keystream, below: int, n: int, replacement: bool) -> Iterable[list[int]]:
    if not replacement:
        return distinct_chunks(stream, below, n)
    return uniform_chunks(stream, below, n) if n > CHUNK else [uniform(stream, below, n)]


def _write_integers(params: Integers, stream: Keystream) -> Iterator[str]:
    low = params.min
    for chunk in _numbers(stream, params.max - low + 1, params.n, params.replacement):
        if params.base == 10:
            yield ",".join([str(low + number) for number in chunk])
        else:
            yield ",".join([f'"{_in_base(low + number, params)}"' for number in chunk])


_BASE_FORMS = {2: "b", 8: "o", 16: "x"}


def _in_base(value: int, params: Integers) -> str:
    form = _BASE_FORMS[params.base]
    width = len(format(max(abs(params.min), abs(params.max)), form))
    return ("-" if value < 0 else "") + format(abs(value), form).zfill(width)


def _write_sequences(params: Sequences, stream: Keystream) -> Iterator[str]:
    for one in params.each():
        yield f"[{','.join(_write_integers(one, stream))}]"


def _write_decimals(params: Decimals, stream: Keystream) -> Iterator[str]:
    for chunk in _numbers(stream, 10**params.decimal_places, params.n, params.replacement):
        yield ",".join([_fraction(number, params.decimal_places) for number in chunk])


def _fraction(number: int, places: int) -> str:
    return f"0.{number:0{places}d}".rstrip("0").rstrip(".")


def _write_gaussians(params: Gaussians, stream: Keystream) -> Iterator[str]:
    pairs = gaussian_values(stream, params.n, params.mean, params.standard_deviation, params.significant_digits)
    for pair in pairs:
        yield ",".join([_plain(value) for value in pair])


def _plain(value: Decimal) -> str:
    """Without an exponent where a person would write none, without trailing zeros, and without a minus before zero."""
    if not value:
        return "0"
    shortest = value.normalize()
    return f"{shortest:f}" if -20 < shortest.adjusted() < 20 else f"{shortest:e}"


def _write_strings(params: Strings, stream: Keystream) -> Iterator[str]:
    for chunk in _numbers(stream, len(params.characters) ** params.length, params.n, params.replacement):
        yield ",".join([json.dumps(_string(number, params), ensure_ascii=False) for number in chunk])


def _string(number: int, params: Strings) -> str:
    found = []
    for _ in range(params.length):
        number, digit = divmod(number, len(params.characters))
        found.append(params.characters[digit])
    return "".join(reversed(found))


def _write_uuids(params: UUIDs, stream: Keystream) -> Iterator[str]:
    yield ",".join([f'"{_uuid(stream.take(16))}"' for _ in range(params.n)])


def _uuid(taken: bytes) -> str:
    number = int.from_bytes(taken, "big")
    number = number & ~(0xF << 76) | 4 << 76
    number = number & ~(3 << 62) | 2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _write_blobs(params: Blobs, stream: Keystream) -> Iterator[str]:
    for _ in range(params.n):
        taken = stream.take(params.size // 8)
        yield f'"{taken.hex() if params.format == "hex" else base64.b64encode(taken).decode()}"'


_WRITERS: dict[str, Callable[..., Iterator[str]]] = {
    Integers.method: _write_integers,
    Sequences.method: _write_sequences,
    Decimals.method: _write_decimals,
    Gaussians.method: _write_gaussians,
    Strings.method: _write_strings,
    UUIDs.method: _write_uuids,
    Blobs.method: _write_blobs,
}


def _integer_bits(params: Integers) -> float:
    return params.n * math.log2(params.max - params.min + 1)


def _sequence_bits(params: Sequences) -> float:
    return sum(round(_integer_bits(one)) for one in params.each())


def _decimal_bits(params: Decimals) -> float:
    return params.n * params.decimal_places * math.log2(10)


def _gaussian_bits(params: Gaussians) -> float:
    return params.n * params.significant_digits * math.log2(10)


def _string_bits(params: Strings) -> float:
    return params.n * params.length * math.log2(len(params.characters))


_BITS: dict[str, Callable[..., float]] = {
    Integers.method: _integer_bits,
    Sequences.method: _sequence_bits,
    Decimals.method: _decimal_bits,
    Gaussians.method: _gaussian_bits,
    Strings.method: _string_bits,
    UUIDs.method: lambda params: params.n * 122,
    Blobs.method: lambda params: params.n * params.size,
}
