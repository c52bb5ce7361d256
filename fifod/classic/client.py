"""The client's side of the exercise's protocol, as a robust client speaks it; for the main thread only.

    from fifod.classic.client import Asker

    with Asker() as asker:
        print(asker.ask(5))

SIGUSR1 is blocked from before the question until after the answer, so that a wake-up can come early but never be lost,
and is handled, so that the bridge dares to send it. Every wait has a deadline.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import stat
import time

from fifod.classic import frames, places
from fifod.errors import NoPermission, NotRunning, ProtocolError, TimedOut, UsageError
from fifod.names import INT32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    Told = Callable[[int, str], None]
    """Takes a step as it happens: CLOCK_MONOTONIC in microseconds, and what it is."""

WAKE_UP = signal.SIGUSR1
GLANCE = 0.1
"""Seconds of sleep after which it is looked whether the bridge still lives."""


def _ignore(microseconds: int, step: str) -> None:
    pass


class Asker:
    """Asks the bridge. Within its `with` block SIGUSR1 is its own; before and after it is as it was."""

    def __init__(self, *, pid: int | None = None, timeout: float = 10.0, told: Told = _ignore) -> None:
        self._pid = pid
        self._timeout = timeout
        self._told = told

    def __enter__(self) -> Self:
        self._handler: Any = signal.signal(WAKE_UP, lambda *_: None)
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, {WAKE_UP})
        return self

    def __exit__(self, *exception: object) -> None:
        # In this order: what is still pending meets a handler, not the default action, which would end the process.
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        signal.signal(WAKE_UP, signal.SIG_DFL if self._handler is None else self._handler)

    def ask(self, n: int) -> list[int]:
        """What the bridge answers: `n` values, or none if it could not draw so many.

        Raises UsageError, NotRunning, NoPermission, TimedOut or ProtocolError.
        """
        if n not in INT32:
            raise UsageError(f"cannot ask for {n} values: the C struct holds numbers from {INT32[0]} to {INT32[-1]}")
        deadline = time.monotonic() + self._timeout
        with _Exchange(self._pid, self._told, deadline, self._timeout) as exchange:
            return exchange.carry_out(n)


class _Exchange:
    """One question and its answer, over descriptors of its own."""

    def __init__(self, pid: int | None, told: Told, deadline: float, timeout: float) -> None:
        self._tell_step = told
        self._deadline = deadline
        self._timeout = timeout
        self._last_remark = "no wake-up; the log of the bridge says why"
        self._open: list[int] = []
        try:
            self._fifo1 = self._keep(_open_fifo(places.fifo1(), os.O_WRONLY))
            self._fifo2 = self._keep(_open_fifo(places.fifo2(), os.O_RDONLY))
            self._bridge = places.running_pid() if pid is None else pid
            self._pidfd = self._keep(_open_process(self._bridge))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        while self._open:
            os.close(self._open.pop())

    def _keep(self, descriptor: int) -> int:
        self._open.append(descriptor)
        return descriptor

    def carry_out(self, n: int) -> list[int]:
        """Ask, sleep, read and acknowledge; returns the values."""
        self._forget_old_wake_ups()
        self._write_question(n)
        self._tell("sleeping until SIGUSR1 comes")
        values = frames.decode_answer(self._sleep())
        self._tell(f"answer read: {len(values)} values")
        self._check(values, n)
        self._acknowledge()
        return values

    def _tell(self, step: str) -> None:
        self._tell_step(time.monotonic_ns() // 1000, step)

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _forget_old_wake_ups(self) -> None:
        while (found := signal.sigtimedwait({WAKE_UP}, 0)) is not None:
            self._tell(f"a SIGUSR1 from {found.si_pid}, from before the question, was forgotten")

    def _write_question(self, n: int) -> None:
        question = frames.Question(os.getpid(), n)
        frame = frames.encode_question(question)
        while not self._write(frame):
            if self._left() <= 0:
                raise self._timed_out(f"{places.fifo1()} stayed full of questions that nobody read")
            _ready(self._fifo1, select.POLLOUT, max(0.0, min(self._left(), GLANCE)))
        self._tell(f"question written: pid {question.pid}, n {question.n}")

    def _write(self, frame: bytes) -> bool:
        try:
            return os.write(self._fifo1, frame) == len(frame)  # so short a write is never cut, pipe(7)
        except BlockingIOError:
            return False
        except BrokenPipeError:
            raise NotRunning(places.not_running(f"nobody reads {places.fifo1()} any more")) from None

    def _sleep(self) -> bytes:
        """Sleep until the bridge's wake-up finds something in fifo2; returns that."""
        while (left := self._left()) > 0:
            found = signal.sigtimedwait({WAKE_UP}, min(left, GLANCE))
            if found is not None and (frame := self._woken(found.si_pid)):
                return frame
            if _ready(self._pidfd, select.POLLIN):
                raise NotRunning(places.not_running(f"it ({self._bridge}) ended before it answered"))
        raise self._timed_out(self._last_remark)

    def _woken(self, pid: int) -> bytes:
        """What there is to read if it was the bridge that sent the signal."""
        if pid != self._bridge:
            self._remark(f"woken by SIGUSR1 from {pid}, which is not the bridge ({self._bridge})")
            return b""
        self._tell(f"woken by SIGUSR1 from {pid}")
        if not (frame := self._read()):
            self._remark(f"woken by the bridge before there was an answer in {places.fifo2()}")
        return frame

    def _remark(self, remark: str) -> None:
        self._last_remark = remark
        self._tell(f"{remark}: sleeping again")

    def _read(self) -> bytes:
        try:
            return os.read(self._fifo2, frames.ANSWER_SIZE)
        except BlockingIOError:
            return b""

    def _check(self, values: list[int], n: int) -> None:
        if values and len(values) != n:
            raise ProtocolError(f"the answer holds {len(values)} values for a question about {n}: it is another's")
        if not all(frames.MIN_VALUE <= value <= frames.MAX_VALUE for value in values):
            raise ProtocolError(f"the answer holds values that are not from {frames.MIN_VALUE} to {frames.MAX_VALUE}")

    def _acknowledge(self) -> None:
        try:
            # To the very process that was there before the question: its number may be another's by now.
            signal.pidfd_send_signal(self._pidfd, WAKE_UP)
            self._tell(f"acknowledgement sent: SIGUSR1 to {self._bridge}")
        except OSError as error:
            self._tell(f"acknowledgement not sent to {self._bridge}: {error.strerror}")

    def _timed_out(self, reason: str) -> TimedOut:
        return TimedOut(f"the classic bridge did not answer within {self._timeout:g} seconds: {reason}")


