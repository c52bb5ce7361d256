"""The intake: the request FIFO, kept open for life, and the requests that come out of it."""

from __future__ import annotations

import os

from fifod import fifos
from fifod.wire import Event, LineReader

READ_BYTES = 65536


class Intake:
    """Where requests come in."""

    def __init__(self, path: str, passed: int | None = None) -> None:
        """`passed` is the descriptor of the FIFO at that path, if somebody else made it and keeps it open too.

        Raises StartError if there is no FIFO at the path and none can be made, or it may not be used.
        """
        self._path = path
        self._lines = LineReader()
        self.descriptor = fifos.open_request_fifo(path) if passed is None else fifos.take_request_fifo(path, passed)

    def read(self) -> list[Event] | None:
        """The requests of one read; None if nothing is there."""
        try:
            data = os.read(self.descriptor, READ_BYTES)
        except BlockingIOError:
            return None
        return self._lines.feed(data)

    def finish_line(self) -> list[Event]:
        """The request that the last read cut in two, if it did: half of it is of no use to the next daemon."""
        found: list[Event] = []
        try:
            while self._lines.has_part_of_a_line:
                found += self._lines.feed(os.read(self.descriptor, 1))
        except BlockingIOError:
            pass
        return found

    @property
    def bytes_waiting(self) -> int:
        """How many bytes of requests lie unread."""
        return fifos.bytes_waiting(self.descriptor)

    @property
    def is_in_place(self) -> bool:
        """Whether the path still leads to the FIFO that is read."""
        return fifos.is_same(self._path, self.descriptor)

    def reopen(self) -> list[Event]:
        """Go over to the FIFO that is at the path now.

        Returns what was still sent to the old one. Raises StartError.
        """
        fresh = fifos.open_request_fifo(self._path)
        found = []
        while (events := self.read()) is not None:
            found += events
        self.close()
        self.descriptor = fresh
        return found

    def close(self) -> None:
        """Close it; what nobody has read is gone, unless somebody else holds the FIFO open."""
        os.close(self.descriptor)
