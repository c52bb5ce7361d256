"""Carries request lines to the daemon and replies back, over one reply FIFO, until each request has its answer or its time is up.

A request is sent again, with the same key, when the daemon left (end of file on the reply FIFO) or when nothing came for a while. The key makes
that safe: the daemon answers a key that it has recorded with the recorded draw. So every loss has the same cure, whichever side it happened on.
"""

from __future__ import annotations

import os
import select
import time
from json import JSONDecoder, JSONEncoder

from fifod import fifos
from fifod.errors import FifodError, NotRunning, ProtocolError, TimedOut, UsageError, from_code
from fifod.names import MAX_IN_FLIGHT, PIPE_BUF

TYPE_CHECKING = False  # typing itself costs a tenth of the start of fifod-client
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

WINDOW = MAX_IN_FLIGHT // 4
"""Requests in flight at once. A request may be sent several times, and the daemon drops what exceeds MAX_IN_FLIGHT."""

FIRST_PATIENCE = 1.0
SHORT_PAUSE = 0.05

_encode = JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_decode = JSONDecoder().decode


class Reply:
    """A result as the daemon sent it."""

    __slots__ = ("result",)

    def __init__(self, result: dict[str, Any]) -> None:
        self.result = result

    @property
    def data(self) -> list[Any]:
        """The values drawn."""
        data: list[Any] = self.result["random"]["data"]
        return data

    @property
    def completion_time(self) -> str:
        """When the draw was made, in RANDOM.ORG's form."""
        time_: str = self.result.get("random", self.result)["completionTime"]
        return time_

    @property
    def serial_number(self) -> int:
        """The draw's number in the ledger."""
        serial: int = self.result["serialNumber"]
        return serial

    @property
    def hash(self) -> str:
        """SHA-256 of the record's head: keep it, and nobody can change the record unnoticed."""
        hash_: str = self.result["hash"]
        return hash_

    @property
    def ledger(self) -> str:
        """The identity of the ledger that the record is in."""
        identity: str = self.result["ledger"]
        return identity

    @property
    def bits_used(self) -> int:
        """The information in the values, in bits."""
        bits: int = self.result["bitsUsed"]
        return bits

    @property
    def seed(self) -> str | None:
        """The seed of a secret draw, which is told to nobody else."""
        return self.result.get("seed")

    @property
    def repeatable(self) -> bool:
        """Whether the values were known beforehand to whoever may ask, so that they are no evidence of a fair draw."""
        return bool(self.result.get("repeatable"))


class Pending:
    """A request under way; `wait()` gives its reply."""

    __slots__ = ("_courier", "number", "method", "line", "deadline", "resend_at", "patience", "sent", "reply", "error")

    def __init__(self, courier: Courier, number: int, method: str, line: bytes, deadline: float) -> None:
        self._courier = courier
        self.number = number
        self.method = method
        self.line = line
        self.deadline = deadline
        self.resend_at = 0.0
        self.patience = FIRST_PATIENCE
        self.sent = False
        self.reply: Reply | None = None
        self.error: FifodError | None = None

    @property
    def done(self) -> bool:
        """Whether the reply or an error is there."""
        return self.reply is not None or self.error is not None

    def wait(self, timeout: float | None = None) -> Reply:
        """The reply, waiting until the client's time-out counted from the submission, or for `timeout` seconds from now.

        Raises the error of fifod.errors that the daemon answered with, or TimedOut, NotRunning or ProtocolError.
        """
        if not self.done:
            self._courier.wait(self, self.deadline if timeout is None else time.monotonic() + timeout)
        if self.reply is not None:
            return self.reply
        assert self.error is not None
        raise self.error