def _open_fifo(path: str, access: int) -> int:
    """Open one of the two FIFOs without waiting for anybody; raises NotRunning or NoPermission."""
    try:
        descriptor = os.open(path, access | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _cannot_open(path, error) from None
    found = os.fstat(descriptor)
    if stat.S_ISFIFO(found.st_mode) and found.st_uid == os.geteuid():
        return descriptor
    os.close(descriptor)
    if not stat.S_ISFIFO(found.st_mode):
        raise NotRunning(places.not_running(f"{path} is not a FIFO"))
    raise _not_ones_own(path, found.st_uid)


def _cannot_open(path: str, error: OSError) -> NotRunning | NoPermission:
    try:
        owner = os.stat(path).st_uid
    except OSError:
        owner = os.geteuid()
    if owner != os.geteuid():
        return _not_ones_own(path, owner)
    if error.errno in (errno.EACCES, errno.EPERM):
        return NoPermission(f"cannot open {path}: {error.strerror}")
    reason = f"nobody reads {path}" if error.errno == errno.ENXIO else f"{path}: {error.strerror}"
    return NotRunning(places.not_running(reason))


def _not_ones_own(path: str, owner: int) -> NoPermission:
    return NoPermission(
        f"cannot ask through {path}: it belongs to uid {owner}, and a bridge serves its own user's processes only; "
        "start one of your own (fifod-classic) with other paths (FIFOD_CLASSIC_FIFO1, FIFOD_CLASSIC_FIFO2)"
    )


def _ready(descriptor: int, event: int, seconds: float = 0.0) -> bool:
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(seconds * 1000))


def _open_process(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        raise NotRunning(places.not_running(f"no process {pid}: {error.strerror}")) from None
