"""One exchange: a question from being read to being acknowledged or given up.

The exercise loses wake-ups on both sides: a signal that comes before somebody waits for it is gone. The order here:

1. Nothing is drawn for a process that may not be signalled (target.py).
2. The answer is written before the signal: who wakes up finds it.
3. The signal goes out when the client sleeps, and again while the answer lies unread, but never after: it could
   interrupt what the client does next. A client that is stopped gets none: it would read somebody else's answer when it
   goes on. A client that no longer handles SIGUSR1 gets none either, as the next would end it: one that was compiled
   with -std=c99 or -ansi loses the handler that it set by signal() when that is used.
4. Done is when the answer is read. An acknowledgement makes the bridge look at once; it counts only if the kernel says
   that the client sent it by kill(2). Signals that come together are one, so a lost one means nothing.
5. A client that ends, or has not read in time, is given up, and its answer taken back. It has less time after each such
   answer (patience.py).

SIGUSR1 is blocked for the whole life of the bridge and taken by sigtimedwait, which tells the sender.
"""

from __future__ import annotations

import signal
import time

from fifod.classic import trace
from fifod.classic.frames import MAX_VALUE, MAX_VALUES, MIN_VALUE, Question, encode_answer
from fifod.classic.pair import Pair
from fifod.classic.patience import Patience
from fifod.classic.target import ENDED, NotAClient, Target
from fifod.classic.trace import Trace
from fifod.client import Client
from fifod.errors import FifodError

GRACE = 0.25
"""Seconds that it has after its question to open the FIFOs and handle SIGUSR1."""
BUSY = 0.05
"""After so many seconds a client that does not sleep is signalled all the same: it may wait in a loop."""
REPEAT = 0.05
"""Seconds from one signal to the next."""
_LOOK = 0.001
_ACKNOWLEDGEMENT = 0.02
_SI_USER = 0
_USR1 = (signal.SIGUSR1,)

OUT_OF_RANGE = f"n is not from 1 to {MAX_VALUES}"
NO_ROOM = "there is no room for the answer: somebody else writes into the second FIFO"
NOT_READ = "the client did not read its answer within {:g} s"


