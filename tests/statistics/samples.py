"""Values to judge: what the recipe gives for fixed seeds, and what careless generators would have given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from fifod import recipe
from fifod.checker import Stream

Uniform = Callable[[int], int]


def seed(name: str, i: int = 0) -> bytes:
    return hashlib.sha256(f"{name} {i}".encode()).digest()


def drawn(method: str, draws: int = 1, **params: Any) -> Iterator[Any]:
    """The values of some draws with seeds of their own, one after the other."""
    for i in range(draws):
        yield from recipe.values(method, params, seed(f"{method} {sorted(params.items())}", i))


def folded(name: str) -> Uniform:
    """A number below r as beginners make it: enough bits, and the remainder. Small results come twice as often."""
    stream = Stream(seed(name))

    def uniform(r: int) -> int:
        bits = (r - 1).bit_length()
        return (int.from_bytes(stream.take((bits + 7) // 8), "big") & ((1 << bits) - 1)) % r

    return uniform


def fair(name: str) -> Uniform:
    return Stream(seed(name)).uniform


def careless_shuffle(r: int, n: int, uniform: Uniform) -> tuple[int, ...]:
    """The well-known wrong shuffle: each place is swapped with any place."""
    a = list(range(r))
    for i in range(r):
        j = uniform(r)
        a[i], a[j] = a[j], a[i]
    return tuple(a[:n])


def lame_bytes(name: str, count: int) -> bytes:
    """Bytes from the remainder by 251: the last five values never come."""
    return bytes(byte % 251 for byte in Stream(seed(name)).take(count))
