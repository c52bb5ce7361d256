"""A channel: one client's open reply FIFO, the requests that wait for their turn and the replies that wait for room."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections import Counter, deque

from fifod.draw import Reply
from fifod.service import Asked
from fifod.types import Caller

HELD_BYTES = 65536
STALL_NS = 10_000_000_000
_HELD_CHUNKS = 256  # well below IOV_MAX


class Slots:
    """How many heavy replies each uid has in the making.

    A few, so that nobody can fill the memory with half-read ones.
    """

    PER_UID = 2

    def __init__(self) -> None:
        self._taken: Counter[int] = Counter()

    def take(self, uid: int) -> bool:
        """Take a slot; False if the uid has none left."""
        if self._taken[uid] >= self.PER_UID:
            return False
        self._taken[uid] += 1
        return True

    def give_back(self, uid: int) -> None:
        """Give back a slot that was taken."""
        self._taken[uid] -= 1
        if not self._taken[uid]:
            del self._taken[uid]


class Lost(Exception):
    """The client cannot be written to any more; the text says why."""


class Channel:
    """What the daemon keeps for one reply FIFO, from its first request on.

    Of large replies no more than about HELD_BYTES is made ahead of what the FIFO takes.
    """

    def __init__(self, descriptor: int, name: str, uid: int, slots: Slots) -> None:
        self.descriptor = descriptor
        self.name = name
        self.uid = uid
        self.caller = Caller(uid)
        self.requests: deque[Asked] = deque()
        self.is_blocked = False
        self.is_held = False
        self.progress = 0
        self.tried = 0
        self.tally: StreamTally | None = None
        self._slots = slots
        self._replies: deque[Reply] = deque()
        self._making: Reply | None = None
        # The serial number stands at the last chunk of the reply that delivers it.
        self._chunks: deque[tuple[bytes | memoryview, int]] = deque()
        self._held = 0

    @property
    def in_flight(self) -> int:
        """How many requests are not answered in full, give or take the chunks of a large reply."""
        return len(self.requests) + len(self._replies) + len(self._chunks)

    @property
    def has_output(self) -> bool:
        """Whether anything is still to be written."""
        return bool(self._chunks or self._replies or self._making)

    @property
    def is_idle(self) -> bool:
        """Whether closing it now would lose nothing."""
        return not (self.requests or self.has_output)

    def send(self, reply: Reply, now: int) -> None:
        """Queue a reply; `now` in monotonic nanoseconds."""
        if not self.has_output:
            self.progress = now
        self._replies.append(reply)

    def push(self, until: int) -> None:
        """Write as much as there is room for, and time until a monotonic nanosecond.

        Raises Lost if the client has gone.
        """
        self.is_blocked = self.is_held = False
        while True:
            self._make(until)
            if not self._chunks:
                return
            try:
                count = os.writev(self.descriptor, [chunk for chunk, _ in self._chunks])
            except BlockingIOError:
                self.is_blocked = True
                self.tried = time.monotonic_ns()
                return
            except OSError as error:
                raise Lost("the client left" if error.errno == errno.EPIPE else os.strerror(error.errno or 0)) from None
            self._drop(count)
            now = time.monotonic_ns()
            self.progress = now
            if now > until:
                return

    def _make(self, until: int) -> None:
        """Turn replies into chunks until enough is held or time is up; at least one if there is none."""
        while self._held < HELD_BYTES and len(self._chunks) < _HELD_CHUNKS:
            if self._making is not None:
                self._make_piece(self._making)
            elif not self._replies:
                return
            elif self._replies[0].is_heavy and not self._slots.take(self.uid):
                self._hold_back()
                return
            else:
                self._start(self._replies.popleft())
            if self._chunks and time.monotonic_ns() > until:
                return

    def _hold_back(self) -> None:
        """Wait for another heavy reply of the same uid; that is not the client's fault."""
        self.is_held = True
        self.tried = self.progress = time.monotonic_ns()

    def _start(self, reply: Reply) -> None:
        if reply.is_stream:
            self.tally = StreamTally(reply.serial, self._held + len(reply.first))
        if reply.rest is None:
            self._hold(reply.first, reply.serial)
        else:
            self._hold(reply.first, 0)
            self._making = reply

    def _make_piece(self, reply: Reply) -> None:
        assert reply.rest is not None
        piece = next(reply.rest, None)
        if piece is None:
            self._hold(b"", reply.serial)
            self._finish(reply)
        else:
            self._hold(piece, 0)

    def _finish(self, reply: Reply) -> None:
        self._making = None
        if reply.is_heavy:
            self._slots.give_back(self.uid)

    def abandon(self) -> None:
        """Give up what is in the making, when the channel is closed."""
        if self._making:
            self._finish(self._making)

    def _hold(self, chunk: bytes, serial: int) -> None:
        self._chunks.append((chunk, serial))
        self._held += len(chunk)

    def _drop(self, count: int) -> None:
        self._held -= count
        while self._chunks and count >= len(self._chunks[0][0]):
            chunk, _ = self._chunks.popleft()
            count -= len(chunk)
            if self.tally:
                self.tally.add(chunk)
        if count:
            chunk, serial = self._chunks[0]
            if self.tally:
                self.tally.add(chunk[:count])
            self._chunks[0] = memoryview(chunk)[count:], serial

    def undelivered(self) -> list[int]:
        """The serial numbers of the draws whose replies were not written in full; a stream is never finished."""
        waiting = [serial for _, serial in self._chunks]
        if self._making and not self._making.is_stream:
            waiting.append(self._making.serial)
        waiting += [reply.serial for reply in self._replies]
        return [serial for serial in waiting if serial]


class StreamTally:
    """Length and digest of the bytes of a stream that its client's FIFO took."""

    def __init__(self, serial: int, skipped: int) -> None:
        """`skipped` bytes go before the stream and do not count: its reply line, and other replies still held."""
        self.serial = serial
        self.length = 0
        self._digest = hashlib.sha256()
        self._to_skip = skipped

    def add(self, chunk: bytes | memoryview) -> None:
        """Count bytes that were written."""
        skipped = min(self._to_skip, len(chunk))
        self._to_skip -= skipped
        self._digest.update(chunk[skipped:])
        self.length += len(chunk) - skipped

    @property
    def sha256(self) -> str:
        """The digest so far, in hex."""
        return self._digest.hexdigest()
