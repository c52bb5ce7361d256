"""A client in Python that draws again and again, and prints how long that took. loads.py runs it as a program."""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUESTION = struct.Struct("36siiii")


@contextmanager
def library(requests: str, replies: str) -> Iterator[Callable[[], None]]:
    """One draw of five integers through fifod.client."""
    from fifod.client import Client

    with Client(os.path.dirname(requests)) as client:
        yield lambda: assert_five(client.integers(5).data)


def assert_five(data: object) -> None:
    """A benchmark that gets no values measures nothing."""
    assert isinstance(data, list) and len(data) == 5


@contextmanager
def textbook(requests: str, replies: str) -> Iterator[Callable[[], None]]:
    """One question to the textbook server; the client's FIFO stays open on this side."""
    name = os.urandom(16).hex()
    path = os.path.join(replies, name)
    os.mkfifo(path, 0o620)
    out, back = os.open(requests, os.O_WRONLY), os.open(path, os.O_RDWR)
    question = QUESTION.pack(name.encode(), 0, 5, 1, 100)

    def ask() -> None:
        os.write(out, question)
        struct.unpack("7i", os.read(back, 4096))

    yield ask
    os.unlink(path)


def measure(ask: Callable[[], None], seconds: float) -> list[int]:
    """Nanoseconds of each round trip, after some that warm up."""
    for _ in range(200):
        ask()
    taken = []
    end = time.perf_counter_ns() + int(seconds * 1e9)
    start = time.perf_counter_ns()
    while start < end:
        ask()
        now = time.perf_counter_ns()
        taken.append(now - start)
        start = now
    return sorted(taken)


def main() -> None:
    """Measure, and print one JSON object."""
    kind, requests, replies, seconds = sys.argv[1:]
    with {"library": library, "textbook": textbook}[kind](requests, replies) as ask:
        taken = measure(ask, float(seconds))
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    found = {name: taken[int(share * len(taken))] for name, share in shares.items()}
    print(json.dumps({"replies": len(taken), "rate": len(taken) / float(seconds), **found}))


if __name__ == "__main__":
    main()
