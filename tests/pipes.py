"""Clients that speak the daemon's protocol with nothing but os calls: they share no code with fifod."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any, Self

from tests.daemons import Daemon
from tests.waiting import DEADLINE, readable, until

Answer = dict[str, Any]


class Pipe:
    """A client: a reply FIFO of its own, requests written by hand, replies read line by line."""

    def __init__(self, run: Path, name: str | None = None) -> None:
        self.name = name or os.urandom(16).hex()
        self.path = run / "replies" / self.name
        os.mkfifo(self.path, 0o620)
        self.descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        os.fchmod(self.descriptor, 0o620)
        self._requests = os.open(run / "requests", os.O_WRONLY)
        self.buffer = b""
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close and remove it."""
        self.hang_up()
        os.close(self._requests)
        self.path.unlink(missing_ok=True)

    def hang_up(self) -> None:
        """Close the reading end only."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def write(self, data: bytes) -> None:
        """Write bytes to the request FIFO as they are."""
        while data:
            data = data[os.write(self._requests, data) :]

    def line(self, method: object = "getStatus", params: object = None, **members: object) -> bytes:
        """A request with the next number as its id, as bytes."""
        self._number += 1
        request = {"jsonrpc": "2.0", "method": method, "params": params or {}, "id": self._number, "reply": self.name}
        return b"\n" + json.dumps({**request, **members}).encode() + b"\n"

    def submit(self, method: object = "getStatus", params: object = None, **members: object) -> None:
        """Send a request."""
        line = self.line(method, params, **members)
        assert os.write(self._requests, line) == len(line)

    def ask(self, method: object = "getStatus", params: object = None, **members: object) -> Answer:
        """Send a request and wait for its answer."""
        self.submit(method, params, **members)
        return self.receive()

    def ask_raw(self, line: bytes) -> Answer:
        """Send bytes and wait for an answer."""
        self.write(line)
        return self.receive()

    def draw(self, n: int = 5, low: int = 1, high: int = 100, **members: object) -> Answer:
        """Draw integers; returns the result."""
        return result(self.ask("generateIntegers", {"n": n, "min": low, "max": high}, **members))

    def status(self) -> Answer:
        return result(self.ask())

    def receive(self) -> Answer:
        """The next answer."""
        while b"\n" not in self.buffer:
            self.buffer += self._read(1 << 20)
        line, _, self.buffer = self.buffer.partition(b"\n")
        answer: Answer = json.loads(line)
        assert answer["jsonrpc"] == "2.0" and ("result" in answer) != ("error" in answer), answer
        return answer

    def read(self, size: int = 1 << 20) -> bytes:
        """Some bytes, as soon as there are any."""
        if self.buffer:
            found, self.buffer = self.buffer[:size], self.buffer[size:]
            return found
        return self._read(size)

    def _read(self, size: int) -> bytes:
        end = time.monotonic() + DEADLINE
        while True:
            assert self._is_readable(end - time.monotonic()), "no answer came"
            try:
                if found := os.read(self.descriptor, size):
                    return found
            except BlockingIOError:
                continue
            # The daemon has closed its end, to make room or because it stops. It may open it again.
            self._open_anew()

    def read_soon(self, seconds: float) -> bytes | None:
        """Some bytes, or None if none come in this time: for daemons that are killed."""
        if readable(self.descriptor, seconds=seconds):
            try:
                if found := os.read(self.descriptor, 1 << 20):
                    return found
            except BlockingIOError:
                return b""
            self._open_anew()
            return b""
        return None

    def read_to_end(self) -> bytes:
        """Everything up to the daemon's closing of its end."""
        found, self.buffer = self.buffer, b""
        while self._is_readable(DEADLINE):
            more = os.read(self.descriptor, 1 << 20)
            if not more:
                return found
            found += more
        raise AssertionError("the daemon did not close its end")

    def _is_readable(self, seconds: float) -> bool:
        return bool(readable(self.descriptor, seconds=seconds))

    def _open_anew(self) -> None:
        # Poll reports the hang-up for ever on a descriptor that has seen it; a fresh one waits for the next writer.
        fresh = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        os.close(self.descriptor)
        self.descriptor = fresh


def result(answer: Answer) -> Answer:
    """The result of an answer, which must not be an error."""
    assert "result" in answer, answer
    found: Answer = answer["result"]
    return found


def code(answer: Answer) -> int:
    """The error code of an answer, which must be a well-formed error."""
    assert "error" in answer, answer
    error = answer["error"]
    assert set(error) == {"code", "message", "data"} and isinstance(error["message"], str) and error["message"]
    number: int = error["code"]
    return number


class Neighbour:
    """An honest client in a thread of its own, which draws one thing after another and must get every answer."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._stop = threading.Event()
        self.serials: list[int] = []
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        self._stop.set()
        self._thread.join(2 * DEADLINE)
        if kind is None:
            assert not self._thread.is_alive() and self._failure is None, (
                f"an honest client suffered: {self._failure!r}"
            )
            assert self.serials

    def _work(self) -> None:
        try:
            with Pipe(self._run) as pipe:
                while not self._stop.is_set():
                    self._draw(pipe)
                self._draw(pipe)
        except BaseException as error:
            self._failure = error

    def _draw(self, pipe: Pipe) -> None:
        drawn = pipe.draw(3, 1, 6)
        assert len(drawn["random"]["data"]) == 3
        self.serials.append(drawn["serialNumber"])


class Unharmed:
    """Around bad input: the same process, no more descriptors or memory, and an honest client served all the while.

    Clients that are there at its beginning may stay to its end; the test's own may come in between.
    """

    def __init__(self, daemon: Daemon, slack_kib: int = 6144, newcomers: int = 1) -> None:
        self._daemon = daemon
        self._slack = slack_kib
        self._newcomers = newcomers
        self._neighbour = Neighbour(daemon.run)

    def __enter__(self) -> Self:
        with Pipe(self._daemon.run) as pipe:
            pipe.draw()
        with Pipe(self._daemon.run) as pipe:
            self._clients = pipe.status()["clients"]
            self._pid, self._descriptors, self._memory = self._vitals()
        self._neighbour.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        self._neighbour.__exit__(kind, *exception)
        if kind is not None:
            return
        with Pipe(self._daemon.run) as pipe:
            until(lambda: self._is_quiet(pipe), "the daemon has forgotten those who left")
            clients = pipe.status()["clients"]
            pid, descriptors, memory = self._vitals()
        assert pid == self._pid
        assert descriptors - clients == self._descriptors - self._clients
        assert memory <= self._memory + self._slack
        assert "Traceback" not in self._daemon.log, self._daemon.log

    def _is_quiet(self, pipe: Pipe) -> bool:
        status = pipe.status()
        return bool(status["queued"] == 0 and status["clients"] <= self._clients + self._newcomers)

    def _vitals(self) -> tuple[int, int, int]:
        return self._daemon.pid, self._daemon.descriptors(), self._daemon.memory()
