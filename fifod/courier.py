"""Carries requests to the daemon and replies back over one reply FIFO, until each has its reply or its time is up.

A request is sent again, with the same key, when the daemon closed the reply FIFO or when nothing came for a while. The
key makes that safe: the daemon answers a key that it has recorded with the recorded draw. So every loss has the same
cure, wherever it happened.
"""

from __future__ import annotations

import os
import select
import time
from json import JSONEncoder

from fifod import fifos
from fifod.errors import FifodError, NotRunning, ProtocolError, TimedOut, UsageError
from fifod.names import DRAW_METHODS, MAX_IN_FLIGHT, PIPE_BUF
from fifod.reply import Reply, outcome, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Watch = Callable[[str, bytes], None]

MADE, WRITTEN, FULL, READABLE, READ, RENEWED, CLOSED = (
    "made",
    "written",
    "full",
    "readable",
    "read",
    "renewed",
    "closed",
)
"""What a watcher is told, as soon as it is done, with the bytes that went over the pipe."""

WINDOW = MAX_IN_FLIGHT // 4
"""Requests in flight at once: a quarter of what the daemon takes, because each may be sent more than once."""

PATIENCE = 1.0
PAUSE = 0.05

_encode = JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


class Pending:
    """A request under way; `wait()` gives its reply."""

    __slots__ = ("_courier", "deadline", "line", "method", "number", "outcome", "patience", "resend_at", "sent")

    def __init__(self, courier: Courier, number: int, method: str, line: bytes, deadline: float) -> None:
        self._courier = courier
        self.number = number
        self.method = method
        self.line = line
        self.deadline = deadline
        self.resend_at = 0.0
        self.patience = PATIENCE
        self.sent = False
        self.outcome: Reply | FifodError | None = None

    def wait(self, timeout: float | None = None) -> Reply:
        """The reply, if it comes within the client's time-out since the submission, or `timeout` seconds from now.

        Raises the error that the daemon answered with, or TimedOut, NotRunning or ProtocolError and gives up.
        """
        if self.outcome is None:
            self._courier.wait(self, self.deadline if timeout is None else time.monotonic() + timeout)
        if isinstance(self.outcome, Reply):
            return self.outcome
        assert self.outcome is not None
        raise self.outcome


