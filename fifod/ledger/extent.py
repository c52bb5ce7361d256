"""The extent of a ledger: how many segments it has and how many bytes."""

from __future__ import annotations

import os

from fifod.errors import FifodError
from fifod.ledger.reader import LedgerReader


class Extent:
    """Measured at little cost however long the ledger is: only its newest segment grows."""

    def __init__(self, reader: LedgerReader) -> None:
        self._reader = reader
        self._changed = -1
        self._segments: list[str] = []
        self._closed_bytes = 0

    def measure(self) -> tuple[int, int] | None:
        """Segments and bytes; None if the ledger cannot be looked at now."""
        try:
            self._look()
            newest = self._size(self._segments[-1]) if self._segments else 0
        except (OSError, FifodError):
            self._changed = -1
            return None
        return len(self._segments), self._closed_bytes + newest

    def _look(self) -> None:
        """List the segments again if one has come or gone."""
        changed = os.stat(self._reader.directory).st_mtime_ns
        if changed != self._changed:
            self._segments = self._reader.segments()
            self._closed_bytes = sum(map(self._size, self._segments[:-1]))
            self._changed = changed

    def _size(self, segment: str) -> int:
        return os.stat(os.path.join(self._reader.directory, segment)).st_size
