"""The bridge's loop: one question after the other, and what is to be done from time to time."""

from __future__ import annotations

import os
import select
import time

from fifod.classic import trace
from fifod.classic.exchange import Exchange
from fifod.classic.frames import Question
from fifod.classic.pair import Pair
from fifod.classic.patience import Patience
from fifod.classic.questions import Questions
from fifod.classic.target import NotAClient, Target
from fifod.classic.trace import Trace
from fifod.client import Client
from fifod.log import CountedLog, log
from fifod.supervision import Supervisor

_TICK_NS = 2_000_000_000
_STOPPING_NS = 2_000_000_000
_DRAWING = 3.0


class Bridge:
    """Serves questions until it is told to stop.

    `wakeup` becomes readable when a signal has come that may have set `should_stop`.
    """

    def __init__(self, pair: Pair, trace: Trace, supervisor: Supervisor, wakeup: int) -> None:
        self._pair = pair
        self._trace = trace
        self._supervisor = supervisor
        self._wakeup = wakeup
        self._questions = Questions(lambda size: self._pair.read(size), self._has_asked)
        self._patience = Patience()
        self._counted = CountedLog(at_once=5)
        self.exchanges = 0
        self._next_tick = 0
        self.should_stop = False

    def run(self) -> None:
        """Serve until `should_stop`; then answer what has been asked, for at most two seconds.

        Raises StartError if the FIFOs were removed and cannot be made anew.
        """
        self._trace.tell(trace.STARTED, pid=os.getpid(), fifos=self._pair.paths)
        try:
            with Client(timeout=_DRAWING) as client:
                self._serve(client)
        finally:
            self._trace.tell(trace.STOPPED)
            self._pair.close()

    def _serve(self, client: Client) -> None:
        stop_at = None
        while stop_at is None or time.monotonic_ns() < stop_at:
            question = self._questions.next(time.monotonic_ns())
            self._tell_dropped()
            if question is not None:
                self._exchange(question, client)
            elif self.should_stop:
                return
            else:
                self._wait()
            if self.should_stop and stop_at is None:
                stop_at = time.monotonic_ns() + _STOPPING_NS
            self._tend(time.monotonic_ns())

    def _exchange(self, question: Question, client: Client) -> None:
        self.exchanges += 1
        refusal = Exchange(self.exchanges, question, self._pair, client, self._patience, self._trace).run()
        if refusal is not None:
            self._questions.doubt()
            self._warn(f"a question was not answered: {refusal}", f" (it names process {question.pid})")

    def _has_asked(self, pid: int) -> bool:
        try:
            with Target(pid, self._pair) as target:
                target.check_that_it_asked()
        except NotAClient:
            return False
        return True

    def _tell_dropped(self) -> None:
        if dropped := self._questions.take_dropped():
            self._trace.tell(trace.DROPPED, size=dropped)
            self._warn("bytes that are no question were dropped", f" ({dropped})")

    def _warn(self, text: str, detail: str) -> None:
        self._counted.warn(text, time.monotonic_ns(), detail=detail)

    def _wait(self) -> None:
        """Wait for bytes, a signal, or something that is due."""
        poll = select.poll()
        poll.register(self._pair.questions, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        due = self._questions.due()
        wake_at = self._next_tick if due is None else min(due, self._next_tick)
        for descriptor, _ in poll.poll(max(0, wake_at - time.monotonic_ns()) / 1_000_000 + 1):
            if descriptor == self._wakeup:
                os.read(self._wakeup, 512)

    def _tend(self, now: int) -> None:
        if now < self._next_tick:
            return
        self._next_tick = now + _TICK_NS
        self._counted.flush(now)
        self._supervisor.alive(self.status)
        if not self._pair.is_in_place:
            log.warning("somebody removed %s or %s: making both anew", *self._pair.paths)
            self._pair.close()
            self._pair = Pair(*self._pair.paths)

    @property
    def status(self) -> str:
        """How the bridge is, in one line for a person."""
        return f"use: client {os.getpid()}; {self.exchanges} questions since the start"
