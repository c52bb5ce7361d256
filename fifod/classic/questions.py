"""Cuts what comes out of the first FIFO into questions, and finds the next one again behind stray bytes.

A question has no mark by which one could know it: it is eight bytes. So while all is well each eight bytes are one, if
n is 1 to 100. Once something was wrong, and for any other n, only eight bytes with the number of a process that has
asked (it has one of the FIFOs open) are a question; otherwise one byte is dropped and the next eight are looked at. A
part of a question, when nothing follows for a while, is dropped as well.
"""

from __future__ import annotations

from collections.abc import Callable

from fifod.classic.frames import MAX_VALUES, QUESTION_SIZE, Question, decode_question

PATIENCE_NS = 500_000_000
"""How long a part of a question waits for the rest."""


class Questions:
    """Questions one by one. No more is read than the next one needs: what is in the FIFO outlives the bridge."""

    def __init__(self, read: Callable[[int], bytes], has_asked: Callable[[int], bool]) -> None:
        self._read = read
        self._has_asked = has_asked
        self._part = b""
        self._since = 0
        self._is_in_step = True
        self._dropped = 0

    def next(self, now: int) -> Question | None:
        """The next question, if there is one; `now` in monotonic nanoseconds."""
        while self._fill(now):
            question = decode_question(self._part)
            if (self._is_in_step and 1 <= question.n <= MAX_VALUES) or self._has_asked(question.pid):
                self._part = b""
                self._is_in_step = True
                return question
            self._drop(1)
        if self._part and now - self._since >= PATIENCE_NS:
            self._drop(len(self._part))
        if not self._part:
            self._is_in_step = True
        return None

    def _fill(self, now: int) -> bool:
        """Whether there are enough bytes for a question."""
        more = self._read(QUESTION_SIZE - len(self._part))
        if more:
            self._part += more
            self._since = now
        return len(self._part) == QUESTION_SIZE

    def doubt(self) -> None:
        """The last question was perhaps none."""
        self._is_in_step = False

    def _drop(self, size: int) -> None:
        self._part = self._part[size:]
        self._is_in_step = False
        self._dropped += size

    def take_dropped(self) -> int:
        """How many bytes were dropped since this was last asked."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def due(self) -> int | None:
        """When a part of a question is to be dropped, in monotonic nanoseconds."""
        return self._since + PATIENCE_NS if self._part else None
