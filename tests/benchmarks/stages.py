"""Where the time of a draw goes: the daemon's own steps, one after the other, in this process.

Each is the shortest of many runs, so that other processes do not count: what the step costs when nothing disturbs it.
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from fifod.channel import Channel, Slots
from fifod.config import Config, Limits
from fifod.draw import Draw, Reply, draw_reply, new_draw, record_body
from fifod.fifos import ReplyFifo, open_replies_directory, open_reply_fifo, replies_path
from fifod.keys import key_digest
from fifod.ledger.reader import LedgerReader
from fifod.ledger.record import DRAW
from fifod.ledger.writer import Entry, LedgerWriter, Stamp
from fifod.params import normalise
from fifod.service import Asked, Service, Sources
from fifod.types import Caller, Request
from fifod.wire import LineReader
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure

KEY = bytes(32)
LIMITS = Limits(draws_per_minute=10**12, values_per_minute=10**12)
T = TypeVar("T")


def measure_figures(bench: Bench) -> Iterator[Figure]:
    """One draw by itself, and as one of sixteen that are served together."""
    for size in (1, 16):
        with bench.directory() as directory:
            yield from _Steps(directory, size, 300 if bench.is_quick else 3000).figures()


class _Steps:
    """A batch of requests with fresh keys, and every step that the daemon takes with it."""

    def __init__(self, directory: Path, size: int, runs: int) -> None:
        self._size = size
        self._runs = runs
        ledger = directory / "ledger"
        ledger.mkdir()
        self._writer = LedgerWriter(str(ledger), key_commitment="", host="benchmark")
        config = Config(durability="process", limits=LIMITS)
        sources = Sources(os.urandom, time.time_ns, time.monotonic_ns)
        self._service = Service(config, self._writer, LedgerReader(str(ledger)), KEY, sources)
        self._lines = LineReader()
        self._replies = open_replies_directory(replies_path(str(directory)))
        self._fifo = ReplyFifo(str(directory))
        self._channel = Channel(_write_end(self._replies, self._fifo.name), self._fifo.name, 0, Slots())
        self._caller = Caller(0)
        self._today = datetime.datetime.now(datetime.UTC).date()

    def figures(self) -> Iterator[Figure]:
        group = f"steps of a draw, {self._size} served together"
        for name, step in self._steps().items():
            yield Figure(group, name, step() / self._size / 1000, "µs")
        self._writer.close()
        self._fifo.close()
        os.close(self._channel.descriptor)
        os.close(self._replies)

    def _steps(self) -> dict[str, Callable[[], float]]:
        return {
            "read lines, parse requests (wire)": lambda: self._best(self._line_bytes, self._lines.feed),
            "answer (service), all of it": lambda: self._best(self._batch, self._service.answer),
            "· key digest": lambda: self._each(lambda one: key_digest("unix:0", one.key or "")),
            "· check parameters": lambda: self._each(lambda one: normalise(one.method, one.params, self._today)),
            "· seed (getrandom)": lambda: self._each(lambda one: os.urandom(32)),
            "· body of the record": self._bodies,
            "· append to the ledger": self._append,
            "· values and reply": self._values,
            "write to the reply FIFO (channel)": self._push,
        }

    # --- what the steps work on ---

    def _line_bytes(self) -> bytes:
        start = b'{"jsonrpc":"2.0","method":"generateIntegers","params":{"n":5,"min":1,"max":100},"id":1,'
        members = (b'"reply":"%b","key":"%b"}' % (b"r" * 32, os.urandom(16).hex().encode()) for _ in range(self._size))
        return b"".join(b"\n" + start + member + b"\n" for member in members)

    def _requests(self) -> list[Request]:
        return [event for event in self._lines.feed(self._line_bytes()) if isinstance(event, Request)]

    def _batch(self) -> list[Asked]:
        return [Asked(self._caller, request) for request in self._requests()]

    # --- the steps ---

    def _best(self, prepare: Callable[[], T], step: Callable[[T], object]) -> float:
        """The shortest run of a step on something fresh, in nanoseconds."""
        shortest = 1e12
        for _ in range(self._runs):
            material = prepare()
            start = time.perf_counter_ns()
            step(material)
            shortest = min(shortest, time.perf_counter_ns() - start)
        return shortest

    def _each(self, step: Callable[[Request], object]) -> float:
        return self._best(self._requests, lambda requests: [step(request) for request in requests])

    def _draw(self, request: Request) -> Draw:
        params = normalise(request.method, request.params, self._today)
        return new_draw(request, params, key_digest("unix:0", request.key or ""), KEY, os.urandom)

    def _bodies(self) -> float:
        [request, *_] = self._requests()
        draw = self._draw(request)
        when = "2026-11-23T08:00:00.123456Z"
        return self._each(lambda one: record_body(draw, request, self._caller, when))

    def _append(self) -> float:
        [request, *_] = self._requests()
        body = record_body(self._draw(request), request, self._caller, "2026-11-23T08:00:00.123456Z")
        return self._best(lambda: [Entry(DRAW, body)] * self._size, self._writer.append)

    def _values(self) -> float:
        stamp = Stamp(17, "2026-11-23T08:00:00.123456Z", "0" * 64)
        ledger = self._writer.identity
        draws = [self._draw(request) for request in self._requests()]
        return self._best(lambda: draws, lambda all: [draw_reply(draw, stamp, ledger, 1) for draw in all])

    def _push(self) -> float:
        """All replies to one client: it gets them by one write."""

        def send(replies: list[Reply]) -> None:
            for reply in replies:
                self._channel.send(reply, 0)
            self._channel.push(1 << 62)

        def replies() -> list[Reply]:
            self._fifo.read()
            return self._service.answer(self._batch())

        return self._best(replies, send)


def _write_end(replies: int, name: str) -> int:
    descriptor, _ = open_reply_fifo(replies, name)
    return descriptor
