"""Servers that misbehave on purpose: they speak over real FIFOs, in a thread of the test."""

from __future__ import annotations

import json
import os
import select
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fifod import fifos

Request = dict[str, Any]

forks = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
"""For tests that fork while a stand-in's thread runs."""


def result(request: Request, data: list[Any] | None = None) -> bytes:
    """A reply as the daemon would write it."""
    random = {"data": data if data is not None else [request["id"]], "completionTime": "2026-11-23 08:00:00Z"}
    record = {"serialNumber": 1, "hash": "0" * 64, "ledger": "1" * 64}
    return reply(request["id"], {"random": random, "bitsUsed": 7, **record})


def reply(number: int, result: dict[str, Any]) -> bytes:
    """A line with any result."""
    return json.dumps({"jsonrpc": "2.0", "result": result, "id": number}).encode() + b"\n"


class StandIn:
    """Reads requests like the daemon; `behave` gets each of them, and may use `write`, `hang_up` and `requests`."""

    def __init__(self, runtime_dir: str, behave: Callable[[StandIn, Request], None]) -> None:
        self.requests: list[Request] = []
        self.raw = b""
        self._behave = behave
        self._writers: dict[str, int] = {}
        self._fifo = fifos.open_request_fifo(fifos.request_path(runtime_dir))
        self._replies = fifos.open_replies_directory(fifos.replies_path(runtime_dir))
        self._wake, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._stop)
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()
        for name in list(self._writers):
            self.hang_up(name)
        for descriptor in (self._fifo, self._replies, self._wake):
            os.close(descriptor)

    def _serve(self) -> None:
        for request in self._incoming():
            self.requests.append(request)
            self._behave(self, request)

    def _incoming(self) -> Iterator[Request]:
        poll = select.poll()
        poll.register(self._fifo, select.POLLIN)
        poll.register(self._wake, select.POLLHUP)
        rest = b""
        while all(descriptor != self._wake for descriptor, _ in poll.poll(20_000)):
            chunk = os.read(self._fifo, 65536)
            self.raw += chunk
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (json.loads(line) for line in lines if line)

    def write(self, request: Request, data: bytes) -> None:
        """Write to the request's reply FIFO, all of it, and keep it open."""
        name = request["reply"]
        if name not in self._writers:
            self._writers[name] = fifos.open_reply_fifo(self._replies, name)[0]
        poll = select.poll()
        poll.register(self._writers[name], select.POLLOUT)
        while data and poll.poll(20_000):
            data = data[os.write(self._writers[name], data) :]

    def hang_up(self, name: str) -> None:
        """Close a reply FIFO, as the death of the daemon would."""
        if name in self._writers:
            os.close(self._writers.pop(name))


def answer(standin: StandIn, request: Request) -> None:
    """What a daemon does."""
    standin.write(request, result(request))
