"""What the bridge does, step by step, published for whoever wants to watch: a learner with `tail -f`, a page.

A file of JSON lines, one a step. It never holds values. When it has its size it is renamed and a new one begun, so that
two files of bounded size are all there ever is; so it is at each start of the bridge, too. A reader follows it by name.
"""

from __future__ import annotations

import logging
import os
import time

import msgspec

NAME = "classic.trace"
FORMER = "classic.trace.1"
MOST_BYTES = 256 << 10
MOST_REASON = 200
_MODE = 0o644

STARTED, STOPPED = "started", "stopped"
QUESTION, DROPPED, WITHHELD = "question", "dropped", "withheld"
DRAWN, NO_DRAW, ANSWERED = "drawn", "no draw", "answered"
SIGNALLED, ACKNOWLEDGED, GIVEN_UP = "signalled", "acknowledged", "given up"
STEPS = (
    STARTED,
    QUESTION,
    DROPPED,
    WITHHELD,
    DRAWN,
    NO_DRAW,
    ANSWERED,
    SIGNALLED,
    ACKNOWLEDGED,
    GIVEN_UP,
    STOPPED,
)

log = logging.getLogger(__name__)


class Step(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One line of the trace. `time` is the kernel's monotonic clock in microseconds; `exchange` counts questions."""

    number: int
    time: int
    step: str
    exchange: int | None = None
    pid: int | None = None
    n: int | None = None
    serial: int | None = None
    bytes: int | None = None
    reason: str | None = None
    fifo1: str | None = None
    fifo2: str | None = None


_encode = msgspec.json.Encoder().encode


class Trace:
    """The trace of one run of the bridge, in a directory."""

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, NAME)
        self._former = os.path.join(directory, FORMER)
        self._number = 0
        self._descriptor = -1
        self._size = 0
        self._can_write = True

    def tell(
        self,
        step: str,
        *,
        exchange: int | None = None,
        pid: int | None = None,
        n: int | None = None,
        serial: int | None = None,
        size: int | None = None,
        reason: str | None = None,
        fifos: tuple[str, str] | tuple[None, None] = (None, None),
    ) -> None:
        """Publish a step that has just been taken. A trace that cannot be written stops nothing: it is said once."""
        self._number += 1
        line = Step(
            number=self._number,
            time=time.monotonic_ns() // 1000,
            step=step,
            exchange=exchange,
            pid=pid,
            n=n,
            serial=serial,
            bytes=size,
            reason=reason and reason[:MOST_REASON],
            fifo1=fifos[0],
            fifo2=fifos[1],
        )
        try:
            self._write(_encode(line) + b"\n")
        except OSError as error:
            if self._can_write:
                log.warning("cannot write the trace %s: %s; going on without", self._path, error.strerror)
            self._can_write = False
        else:
            self._can_write = True

    def _write(self, line: bytes) -> None:
        if self._descriptor < 0 or self._size + len(line) > MOST_BYTES:
            self._begin()
        self._size += os.write(self._descriptor, line)

    def _begin(self) -> None:
        self._end()
        try:
            os.rename(self._path, self._former)
        except FileNotFoundError:
            pass
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(self._path, flags, _MODE)
        self._size = 0
        os.fchmod(self._descriptor, _MODE)

    def _end(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def close(self) -> None:
        """Remove it: what a bridge that has stopped did is of no use to anybody."""
        self._end()
        for path in (self._path, self._former):
            try:
                os.unlink(path)
            except OSError:
                pass
