"""The recipe's stream of bytes, and unbiased numbers from it (RECIPE.md, sections 1 to 3)."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

BLOCK = 65536
_FIRST = 136  # what one turn of SHAKE-256 gives; asking for less saves nothing
CHUNK = 1000
_FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}


class Keystream:
    """The endless bytes that follow from a 32-byte seed; each byte is handed out once."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._number = 0
        self._block = hashlib.shake_256(seed + bytes(8)).digest(_FIRST)
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = self._at + size
        if end <= len(self._block):
            taken = self._block[self._at : end]
            self._at = end
            return taken
        return self._take_beyond(size)

    def _take_beyond(self, size: int) -> bytes:
        if len(self._block) < BLOCK:
            self._block = self._digest(min(BLOCK, max(self._at + size, 8 * len(self._block))))
            return self.take(size)
        start = self._block[self._at :]
        self._number += 1
        self._at = 0
        self._block = self._digest(BLOCK)
        return start + self.take(size - len(start))

    def _digest(self, size: int) -> bytes:
        return hashlib.shake_256(self._seed + self._number.to_bytes(8, "big")).digest(size)


def uniform(stream: Keystream, below: int, count: int) -> list[int]:
    """`count` independent numbers below `below`, each equally likely (rejection sampling)."""
    bits = (below - 1).bit_length()
    if bits == 0:
        return [0] * count
    width, mask = (bits + 7) // 8, (1 << bits) - 1
    found: list[int] = []
    # As many candidates as numbers are missing are needed in any case, so reading that many never reads a byte too
    # many.
    while missing := count - len(found):
        found += [number for one in _candidates(stream, width, missing) if (number := one & mask) < below]
    return found


def _candidates(stream: Keystream, width: int, count: int) -> tuple[int, ...] | list[int] | bytes:
    taken = stream.take(width * count)
    if width == 1:
        return taken
    if form := _FORMATS.get(width):
        return struct.unpack(f">{count}{form}", taken)
    return [int.from_bytes(taken[at : at + width], "big") for at in range(0, len(taken), width)]


def uniform_chunks(stream: Keystream, below: int, count: int) -> Iterator[list[int]]:
    """As `uniform`, a thousand at a time, so that nobody waits for a million."""
    for done in range(0, count, CHUNK):
        yield uniform(stream, below, min(CHUNK, count - done))


def distinct_chunks(stream: Keystream, below: int, count: int) -> Iterator[list[int]]:
    """`count` different numbers below `below`, in random order, up to a thousand at a time.

    Fisher-Yates in Durstenfeld's form (Knuth, TAOCP 3.4.2, Algorithm P), keeping only the places that were moved.
    """
    moved: dict[int, int] = {}
    done = 0
    while done < count:
        left = below - done
        width = ((left - 1).bit_length() + 7) // 8
        # Numbers whose candidates are equally wide are read together.
        size = min(CHUNK, count - done, left - (1 << 8 * (width - 1)) if width else 1)
        chunk = []
        for place, step in enumerate(_steps(stream, left, width, size), done):
            chosen = place + step
            chunk.append(moved.get(chosen, chosen))
            # A place that was passed is never asked for again, so it need not be kept.
            here = moved.pop(place, place)
            if step:
                moved[chosen] = here
        done += size
        yield chunk


def _steps(stream: Keystream, left: int, width: int, count: int) -> Iterator[int]:
    if width == 0:
        yield 0
        return
    while count:
        for candidate in _candidates(stream, width, count):
            number = candidate & ((1 << (left - 1).bit_length()) - 1)
            if number < left:
                yield number
                left -= 1
                count -= 1
