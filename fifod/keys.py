"""Which draws of the last 100,000 were made with which key, so that a repeated request gets its draw again."""

from __future__ import annotations

import hashlib
from itertools import islice

from fifod.ledger.reader import LedgerReader
from fifod.ledger.record import DRAW

REMEMBERED = 100_000
_GENERATION = 25_000
_DIGITS = 14  # of a digest in hex: 56 bits fit into Python's second smallest integers
_KEY = b'"key":"'
_SERIAL = f'"kind":"{DRAW}","serial":'.encode()


def key_digest(drawer: str, key: str) -> str:
    """What the record holds of a key: SHA-256 of drawer, NUL, key, in hex."""
    return hashlib.sha256(f"{drawer}\0{key}".encode()).hexdigest()


class KeyIndex:
    """Serial numbers by key digest.

    Only the start of a digest is kept: whoever looks one up compares the rest in the record.
    """

    def __init__(self) -> None:
        # Whole generations are forgotten at once: dropping the oldest of one large dict costs more with every drop.
        self._generations: dict[int, dict[int, int]] = {}

    def add(self, digest: str, serial: int) -> None:
        """Remember a draw."""
        generation = serial // _GENERATION
        if generation not in self._generations:
            self._generations[generation] = {}
            self._generations.pop(generation - REMEMBERED // _GENERATION - 1, None)
        self._generations[generation][int(digest[:_DIGITS], 16)] = serial

    def find(self, digest: str) -> int | None:
        """The serial number of the newest draw that may have this key: an older one may be too old to count."""
        short = int(digest[:_DIGITS], 16)
        found = [generation[short] for generation in self._generations.values() if short in generation]
        return max(found, default=None)

    @classmethod
    def of(cls, ledger: LedgerReader) -> KeyIndex:
        """The index of a ledger's newest draws, from the lines' bytes.

        Decoding 100,000 records would delay the start.
        """
        index = cls()
        draws = (line.text for line in ledger.lines_backwards() if _SERIAL in line.text[:40])
        for text in islice(draws, REMEMBERED):
            if found := _key_of(text):
                index.add(*found)
        return index


def _key_of(line: bytes) -> tuple[str, int] | None:
    # Inside a text the quotes of `"key":"` would be escaped, so this cannot be fooled by a purpose.
    at, number = line.find(_KEY), line.find(_SERIAL)
    if at < 0 or number < 0:
        return None
    digest = line[at + len(_KEY) : at + len(_KEY) + 64]
    serial = line[number + len(_SERIAL) :].partition(b",")[0]
    return digest.decode(), int(serial)
