"""A client that sends one form again and again over kept connections; posts.py runs it as a program."""

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
import time
from dataclasses import dataclass
from typing import NoReturn

DEADLINE = 30.0
KEY = b"%KEY%"
"""Stands in the form where each request has a key of its own."""


@dataclass
class Errand:
    """What is sent to whom, over how many connections, how long."""

    port: int
    head: str
    body: str
    connections: int
    seconds: float
    warm_up: float

    def request(self) -> bytes:
        """One request's bytes."""
        body = self.body.encode().replace(KEY, os.urandom(16).hex().encode())
        return self.head.format(length=len(body)).encode() + b"\r\n\r\n" + body


class Connection:
    """One connection, with a request under way."""

    def __init__(self, errand: Errand) -> None:
        self.socket = socket.create_connection(("127.0.0.1", errand.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._errand = errand
        self._received = b""
        self.send()

    def send(self) -> None:
        """Send the next request."""
        request = self._errand.request()
        self.sent = time.perf_counter_ns()
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Take what is there; whether that was the end of a good answer."""
        chunk = self.socket.recv(65536)
        if not chunk:
            _fail(f"the server hung up after {self._received!r}")
        self._received += chunk
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 200 "):
            _fail(f"the server answered {self._received!r}")
        if len(body) < _length(head):
            return False
        self.length = len(body)
        self._received = b""
        return True


def _length(head: bytes) -> int:
    lowered = head.lower()
    return int(lowered[lowered.index(b"content-length:") + 15 :].split(b"\r\n", 1)[0])


def _fail(reason: str) -> NoReturn:
    raise SystemExit(reason)


def measure(errand: Errand) -> dict[str, float]:
    """How long answers took, in nanoseconds, and how many there were, after some that warm up."""
    selector = selectors.DefaultSelector()
    for _ in range(errand.connections):
        connection = Connection(errand)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    start = time.perf_counter_ns() + int(errand.warm_up * 1e9)
    end = start + int(errand.seconds * 1e9)
    taken: list[int] = []
    answers = length = 0
    while (now := time.perf_counter_ns()) < end or not taken:
        for key, _ in selector.select(DEADLINE) or _fail("no answer came"):
            connection = key.data
            if connection.is_answered():
                answers, length = answers + 1, connection.length
                if now > start:
                    taken.append(time.perf_counter_ns() - connection.sent)
                connection.send()
    taken.sort()
    shares = {name: taken[int(share * len(taken))] for name, share in {"p50": 0.5, "p95": 0.95}.items()}
    rate = len(taken) * 1e9 / (now - start)
    return {"rate": rate, "answers": answers, "length": length, **shares}


def main() -> None:
    """Measure, and print one JSON object."""
    print(json.dumps(measure(Errand(**json.loads(sys.argv[1])))))


if __name__ == "__main__":
    main()
