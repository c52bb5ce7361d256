"""Ledgers for tests: a writer with a clock of its own, and faults that are real."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fifod.ledger.record import DRAW
from fifod.ledger.writer import Entry, LedgerWriter

START = 1_795_420_800_123_456_789
"""2026-11-23T08:00:00.123456Z, in nanoseconds since 1970."""
IDENTITY, COMMITMENT = "ab" * 32, "cd" * 32


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def open_writer(directory: Path, *, clock: Clock | None = None, segment_bytes: int = 1 << 20) -> LedgerWriter:
    """A writer that does not wait for the disk."""
    directory.mkdir(exist_ok=True)
    writer = LedgerWriter(
        str(directory),
        key_commitment=COMMITMENT,
        host="here",
        entropy=lambda size: b"\xab" * size,
        clock=clock or Clock(),
    )
    writer.configure(False, segment_bytes)
    return writer


def draws(*purposes: str) -> list[Entry]:
    """Draws as far as a ledger knows them."""
    return [Entry.of(DRAW, {"drawer": "unix:1000", "purpose": purpose}) for purpose in purposes]


def numbered(count: int) -> list[Entry]:
    """So many different draws."""
    return draws(*map(str, range(count)))


def segments(directory: Path) -> list[Path]:
    """The ledger's files, oldest first."""
    return sorted(directory.glob("*.jsonl"))


def content(directory: Path) -> bytes:
    """All that stands in the ledger."""
    return b"".join(path.read_bytes() for path in segments(directory))


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """As on a full disk: a write past this size is short, and one that starts there fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