class Courier:
    """One reply FIFO, the requests that wait for something on it, and the way to the daemon. Not for use by several threads at once."""

    def __init__(self, runtime_dir: str) -> None:
        self._runtime_dir = runtime_dir
        self._writer = -1
        self._fifo: fifos.ReplyFifo | None = None
        self._poll = select.poll()
        self._pid = os.getpid()
        self._waiting: dict[int, Pending] = {}
        self._last_number = 0
        self._next_resend = 0.0
        self._buffer = bytearray()
        self._searched = 0
        self._contacted = False
        self._absence: NotRunning | None = None
        self._noise: bytes | None = None

    # --- sending ---

    def submit(self, method: str, params: dict[str, Any], members: dict[str, Any], deadline: float) -> Pending:
        """Send a request, first waiting for room in the window; raises NotRunning or NoPermission at first contact only."""
        fifo = self._connect()
        while len(self._waiting) >= WINDOW:
            self._turn_before(deadline, next(iter(self._waiting.values())))
        self._last_number += 1
        request = {"jsonrpc": "2.0", "method": method, "params": params, "id": self._last_number, "reply": fifo.name, **members}
        pending = Pending(self, self._last_number, method, _line(request), deadline)
        self._send(pending)
        self._waiting[pending.number] = pending
        return pending

    def _connect(self) -> fifos.ReplyFifo:
        if self._pid != os.getpid():
            self._forget_parent()
        if self._fifo is None:
            if self._writer < 0:
                self._writer = fifos.open_request_writer(self._runtime_dir)
            self._fifo = fifos.ReplyFifo(self._runtime_dir)
            self._poll.register(self._fifo.descriptor, select.POLLIN)
        return self._fifo

    def _forget_parent(self) -> None:
        # After fork() the FIFO is still the parent's: two readers would take each other's replies.
        if self._fifo is not None:
            os.close(self._fifo.descriptor)
        if self._writer >= 0:
            os.close(self._writer)
        self.__init__(self._runtime_dir)  # type: ignore[misc]

    def _send(self, pending: Pending) -> None:
        now = time.monotonic()
        try:
            if self._writer < 0:
                self._writer = fifos.open_request_writer(self._runtime_dir)
            pending.sent = fifos.write_request(self._writer, pending.line)
        except (NotRunning, BrokenPipeError) as error:
            self._drop_writer()
            self._absence = error if isinstance(error, NotRunning) else self._absence
            if not self._contacted and isinstance(error, NotRunning):
                raise
            self._schedule(pending, now + SHORT_PAUSE)
            return
        if not pending.sent:
            self._poll.register(self._writer, select.POLLOUT)
            self._schedule(pending, now + SHORT_PAUSE)
            return
        self._contacted = True
        self._absence = None
        self._schedule(pending, now + pending.patience)
        pending.patience *= 2

    def _schedule(self, pending: Pending, when: float) -> None:
        pending.resend_at = when
        if not self._waiting or when < self._next_resend:
            self._next_resend = when

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

    def _send_what_is_due(self, now: float) -> None:
        self._next_resend = now + FIRST_PATIENCE
        for pending in self._waiting.values():
            if pending.resend_at <= now:
                self._send(pending)
            self._next_resend = min(self._next_resend, pending.resend_at)

    # --- waiting ---

    def wait(self, pending: Pending, deadline: float) -> None:
        """Carry on until the request has its reply or error; past the deadline the error is that of the delay."""
        while not pending.done:
            self._turn_before(deadline, pending)

    def _turn_before(self, deadline: float, pending: Pending) -> None:
        now = time.monotonic()
        if now >= deadline or self._pid != os.getpid():
            self._waiting.pop(pending.number, None)
            pending.error = self._delay(pending)
            return
        if now >= self._next_resend:
            self._send_what_is_due(now)
        until = min(deadline, self._next_resend)
        for descriptor, event in self._poll.poll(max(0.0, until - now) * 1000):
            if descriptor == self._writer:
                self._ignore_writer()
                self._next_resend = 0.0
                self._hasten(now, unsent_only=True)
            else:
                self._receive(event)

    def _delay(self, pending: Pending) -> FifodError:
        if self._absence is not None:
            return self._absence
        if not pending.sent:
            return TimedOut(f"cannot send {pending.method}: the request FIFO stayed full; the daemon is busy or stopped, try again later")
        if self._noise is not None:
            return ProtocolError(f"no reply to {pending.method}, but what is no reply: {self._noise!r}; do daemon and client belong together?")
        return TimedOut(
            f"no reply to {pending.method} in time; the daemon is busy or stopped, and may still make the draw: "
            "see fifod-client history before drawing again"
        )

    def _hasten(self, when: float, unsent_only: bool = False) -> None:
        for pending in self._waiting.values():
            if not (unsent_only and pending.sent) and pending.resend_at > when:
                self._schedule(pending, when)

    # --- receiving ---

    def _receive(self, event: int) -> None:
        fifo = self._fifo
        assert fifo is not None
        chunk = fifo.read() if event & select.POLLIN else b""
        if chunk:
            self._buffer += chunk
            self._take_lines()
            if self._buffer:
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
            reply = _decode(line.decode())
            number = reply["id"]
            pending = self._waiting.get(number)
        except (ValueError, RecursionError, TypeError, KeyError):
            # The rest of a reply that a killed daemon began, with the next one behind it: the request will be sent again.
            self._noise = line[:80]
            return
        if pending is not None:
            del self._waiting[number]
            _settle(pending, reply)

    def _be_patient(self) -> None:
        # A long reply is on its way: those behind it are not lost.
        later = time.monotonic() + FIRST_PATIENCE
        for pending in self._waiting.values():
            pending.resend_at = max(pending.resend_at, later)
        self._next_resend = later

    def _renew(self, fifo: fifos.ReplyFifo) -> None:
        """The daemon closed its end: forget half a reply, and listen anew, since an ended FIFO reports its end for ever."""
        self._buffer.clear()
        self._searched = 0
        self._poll.unregister(fifo.descriptor)
        former = fifo.name.encode()
        self._fifo = fifo = fifo.renewed()
        self._poll.register(fifo.descriptor, select.POLLIN)
        if fifo.name.encode() != former:
            for pending in self._waiting.values():
                pending.line = pending.line.replace(former, fifo.name.encode())
        # Not at once: the end may be older than the request, and a daemon that only closed an idle FIFO is about to answer.
        self._hasten(time.monotonic() + 2 * SHORT_PAUSE)

    def enlarge(self) -> None:
        """Ask for a larger pipe for the replies."""
        self._connect().enlarge()

    def read_raw(self, size: int, timeout: float) -> bytes:
        """Bytes that are no replies, b"" at their end; raises TimedOut when none come."""
        if self._buffer:
            taken = bytes(self._buffer[:size])
            del self._buffer[:size]
            return taken
        fifo = self._connect()
        deadline = time.monotonic() + timeout
        while True:
            if not self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise TimedOut(f"no bytes came from the stream for {timeout:g} s; the daemon is busy or stopped")
            chunk = fifo.read(size)
            if chunk is not None:
                return chunk

    def close(self) -> None:
        """Close and remove the reply FIFO; replies still under way are lost, their draws are in the ledger."""
        if self._pid != os.getpid():
            self._forget_parent()
        for pending in self._waiting.values():
            pending.error = UsageError(f"no reply to {pending.method}: the client was closed before it came")
        self._waiting.clear()
        self._drop_writer()
        if self._fifo is not None:
            self._poll.unregister(self._fifo.descriptor)
            self._fifo.close()
            self._fifo = None


def _line(request: dict[str, Any]) -> bytes:
    method = request["method"]
    try:
        # The newline in front ends whatever fragment another client may have left.
        line = f"\n{_encode(request)}\n".encode()
    except ValueError as error:
        raise UsageError(f"cannot send {method}: a text is not valid Unicode or a number not finite ({error})") from None
    if len(line) > PIPE_BUF:
        raise UsageError(
            f"cannot send {method}: the request would have {len(line)} bytes, more than a pipe takes in one piece ({PIPE_BUF}); "
            "shorten its texts or lists"
        )
    return line


def _settle(pending: Pending, reply: dict[str, Any]) -> None:
    result = reply.get("result")
    if isinstance(result, dict):
        pending.reply = Reply(result)
        return
    try:
        error = reply["error"]
        pending.error = from_code(int(error["code"]), str(error["message"]), error.get("data"))
    except (KeyError, TypeError, ValueError):
        pending.error = ProtocolError(f"the reply to {pending.method} has neither a result nor an error: {str(reply)[:200]}")