class Courier:
    """One reply FIFO, the requests that wait for something on it, and the way to the daemon."""

    def __init__(self, runtime_dir: str, watch: Watch | None = None) -> None:
        self._runtime_dir = runtime_dir
        self._watch = watch
        self._last_number = 0
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._poll = select.poll()
        self._writer = -1
        self._fifo: fifos.ReplyFifo | None = None
        self._waiting: dict[int, Pending] = {}
        self._next_resend = 0.0
        self._buffer = bytearray()
        self._searched = 0
        self._contacted = False
        self._absence: NotRunning | None = None
        self._noise: ProtocolError | None = None

    def _connect(self) -> fifos.ReplyFifo:
        if self._pid != os.getpid():
            self._leave_to_parent()
        if self._fifo is None:
            self._drop_writer()  # of a try that could make no reply FIFO
            self._writer = fifos.open_request_writer(self._runtime_dir)
            self._fifo = fifos.ReplyFifo(self._runtime_dir)
            self._poll.register(self._fifo.descriptor, select.POLLIN)
            if self._watch:
                self._watch(MADE, b"")
        return self._fifo

    def _leave_to_parent(self) -> None:
        # After fork() the reply FIFO is still the parent's: two readers would take each other's replies.
        if self._fifo is not None:
            os.close(self._fifo.descriptor)
        self._drop_writer()
        self._reset()

    @property
    def is_connected(self) -> bool:
        """Whether the daemon was reached and still holds its end of the reply FIFO."""
        return self._contacted and not any(event & select.POLLHUP for _, event in self._poll.poll(0))

    # --- sending ---

    def submit(self, method: str, params: dict[str, Any], members: dict[str, Any], deadline: float) -> Pending:
        """Send a request, waiting first for room in the window; raises NotRunning or NoPermission at first contact."""
        fifo = self._connect()
        while len(self._waiting) >= WINDOW:
            oldest = next(iter(self._waiting.values()))
            self._turn(oldest, oldest.deadline)
        self._last_number += 1
        request = {"jsonrpc": "2.0", "method": method, "params": params, "id": self._last_number, "reply": fifo.name}
        pending = Pending(self, self._last_number, method, _line({**request, **members}), deadline)
        self._send(pending)
        if self._absence is not None and not self._contacted:
            raise self._absence
        self._waiting[pending.number] = pending
        return pending

    def _send(self, pending: Pending) -> None:
        now = time.monotonic()
        try:
            if self._writer < 0:
                self._writer = fifos.open_request_writer(self._runtime_dir)
            pending.sent = fifos.write_request(self._writer, pending.line)
            if self._watch:
                self._watch(WRITTEN if pending.sent else FULL, pending.line if pending.sent else b"")
        except NotRunning as error:
            self._absence = error
            self._drop_writer()
            self._schedule(pending, now + PAUSE)
            return
        self._absence = None
        if pending.sent:
            self._contacted = True
            self._schedule(pending, now + pending.patience)
            pending.patience *= 2
        else:
            self._poll.register(self._writer, select.POLLOUT)
            self._schedule(pending, now + PAUSE)

    def _schedule(self, pending: Pending, when: float) -> None:
        pending.resend_at = when
        if not self._waiting or when < self._next_resend:
            self._next_resend = when

    def _send_what_is_due(self, now: float) -> None:
        for pending in self._waiting.values():
            if pending.resend_at <= now:
                self._send(pending)
        self._next_resend = min(pending.resend_at for pending in self._waiting.values())

    def _drop_writer(self) -> None:
        if self._writer >= 0:
            self._ignore_writer()
            os.close(self._writer)
            self._writer = -1

    def _ignore_writer(self) -> None:
        try:
            self._poll.unregister(self._writer)
        except KeyError:
            pass

    # --- waiting ---

    def wait(self, pending: Pending, deadline: float) -> None:
        """Carry on until the request has its outcome; past the deadline that is an error."""
        if self._pid != os.getpid():
            self._leave_to_parent()
        while pending.outcome is None:
            self._turn(pending, deadline)

    def _turn(self, pending: Pending, deadline: float) -> None:
        now = time.monotonic()
        if now >= deadline or pending.number not in self._waiting:
            self._waiting.pop(pending.number, None)
            pending.outcome = self._reason(pending)
            return
        if now >= self._next_resend:
            self._send_what_is_due(now)
        for descriptor, event in self._poll.poll(max(0.0, min(deadline, self._next_resend) - now) * 1000):
            if descriptor == self._writer:
                self._ignore_writer()
                self._hasten(now, [waiting for waiting in self._waiting.values() if not waiting.sent])
            elif self._fifo is not None:
                self._receive(self._fifo, event)

    def _reason(self, pending: Pending) -> FifodError:
        if self._absence is not None:
            return self._absence
        if not pending.sent:
            return TimedOut(
                f"cannot send {pending.method}: the request FIFO stayed full; "
                "the daemon is busy or stopped, try again later"
            )
        if self._noise is not None:
            return self._noise
        advice = "try again later"
        if pending.method in DRAW_METHODS:
            advice = "it may have made the draw all the same, so look at fifod-client history before you draw again"
        return TimedOut(f"no reply to {pending.method} in time: the daemon is busy or stopped; {advice}")

    def _hasten(self, when: float, those: list[Pending]) -> None:
        for pending in those:
            self._schedule(pending, min(when, pending.resend_at))

    # --- receiving ---

    def _receive(self, fifo: fifos.ReplyFifo, event: int) -> None:
        # Reading without POLLIN would give an end of file before the daemon has opened its end.
        if self._watch and event & select.POLLIN:
            self._watch(READABLE, b"")
        chunk = fifo.read() if event & select.POLLIN else b""
        if chunk:
            if self._watch:
                self._watch(READ, chunk)
            self._buffer += chunk
            self._take_lines()
            if self._buffer and self._waiting:
                self._be_patient()
        elif chunk is not None:
            self._renew(fifo)

    def _take_lines(self) -> None:
        # Only while somebody waits: behind the reply to `stream` come bytes that are no lines.
        while self._waiting:
            end = self._buffer.find(b"\n", self._searched)
            if end < 0:
                self._searched = len(self._buffer)
                return
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._searched = 0
            self._take_line(line)

    def _take_line(self, line: bytes) -> None:
        try:
            reply = parse(line)
        except ProtocolError as error:
            # Perhaps half a reply of a killed daemon with the next one's behind it. What was lost is sent again.
            self._noise = error
            return
        pending = self._waiting.pop(reply["id"], None)
        if pending is not None:
            pending.outcome = outcome(reply)

    def _be_patient(self) -> None:
        # A long reply is on its way: those behind it are not lost.
        later = time.monotonic() + PATIENCE
        for pending in self._waiting.values():
            if pending.sent:
                pending.resend_at = max(pending.resend_at, later)
        self._next_resend = min(pending.resend_at for pending in self._waiting.values())

    def _renew(self, fifo: fifos.ReplyFifo) -> None:
        """The daemon closed its end: forget half a reply, and listen anew, since a FIFO reports its end for ever."""
        self._buffer.clear()
        self._searched = 0
        self._poll.unregister(fifo.descriptor)
        former = fifo.name.encode()
        fifo.renew()
        self._poll.register(fifo.descriptor, select.POLLIN)
        if self._watch:
            self._watch(RENEWED, b"")
        for pending in self._waiting.values():
            pending.line = pending.line.replace(former, fifo.name.encode())
        # Not at once: the end may be older than the request, and a daemon that closed an idle FIFO is about to answer.
        self._hasten(time.monotonic() + 2 * PAUSE, list(self._waiting.values()))

    def read_raw(self, size: int, timeout: float) -> bytes:
        """Bytes that are no replies, b"" at their end; raises TimedOut if none come."""
        self._drop_writer()
        if self._buffer:
            taken = bytes(self._buffer[:size])
            del self._buffer[:size]
            return taken
        if self._fifo is None or not self._poll.poll(timeout * 1000):
            raise TimedOut(f"no bytes of the stream for {timeout:g} s: the daemon is busy or stopped")
        return self._fifo.read(size) or b""

    def enlarge(self) -> None:
        """Ask for a larger pipe for the replies."""
        self._connect().enlarge()

    def close(self) -> None:
        """Remove the reply FIFO; requests still under way are given up, but their draws may be made."""
        if self._pid != os.getpid():
            self._leave_to_parent()
        self._drop_writer()
        for pending in self._waiting.values():
            pending.outcome = UsageError(f"no reply to {pending.method}: the client was closed before it came")
        self._waiting.clear()
        if self._fifo is not None:
            self._fifo.close()
            if self._watch:
                self._watch(CLOSED, b"")
        self._reset()


def _line(request: dict[str, Any]) -> bytes:
    method = request["method"]
    try:
        # The newline in front ends whatever fragment another client may have left.
        line = f"\n{_encode(request)}\n".encode()
    except ValueError as error:
        fault = "a text is not Unicode" if isinstance(error, UnicodeError) else "a number is not finite"
        raise UsageError(f"cannot send {method}: {fault}") from None
    if len(line) > PIPE_BUF:
        raise UsageError(
            f"cannot send {method}: the request has {len(line)} bytes, and a pipe takes {PIPE_BUF} in one piece; "
            "shorten its texts or lists"
        )
    return line