class Exchange:
    """One question and what becomes of it."""

    def __init__(
        self, number: int, question: Question, pair: Pair, client: Client, patience: Patience, trace: Trace
    ) -> None:
        self._number = number
        self._question = question
        self._pair = pair
        self._client = client
        self._patience = patience
        self._trace = trace
        self._may_be_signalled = False
        self._withheld: set[str] = set()

    def run(self) -> str | None:
        """Serve it to its end; returns why the process that it names may have no signal, if so it is."""
        self._tell(trace.QUESTION, pid=self._question.pid, n=self._question.n)
        # Only one can be pending, and it is of an exchange before this one.
        _next_signal(0)
        try:
            with Target(self._question.pid, self._pair) as target:
                self._wait_until_it_can_be_woken(target)
                self._may_be_signalled = True
                self._answer(self._draw())
                self._wake(target)
        except NotAClient as end:
            return self._end(end.reason)
        return None

    def _end(self, reason: str) -> str | None:
        self._pair.take_back()
        if self._may_be_signalled or reason == ENDED:
            self._tell(trace.GIVEN_UP, reason=reason)
            return None
        self._tell(trace.WITHHELD, reason=reason)
        return reason

    def _wait_until_it_can_be_woken(self, target: Target) -> None:
        end = time.monotonic() + min(GRACE, self._patience.seconds(target.identity))
        while True:
            try:
                target.check_that_it_asked()
                target.check_that_it_can_be_woken()
                return
            except NotAClient as fault:
                if not fault.may_pass:
                    raise
                if time.monotonic() >= end:
                    self._patience.has_not_read(target.identity)
                    raise
            _next_signal(_LOOK)

    def _draw(self) -> list[int]:
        """The values; none if there is no draw."""
        n = self._question.n
        if not 1 <= n <= MAX_VALUES:
            self._tell(trace.NO_DRAW, reason=OUT_OF_RANGE)
            return []
        try:
            reply = self._client.integers(n, MIN_VALUE, MAX_VALUE, classic={"pid": self._question.pid})
        except FifodError as error:
            # Closed, so that while the daemon is stopped the next question learns it at once.
            self._client.close()
            self._tell(trace.NO_DRAW, reason=error.message)
            return []
        self._tell(trace.DRAWN, serial=reply.serial_number)
        values: list[int] = reply.data
        return values

    def _answer(self, values: list[int]) -> None:
        if not self._pair.answer(encode_answer(values)):
            raise NotAClient(NO_ROOM)
        self._tell(trace.ANSWERED, n=len(values))

    def _wake(self, target: Target) -> None:
        try:
            has_acknowledged = self._signal_until_it_is_read(target) or self._acknowledges(target)
        except NotAClient as end:
            if end.reason != ENDED or not self._pair.is_answer_read:
                raise
            has_acknowledged = _next_signal(0) == target.pid
        self._tell(trace.ACKNOWLEDGED, reason="SIGUSR1" if has_acknowledged else "read")

    def _signal_until_it_is_read(self, target: Target) -> bool:
        """Wake the client, again if need be; whether it has acknowledged when its answer is read."""
        seconds = self._patience.seconds(target.identity)
        end = time.monotonic() + seconds
        has_acknowledged = self._wait_until_it_sleeps(target)
        repeat_at = 0.0
        while not self._pair.is_answer_read:
            now = time.monotonic()
            if now >= end:
                self._patience.has_not_read(target.identity)
                raise NotAClient(NOT_READ.format(seconds))
            if now >= repeat_at and not has_acknowledged:
                self._signal(target)
                repeat_at = now + REPEAT
            if _next_signal(_LOOK) == target.pid:
                has_acknowledged = True
            elif target.has_ended and not self._pair.is_answer_read:
                raise NotAClient(ENDED)
        self._patience.has_read(target.identity)
        return has_acknowledged

    def _wait_until_it_sleeps(self, target: Target) -> bool:
        """Wait for that, for a while; whether it has acknowledged in the meantime."""
        end = time.monotonic() + BUSY
        while target.state != "S" and not self._pair.is_answer_read and time.monotonic() < end:
            if _next_signal(_LOOK / 5) == target.pid:
                return True
        return False

    def _signal(self, target: Target) -> None:
        try:
            target.check_that_it_goes_on()
            target.check_that_it_can_be_woken()
        except NotAClient as fault:
            if not fault.may_pass:
                raise
            self._withhold(fault.reason)
        else:
            target.signal()
            self._tell(trace.SIGNALLED, pid=target.pid)

    def _withhold(self, reason: str) -> None:
        if reason not in self._withheld:
            self._withheld.add(reason)
            self._tell(trace.WITHHELD, reason=reason)

    @staticmethod
    def _acknowledges(target: Target) -> bool:
        """Whether a client that has read its answer says so; most do a moment later."""
        end = time.monotonic() + _ACKNOWLEDGEMENT
        has_ended = False
        while time.monotonic() < end and not has_ended:
            # In this order: what it sent before its end has come by then.
            has_ended = target.has_ended
            if _next_signal(0 if has_ended else _LOOK) == target.pid:
                return True
        return False

    def _tell(
        self,
        step: str,
        pid: int | None = None,
        n: int | None = None,
        serial: int | None = None,
        reason: str | None = None,
    ) -> None:
        self._trace.tell(step, exchange=self._number, pid=pid, n=n, serial=serial, reason=reason)


def _next_signal(seconds: float) -> int:
    """Wait at most so long for a SIGUSR1; returns who sent it by kill(2), 0 if nobody did."""
    found = signal.sigtimedwait(_USR1, seconds)
    return found.si_pid if found is not None and found.si_code == _SI_USER else 0
