"""The client library: fair draws from the daemon of this machine, each with its record.

    from fifod.client import Client

    with Client() as client:
        draw = client.integers(5, min=1, max=100, purpose="audit sample")
        print(draw.data, draw.serial_number, draw.hash)

Every wait has a deadline. Every draw carries a random key, so that a request that must be sent again (the daemon was
restarted) gives the draw that was recorded, never a second one. A client is for one thread at a time: give each thread
its own, they cost one FIFO each. After fork() the child's client makes itself a new FIFO; what the parent has under
way stays the parent's.
"""

from __future__ import annotations

import os
import time

from fifod import fifos, names
from fifod.courier import Courier, Pending
from fifod.errors import FifodError, NoPermission, NotRunning, ProtocolError, RequestError, TimedOut, UsageError
from fifod.reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self, TypedDict, Unpack

    from fifod.courier import Watch

    class Members(TypedDict, total=False):
        """What a request may have beside its parameters."""

        purpose: str | None
        input: dict[str, Any] | None
        secret: bool
        key: str | None
        user: str | None
        classic: dict[str, int] | None


__all__ = [
    "Client",
    "FifodError",
    "NoPermission",
    "NotRunning",
    "Pending",
    "ProtocolError",
    "Reply",
    "RequestError",
    "Stream",
    "TimedOut",
    "UsageError",
    "queued_bytes",
    "remove_reply_fifos",
]

ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Client:
    """A way to the daemon. Use it in a `with` block or close it, or its reply FIFO stays until the daemon sweeps it up.

    `user` is for front ends only: on whose behalf they draw. `watch` is told each step on the pipes as it is done, and
    the bytes that went over them.
    """

    def __init__(
        self,
        runtime_dir: str | None = None,
        *,
        timeout: float = 10.0,
        user: str | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._runtime_dir = runtime_dir or names.runtime_dir()
        self._courier = Courier(self._runtime_dir, watch)
        self._timeout = timeout
        self._user = user

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the reply FIFO; requests still under way are given up."""
        self._courier.close()

    @property
    def is_connected(self) -> bool:
        """Whether the daemon was reached and still holds its end of the reply FIFO.

        A daemon that stops closes it, and one that has many clients closes idle ones. The next request finds its way
        all the same, but waits for a daemon that has stopped; one that is closed first learns at once if none runs.
        """
        return self._courier.is_connected

    def submit(self, method: str, params: dict[str, Any], **members: Unpack[Members]) -> Pending:
        """Send a request without waiting for its reply, unless very many are under way already."""
        return self._courier.submit(method, params, self._members(method, members), time.monotonic() + self._timeout)

    def _members(self, method: str, given: Members) -> dict[str, Any]:
        members: dict[str, Any] = {name: value for name, value in given.items() if value}
        if self._user is not None:
            members.setdefault("user", self._user)
        if method in names.DRAW_METHODS:
            members.setdefault("key", os.urandom(16).hex())
        return members

    def call(self, method: str, params: dict[str, Any], **members: Unpack[Members]) -> Reply:
        """Send a request and wait for its reply."""
        return self.submit(method, params, **members).wait()

    def integers(
        self,
        n: int,
        min: int = 1,
        max: int = 100,
        *,
        replacement: bool = True,
        base: int = 10,
        **members: Unpack[Members],
    ) -> Reply:
        """Whole numbers from `min` to `max`, both included."""
        params = {"n": n, "min": min, "max": max, "replacement": replacement, "base": base}
        return self.call(names.INTEGERS, params, **members)

    def sequences(
        self,
        n: int,
        length: int | list[int],
        min: int | list[int] = 1,
        max: int | list[int] = 100,
        *,
        replacement: bool | list[bool] = True,
        base: int | list[int] = 10,
        **members: Unpack[Members],
    ) -> Reply:
        """Sequences of whole numbers; a list as parameter has one element for each sequence."""
        params = {"n": n, "length": length, "min": min, "max": max, "replacement": replacement, "base": base}
        return self.call(names.SEQUENCES, params, **members)

    def decimals(self, n: int, places: int = 6, *, replacement: bool = True, **members: Unpack[Members]) -> Reply:
        """Decimal fractions from 0 up to, not including, 1."""
        return self.call(names.DECIMALS, {"n": n, "decimalPlaces": places, "replacement": replacement}, **members)

    def gaussians(
        self, n: int, mean: float = 0, standard_deviation: float = 1, digits: int = 6, **members: Unpack[Members]
    ) -> Reply:
        """Numbers of a normal distribution."""
        params = {"n": n, "mean": mean, "standardDeviation": standard_deviation, "significantDigits": digits}
        return self.call(names.GAUSSIANS, params, **members)

    def strings(
        self,
        n: int,
        length: int = 12,
        characters: str = ALPHANUMERIC,
        *,
        replacement: bool = True,
        **members: Unpack[Members],
    ) -> Reply:
        """Texts of the given characters."""
        params = {"n": n, "length": length, "characters": characters, "replacement": replacement}
        return self.call(names.STRINGS, params, **members)

    def uuids(self, n: int, **members: Unpack[Members]) -> Reply:
        """UUIDs of version 4."""
        return self.call(names.UUIDS, {"n": n}, **members)

    def blobs(self, n: int, size_bits: int = 256, format: str = "base64", **members: Unpack[Members]) -> Reply:
        """Blocks of random bytes, `size_bits` long each, as base64 or hex."""
        return self.call(names.BLOBS, {"n": n, "size": size_bits, "format": format}, **members)

    def status(self) -> dict[str, Any]:
        """How the daemon is, and what is left of one's quota."""
        return self.call(names.STATUS, {}).result

    def result(self, serial_number: int) -> Reply:
        """A draw of one's own once more, as it was replied, with the record's `head` and `body`."""
        return self.call(names.RESULT, {"serialNumber": serial_number})

    def draws(self, n: int = 20, before: int | None = None) -> dict[str, Any]:
        """One's own draws, newest first, and under `next` what to pass as `before` for more."""
        return self.call(names.DRAWS, {"n": n} if before is None else {"n": n, "before": before}).result

    def chain(self, serial_number: int | None = None, n: int = 1) -> dict[str, Any]:
        """Heads of the ledger, from that of a draw on, or the newest one."""
        params = {} if serial_number is None else {"serialNumber": serial_number, "n": n}
        return self.call(names.CHAIN, params).result

    def archive(self, keep: int = names.DEFAULT_KEPT, *, dry_run: bool = False) -> dict[str, Any]:
        """Have old files of the ledger archived, all of whose draws are older than the newest `keep`: for root.

        As long as the answer says `more`, there are more of them.
        """
        return self.call(names.ARCHIVE, {"keep": keep, "dryRun": dry_run}).result

    def stream(self, **members: Unpack[Members]) -> Stream:
        """Random bytes without end, recorded as one draw."""
        return Stream(self._runtime_dir, self._members(names.STREAM, members), self._timeout)


class Stream:
    """Random bytes until closed; its own reply FIFO serves nothing else."""

    def __init__(self, runtime_dir: str, members: dict[str, Any], timeout: float) -> None:
        self._timeout = timeout
        self._courier = Courier(runtime_dir)
        try:
            self._courier.enlarge()
            self.reply = self._courier.submit(names.STREAM, {}, members, time.monotonic() + timeout).wait()
        except BaseException:
            self._courier.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def serial_number(self) -> int:
        """The draw's number in the ledger."""
        return self.reply.serial_number

    @property
    def hash(self) -> str:
        """SHA-256 of the record's head."""
        return self.reply.hash

    def read(self, size: int = 1 << 20) -> bytes:
        """At most `size` bytes, as soon as there are some; b"" if the daemon has ended the stream. Raises TimedOut."""
        return self._courier.read_raw(size, self._timeout)

    def close(self) -> None:
        """End the stream; the daemon records its length and digest."""
        self._courier.close()


def queued_bytes(runtime_dir: str) -> int:
    """How many bytes lie unread in the request FIFO, which asks the daemon nothing.

    Raises NotRunning, also when nobody reads the FIFO, or NoPermission.
    """
    writer = fifos.open_request_writer(runtime_dir)
    try:
        return fifos.bytes_waiting(writer)
    finally:
        os.close(writer)


def remove_reply_fifos() -> None:
    """Remove the reply FIFOs of all clients of this process, which is about to end without closing them.

    As when a signal ends it, or when threads that wait for replies are not waited for.
    """
    fifos.remove_own_replies()
