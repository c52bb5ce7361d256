"""Gaussian numbers, the same on every machine: Box and Muller's pairs in decimal arithmetic (RECIPE.md, section 5)."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

from fifod.keystream import Keystream

_DIGITS = 70
_EXACT = decimal.Context(prec=_DIGITS, Emin=-99999, Emax=99999)
# What does not fit must still show in the last digit: else 0.125 and a little more would count as halfway to 0.12.
_BEFORE_ROUNDING = decimal.Context(prec=_DIGITS, rounding=decimal.ROUND_05UP, Emin=-99999, Emax=99999)
_WIDE = decimal.Context(prec=130)  # holds every u, which has up to 128 digits, exactly
_SCALE = 1 << 256  # binary point of the sine's fixed-point numbers: 77 decimal digits
_PAIR_BYTES = 32


def gaussian_values(
    stream: Keystream, count: int, mean: int | float, deviation: int | float, digits: int
) -> Iterator[list[Decimal]]:
    """`count` values, two at a time, rounded half to even to `digits` significant digits."""
    rounded = decimal.Context(prec=digits, rounding=decimal.ROUND_HALF_EVEN, Emin=-99999, Emax=99999)
    centre, spread = Decimal(repr(mean)), Decimal(repr(deviation))
    for left in range(count, 0, -2):
        pair = _standard_pair(stream.take(_PAIR_BYTES))
        yield [rounded.plus(_BEFORE_ROUNDING.fma(spread, value, centre)) for value in pair[:left]]


def _standard_pair(taken: bytes) -> tuple[Decimal, Decimal]:
    first = int.from_bytes(taken[:16], "big") + 1
    logarithm = _EXACT.ln(_WIDE.divide(Decimal(first), Decimal(1 << 128)))
    radius = _EXACT.sqrt(_EXACT.multiply(Decimal(-2), logarithm))
    cosine, sine = _cosine_and_sine(int.from_bytes(taken[16:], "big"))
    return _EXACT.multiply(radius, cosine), _EXACT.multiply(radius, sine)


def _cosine_and_sine(turn: int) -> tuple[Decimal, Decimal]:
    """Of 2 pi turn / 2**128. The eighth of the circle is folded away first, so that the series is short."""
    quarter, rest = divmod(turn, 1 << 126)
    is_upper_half = rest > 1 << 125
    if is_upper_half:
        rest = (1 << 126) - rest
    cosine, sine = _series(rest * _two_pi() >> 128)
    if is_upper_half:
        cosine, sine = sine, cosine
    for _ in range(quarter):
        cosine, sine = -sine, cosine
    return _decimal(cosine), _decimal(sine)


def _series(angle: int) -> tuple[int, int]:
    """Cosine and sine of an angle of at most pi/4 by Taylor's series, in fixed point."""
    cosine, sine, term, number = 0, 0, _SCALE, 0
    sign = 1
    while term:
        cosine += sign * term
        term = term * angle // (_SCALE * (number + 1))
        sine += sign * term
        term = term * angle // (_SCALE * (number + 2))
        number += 2
        sign = -sign
    return cosine, sine


def _decimal(fixed: int) -> Decimal:
    return _EXACT.divide(Decimal(fixed), Decimal(_SCALE))


@cache
def _two_pi() -> int:
    """By Machin's formula: pi = 16 arctan(1/5) - 4 arctan(1/239)."""
    guard = 64
    pi = 16 * _arctan_of_inverse(5, guard) - 4 * _arctan_of_inverse(239, guard)
    return 2 * pi >> guard


def _arctan_of_inverse(number: int, guard: int) -> int:
    power = (_SCALE << guard) // number
    total, divisor, sign = 0, 1, 1
    while power:
        total += sign * power // divisor
        power //= number * number
        divisor += 2
        sign = -sign
    return total
